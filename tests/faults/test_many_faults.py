"""Faults of many kinds in one run, in an order that a seed decides: nothing is lost or doubled.

`make faults` injects a thousand; the suite a few of each kind.
"""

import asyncio
import json
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis
from tests.contract.ledger_kit import report
from tests.faults.load import CRISES, ROLES, System

from tollbook_services import keys
from tollbook_services.engine_files import server_binary

pytestmark = pytest.mark.faults

FAULTS = int(os.environ.get("TOLLBOOK_FAULTS", "26"))
SEED = int(os.environ.get("TOLLBOOK_FAULTS_SEED", "1"))
CHECK_EVERY = 100
NAP_S = 0.3
FULL_BYTES = 1


async def engine_is_killed(system: System) -> None:
    system.engine.kill()
    await asyncio.sleep(system.random.uniform(0, NAP_S))
    system.engine.start()
    await system.engine_answers()


async def engine_stands_still(system: System) -> None:
    os.kill(system.engine.pid, signal.SIGSTOP)
    await asyncio.sleep(system.random.uniform(0, 2 * NAP_S))
    os.kill(system.engine.pid, signal.SIGCONT)


async def worker_is_killed(system: System) -> None:
    system.worker(system.random.choice(ROLES)).kill()


async def worker_stands_still(system: System) -> None:
    worker = system.worker(system.random.choice(ROLES))
    worker.send_signal(signal.SIGSTOP)
    await asyncio.sleep(system.random.uniform(0, 2 * NAP_S))
    worker.send_signal(signal.SIGCONT)


async def second_worker_for_a_moment(system: System) -> None:
    worker = system.start_worker(system.random.choice(ROLES))
    await asyncio.sleep(system.random.uniform(1, 3))
    worker.kill()
    worker.wait()


async def connections_are_cut(system: System) -> None:
    await system.with_client(lambda redis: redis.client_kill_filter(_type="normal", skipme=True))


async def memory_is_full(system: System) -> None:
    await system.with_client(lambda redis: redis.config_set("maxmemory", FULL_BYTES))
    await asyncio.sleep(system.random.uniform(0, 2 * NAP_S))
    await system.with_client(lambda redis: redis.config_set("maxmemory", 0))


async def functions_are_lost(system: System) -> None:
    await system.with_client(lambda redis: redis.function_flush())


async def consumer_group_is_lost(system: System) -> None:
    await system.with_client(
        lambda redis: redis.execute_command("XGROUP", "DESTROY", keys.INBOX, keys.INTAKE_GROUP)
    )


async def entries_come_twice(system: System) -> None:
    names = sorted(system.in_the_inbox)
    chosen = system.random.sample(names, min(5, len(names)))

    async def again(redis: Redis) -> None:
        for name in chosen:
            number = int(name.rpartition("-")[2])
            raw = json.dumps(report(name, number, f"crisis-{number % CRISES}"))
            await redis.xadd(keys.INBOX, {"event": raw})

    await system.with_client(again)


async def a_key_is_used_for_something_else(system: System) -> None:
    name = system.random.choice(sorted(system.acknowledged))
    raw = json.dumps(report(name, 999, f"crisis-{system.random.randrange(CRISES)}"))
    await system.with_client(lambda redis: redis.xadd(keys.INBOX, {"event": raw}))
    system.conflicts += 1


async def rubbish_comes(system: System) -> None:
    raw = bytes(system.random.randrange(256) for _ in range(50))
    await system.with_client(lambda redis: redis.xadd(keys.INBOX, {"event": raw}))


async def files_are_written_anew(system: System) -> None:
    await system.with_client(lambda redis: redis.bgrewriteaof())
    system.engine.kill()
    system.engine.start()
    await system.engine_answers()


KINDS: tuple[Callable[[System], Awaitable[None]], ...] = (
    engine_is_killed,
    engine_stands_still,
    worker_is_killed,
    worker_stands_still,
    second_worker_for_a_moment,
    connections_are_cut,
    memory_is_full,
    functions_are_lost,
    consumer_group_is_lost,
    entries_come_twice,
    a_key_is_used_for_something_else,
    rubbish_comes,
    files_are_written_anew,
)


def order_of(system: System, count: int) -> list[Callable[[System], Awaitable[None]]]:
    """So many faults, each kind about as often, shuffled."""
    order = [KINDS[number % len(KINDS)] for number in range(count)]
    system.random.shuffle(order)
    return order


def test_faults_of_every_kind_lose_nothing_and_double_nothing(capsys):
    async def scenario(folder: Path) -> tuple[Counter[str], dict[str, int], int]:
        system = System(server_binary(), folder, SEED)
        injected: Counter[str] = Counter()
        try:
            await system.start()
            for number, fault in enumerate(order_of(system, FAULTS), 1):
                await fault(system)
                injected[fault.__name__] += 1
                await system.progress()
                if number % CHECK_EVERY == 0:
                    await system.quiet()
                    await system.must_be_sound()
                    await system.go_on()
            await system.quiet()
            found = await system.must_be_sound()
            return injected, found, len(system.acknowledged) + len(system.in_the_inbox)
        except BaseException:
            with capsys.disabled():
                print(f"seed {SEED}, injected {dict(injected)}\n{system.last_words()}")  # noqa: T201
            raise
        finally:
            await system.stop()

    with tempfile.TemporaryDirectory(prefix="tb-") as folder:
        injected, found, events = asyncio.run(scenario(Path(folder)))

    assert injected.total() == FAULTS
    assert set(found.values()) == {0}
    with capsys.disabled():
        rows = [*sorted(injected.items()), ("all faults", FAULTS), ("events", events)]
        print("\n" + "\n".join(f"{name.replace('_', ' '):<34}{count:>7,}" for name, count in rows))  # noqa: T201
        print("\n".join(f"{name:<34}{count:>7,}" for name, count in found.items()))  # noqa: T201
