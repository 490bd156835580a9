"""The simulated store answers as the engines do: to single commands, and by what it then holds."""

import random
import re
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from tests.simulation.test_simulated_faults import publish_fold_and_seal
from tests.simulation.world import START_US, World

from tollbook_services import writer

pytestmark = pytest.mark.anyio

NAMES, VALUES = "abc", ("1", "two", "", "-3", "\x00\xff")
Made = Callable[[random.Random], tuple[Any, ...]]


def some(chance: random.Random, what: tuple[str, ...] | str, most: int = 3) -> list[str]:
    return [chance.choice(what) for _ in range(chance.randint(1, most))]


def pairs(chance: random.Random) -> list[str]:
    return [x for name in some(chance, NAMES) for x in (name, chance.choice(VALUES))]


def entry_id(chance: random.Random) -> str:
    return f"{chance.randint(0, 12)}-{chance.randint(0, 1)}"


def an_end(chance: random.Random) -> str:
    return chance.choice(["-", "+", entry_id(chance), f"({entry_id(chance)}", "5"])


COMMANDS: tuple[Made, ...] = (
    lambda r: ("HSET", "h", *pairs(r)),
    lambda r: ("HSETNX", "h", r.choice(NAMES), r.choice(VALUES)),
    lambda r: ("HGET", "h", r.choice(NAMES)),
    lambda r: ("HMGET", "h", *some(r, NAMES)),
    lambda r: ("HDEL", "h", *some(r, NAMES)),
    lambda r: ("HLEN", "h"),
    lambda r: ("HEXISTS", "h", r.choice(NAMES)),
    lambda r: ("HINCRBY", "n", r.choice(NAMES), r.randint(-3, 3)),
    lambda r: ("HGETALL", "h"),
    lambda r: ("SADD", "s", *some(r, NAMES)),
    lambda r: ("SREM", "s", *some(r, NAMES)),
    lambda r: ("SMEMBERS", "s"),
    lambda r: ("SMISMEMBER", "s", *some(r, NAMES)),
    lambda r: ("RPUSH", "l", *some(r, VALUES)),
    lambda r: ("LLEN", "l"),
    lambda r: ("LRANGE", "l", r.randint(-4, 4), r.randint(-4, 4)),
    lambda r: ("XADD", "x", entry_id(r), *pairs(r)),
    lambda r: ("XADD", "x", "MAXLEN", "3", entry_id(r), *pairs(r)),
    lambda r: ("XLEN", "x"),
    lambda r: ("XRANGE", "x", an_end(r), an_end(r)),
    lambda r: ("XRANGE", "x", an_end(r), an_end(r), "COUNT", r.randint(1, 3)),
    lambda r: ("XREVRANGE", "x", an_end(r), an_end(r), "COUNT", r.randint(1, 3)),
    lambda r: ("XREAD", "COUNT", 2, "STREAMS", "x", entry_id(r)),
    lambda r: ("XDEL", "x", entry_id(r)),
    lambda r: ("XTRIM", "x", "MINID", entry_id(r)),
    lambda r: ("EXISTS", *some(r, "hslxz")),
    lambda r: ("DEL", r.choice("hslxnz")),
    lambda r: ("RENAME", r.choice("hs"), r.choice("hs") + "2"),
    lambda r: ("TYPE", r.choice("hslxz")),
    lambda r: ("HGET", r.choice("slx"), "a"),
    lambda r: ("SADD", r.choice("hlx"), "a"),
)


async def told(redis: Redis, command: tuple[Any, ...]) -> Any:
    """An answer; of a refusal its kind, as engines differ in their words."""
    try:
        answer = await redis.execute_command(*command)
    except ResponseError as error:
        return "refused", str(error).startswith("WRONGTYPE")
    return answer


@pytest.mark.parametrize("seed", range(4))
async def test_single_commands(any_server, seed):
    chance = random.Random(seed)
    commands = [chance.choice(COMMANDS)(chance) for _ in range(700)]
    wanted = [(one, await told(any_server, one)) for one in commands]
    world = World()

    async def scenario():
        redis = world.client()
        return [(one, await told(redis, one)) for one in commands]

    assert simulated(world, scenario) == wanted


async def test_what_the_product_writes(any_server, monkeypatch):
    """The functions of the package leave the same keys, whoever runs them."""
    world = World()

    async def scenario(redis: Redis) -> dict[bytes, Any]:
        ticks = count(START_US)
        monkeypatch.setattr(writer, "now_micros", lambda: next(ticks))
        monkeypatch.setattr("secrets.token_hex", lambda length: "7" * 2 * length)
        await publish_fold_and_seal(redis, {})
        return {key: await held(redis, key) async for key in redis.scan_iter()}

    real = await scenario(any_server)

    assert simulated(world, lambda: scenario(world.client())) == real
    assert len(real) > 15


def simulated(world: World, scenario: Callable[[], Any]) -> Any:
    """What a scenario gives in a world, run beside the loop of this test."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(world.run(scenario)))
    thread.start()
    thread.join()
    (answer,) = found
    return answer


async def held(redis: Redis, key: bytes) -> Any:
    """The content of a key, without what the moment decides: ids of entries, dates of keys."""
    match await redis.type(key):
        case b"hash":
            return await redis.hgetall(key)
        case b"set":
            return set(await redis.smembers(key))
        case b"list":
            return [dated(one) for one in await redis.lrange(key, 0, -1)]
        case b"stream":
            return [fields for _, fields in await redis.xrange(key)]
        case other:
            raise AssertionError(other)


def dated(note: bytes) -> list[bytes]:
    """The lines of a note but the dates and the signatures over them."""
    return [line for line in lines(note) if not re.match(rb"\xe2\x80\x94|.*\d{4}-\d\d-\d\d", line)]


def lines(note: bytes) -> Iterator[bytes]:
    yield from note.splitlines()
