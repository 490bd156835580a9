"""Whatever is altered in an engine, rows, events or seals, a replay or a verification names it."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from tests.unit.digest_kit import sent_of_worked_crisis
from tests.unit.tlog_kit import LOG

from tollbook_projections import catalogue
from tollbook_schemas.errors import TollbookError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_schemas.policy import default_policy
from tollbook_services.engine import connect
from tollbook_services.ledger import Ledger
from tollbook_services.projector import Projector
from tollbook_services.readmodels import ReadModels
from tollbook_services.replay import replay
from tollbook_services.sealing.sealer import Sealer
from tollbook_services.sealing.verification import live_logs, verify_logs

TRIES = 400
EVENTS = 12
FOLDS = catalogue.folds(default_gazetteer(), default_policy())
Content = dict[bytes, bytes] | set[bytes] | list[Any]
ALTERED = re.compile(
    r"tollbook:\{0\}:(ledger|sealed|tiles|live|(figures|statements)\.v1\.g1:.+)", re.ASCII
)


@dataclass
class Store:
    """A ledger of one partition, folded and sealed, with the bytes of each key to go back to."""

    redis: Redis
    ledger: Ledger
    kept: dict[str, bytes]

    @classmethod
    async def made(cls, url: str) -> "Store":
        redis = await connect(url)
        await redis.flushall()
        ledger = await Ledger.open(redis, partitions=1)
        for raw in sent_of_worked_crisis()[:EVENTS]:
            parsed = parse_event(raw, default_gazetteer())
            assert isinstance(parsed, ParsedEvent)
            await ledger.append([parsed])
        await Projector(ledger, ReadModels(redis), FOLDS).catch_up(0)
        await Sealer(ledger, LOG).catch_up(0)
        names = sorted([name.decode() async for name in redis.scan_iter("tollbook:*")])
        kept = {name: await redis.dump(name) for name in names if ALTERED.fullmatch(name)}
        return cls(redis, ledger, kept)

    async def restore(self) -> None:
        """Everything as it was."""
        for name in [name async for name in self.redis.scan_iter("tollbook:{0}:*")]:
            if ALTERED.fullmatch(name.decode()) and name.decode() not in self.kept:
                await self.redis.delete(name)
        for name, content in self.kept.items():
            await self.redis.restore(name, 0, content, replace=True)

    async def content(self, name: str) -> Content:
        """What a key holds, to compare."""
        match await self.redis.type(name):
            case b"hash":
                return dict(await self.redis.hgetall(name))
            case b"set":
                return set(await self.redis.smembers(name))
            case _:
                return list(await self.redis.xrange(name))

    async def places_named(self) -> list[str]:
        """What a replay and a verification find fault with."""
        named = []
        try:
            result = await replay(self.ledger, ReadModels(self.redis), FOLDS)
            named += result.differences
            named += [f"{result.behind} behind"] if result.behind else []
        except TollbookError as error:
            named.append(str(error))
        try:
            audit = await verify_logs(await live_logs(self.ledger), [LOG.verifier])
            named += [fault.text for report in audit.reports for fault in report.faults]
        except TollbookError as error:
            named.append(str(error))
        return named


def other(data: st.DataObject, value: bytes) -> bytes:
    """Other bytes than these: a bit is another one, or some were cut off or added."""
    match data.draw(st.sampled_from(["flip", "cut", "add"])):
        case "flip" if value:
            at = data.draw(st.integers(0, len(value) - 1))
            return (
                value[:at]
                + bytes([value[at] ^ 1 << data.draw(st.integers(0, 7))])
                + value[at + 1 :]
            )
        case "cut" if value:
            return value[: data.draw(st.integers(0, len(value) - 1))]
        case _:
            at = data.draw(st.integers(0, len(value)))
            return value[:at] + data.draw(st.binary(min_size=1, max_size=9)) + value[at:]


async def alter_hash(store: Store, name: str, data: st.DataObject) -> str:
    """A field with another value, without one, added, or with the value of another field."""
    fields = await store.redis.hgetall(name)
    field = data.draw(st.sampled_from(sorted(fields)))
    kind = data.draw(st.sampled_from(["change", "drop", "add", "rename", "swap"]))
    match kind:
        case "change":
            await store.redis.hset(name, field, other(data, fields[field]))
        case "drop":
            await store.redis.hdel(name, field)
        case "add":
            await store.redis.hset(name, other(data, field), fields[field])
        case "rename":
            await store.redis.hdel(name, field)
            await store.redis.hset(name, other(data, field), fields[field])
        case "swap":
            second = data.draw(st.sampled_from(sorted(fields)))
            pair = {field: fields[second], second: fields[field]}
            await store.redis.hset(name, mapping=pair)
    return f"{kind} {name} {field!r}"


async def alter_set(store: Store, name: str, data: st.DataObject) -> str:
    """Without a member, or with another one instead."""
    member = data.draw(st.sampled_from(sorted(await store.redis.smembers(name))))
    await store.redis.srem(name, member)
    if data.draw(st.booleans()):
        await store.redis.sadd(name, other(data, member))
    return f"member {member!r} of {name}"


async def alter_stream(store: Store, name: str, data: st.DataObject) -> str:
    """An entry with another field, dropped, doubled behind itself, or two of them swapped."""
    entries = [list(entry) for entry in await store.redis.xrange(name)]
    place = data.draw(st.integers(0, len(entries) - 1))
    kind = data.draw(st.sampled_from(["e", "h", "t", "drop", "insert", "swap", "cut"]))
    match kind:
        case "e" | "h" | "t":
            field = kind.encode()
            entries[place][1] = {**entries[place][1], field: other(data, entries[place][1][field])}
        case "drop":
            del entries[place]
        case "cut":
            del entries[place:]
        case "insert":
            sequence = entries[place][0].partition(b"-")[0]
            entries.insert(place + 1, [sequence + b"-1", entries[place][1]])
        case "swap":
            second = place - 1
            entries[place][1], entries[second][1] = entries[second][1], entries[place][1]
    await store.redis.delete(name)
    for entry_id, fields in entries:
        await store.redis.xadd(name, fields, entry_id)
    return f"{kind} {name} {place}"


async def attempt(store: Store, data: st.DataObject) -> None:
    """One alteration, which has to be named unless everything is as it was."""
    await store.restore()
    name = data.draw(st.sampled_from(sorted(store.kept)))
    before = await store.content(name)
    alter = {b"hash": alter_hash, b"set": alter_set, b"stream": alter_stream}
    told = await alter[await store.redis.type(name)](store, name, data)
    now = await store.content(name)
    if now != before and not says_the_same(name, before, now):
        assert await store.places_named(), told


def says_the_same(name: str, before: Content, now: Content) -> bool:
    """Whether only something was added that nobody reads: a place without rows, a field that
    these hashes do not have, a hash behind the last one of a tile."""
    read = name.endswith(":parked") or ":rows:" in name
    if isinstance(before, set) and isinstance(now, set):
        return before < now
    if read or not isinstance(before, dict) or not isinstance(now, dict):
        return False
    fits = bytes.startswith if name.endswith(":tiles") else bytes.__eq__
    return all(field in now and fits(now[field], value) for field, value in before.items())


def test_whatever_is_altered_is_named(engine_url):
    with asyncio.Runner() as runner:
        store = runner.run(Store.made(engine_url))
        assert runner.run(store.places_named()) == []

        @settings(max_examples=TRIES, deadline=None)
        @given(data=st.data())
        def altered(data: st.DataObject) -> None:
            runner.run(attempt(store, data))

        altered()
        runner.run(store.redis.aclose())
