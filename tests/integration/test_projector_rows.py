"""Rows and checkpoint of a projection: one step, forward only, of one ledger, of one moment."""

import asyncio
import gc
from datetime import UTC, datetime
from typing import ClassVar

import pytest
from tests.integration.projector_kit import CountFold, empty_store, names

from tollbook_projections.projection import RowChange
from tollbook_schemas.errors import EngineError
from tollbook_services import generation as generation_module
from tollbook_services.checkpoint import Step
from tollbook_services.readmodels import ReadModels

NOON = datetime(2025, 3, 11, 12, tzinfo=UTC)


def rows_of(crisis: str, **rows: bytes | None) -> list[RowChange]:
    return [RowChange(crisis, key, value) for key, value in rows.items()]


def test_rows_and_position_are_read_back_as_committed(any_server_url):
    async def scenario():
        async with empty_store(any_server_url) as store:
            changes = [*rows_of("b", y=b"2", x=b"\x00\xff"), *rows_of("a", z=b"")]
            await store.readmodels.commit(0, "t.v1", Step(0, 7, NOON, changes))

            read = await store.readmodels.read(0, "t.v1", "b")
            snapshot = await store.readmodels.snapshot(0, "t.v1")

            assert read[:3] == ({"x": b"\x00\xff", "y": b"2"}, 7, NOON)
            assert snapshot.rows == {"a": {"z": b""}, "b": {"x": b"\x00\xff", "y": b"2"}}
            assert await store.readmodels.crises(0, "t.v1") == ["a", "b"]

    asyncio.run(scenario())


def test_a_crisis_without_rows_reads_as_empty_at_the_position_of_the_projection(any_server_url):
    async def scenario():
        async with empty_store(any_server_url) as store:
            assert (await store.readmodels.read(0, "t.v1", "a"))[:3] == ({}, 0, None)
            await store.readmodels.commit(0, "t.v1", Step(0, 3, NOON, []))
            assert (await store.readmodels.read(0, "t.v1", "a"))[:3] == ({}, 3, NOON)

    asyncio.run(scenario())


def test_a_deleted_row_is_gone_and_so_is_a_crisis_without_rows(any_server_url):
    async def scenario():
        async with empty_store(any_server_url) as store:
            await store.readmodels.commit(0, "t.v1", Step(0, 1, NOON, rows_of("a", x=b"1", y=b"2")))
            await store.readmodels.commit(0, "t.v1", Step(1, 2, NOON, rows_of("a", x=None)))
            assert (await store.readmodels.read(0, "t.v1", "a")).rows == {"y": b"2"}
            await store.readmodels.commit(0, "t.v1", Step(2, 3, NOON, rows_of("a", y=None)))
            assert await store.readmodels.crises(0, "t.v1") == []

    asyncio.run(scenario())


def test_of_several_changes_of_a_row_in_one_commit_the_last_holds(any_server_url):
    async def scenario():
        async with empty_store(any_server_url) as store:
            changes = [*rows_of("a", x=b"1", y=b"1"), *rows_of("a", x=None, y=b"2")]
            await store.readmodels.commit(0, "t.v1", Step(0, 1, NOON, changes))
            assert (await store.readmodels.read(0, "t.v1", "a")).rows == {"y": b"2"}

    asyncio.run(scenario())


def test_a_commit_from_another_position_changes_nothing_and_says_where_it_stands(any_server_url):
    async def scenario():
        async with empty_store(any_server_url) as store:
            first = await store.readmodels.commit(0, "t.v1", Step(0, 5, NOON, rows_of("a", x=b"1")))
            again = await store.readmodels.commit(0, "t.v1", Step(0, 5, NOON, rows_of("a", x=b"2")))
            ahead = await store.readmodels.commit(0, "t.v1", Step(6, 7, NOON, rows_of("a", x=b"3")))

            assert first == (True, 5)
            assert again == ahead == (False, 5)
            assert (await store.readmodels.read(0, "t.v1", "a"))[:3] == ({"x": b"1"}, 5, NOON)

    asyncio.run(scenario())


@pytest.mark.parametrize("new_sequence", [4, 5])
def test_a_checkpoint_refuses_to_go_backwards_or_to_stand_still(any_server_url, new_sequence):
    async def scenario():
        async with empty_store(any_server_url) as store:
            await store.readmodels.commit(0, "t.v1", Step(0, 5, NOON, rows_of("a", x=b"1")))
            with pytest.raises(ValueError, match="only moves forward"):
                await store.readmodels.commit(
                    0, "t.v1", Step(5, new_sequence, NOON, rows_of("a", x=b"2"))
                )
            assert (await store.readmodels.read(0, "t.v1", "a"))[:3] == ({"x": b"1"}, 5, NOON)

    asyncio.run(scenario())


def test_a_checkpoint_of_another_ledger_is_refused_by_every_access(any_server_url):
    async def scenario():
        async with empty_store(any_server_url) as store:
            stranger = ReadModels(store.redis, "another-ledger")
            await stranger.commit(0, "counts.v1", Step(0, 5, NOON, rows_of("a", count=b"9")))
            mine = store.readmodels

            with pytest.raises(EngineError, match=r"another ledger \(another-ledger, up to"):
                await mine.commit(0, "counts.v1", Step(5, 6, NOON, []))
            with pytest.raises(EngineError, match="another ledger"):
                await mine.read(0, "counts.v1", "a")
            with pytest.raises(EngineError, match="another ledger"):
                await mine.snapshot(0, "counts.v1")
            with pytest.raises(EngineError, match="another ledger"):
                await mine.checkpoint(0, "counts.v1")
            with pytest.raises(EngineError, match="another ledger"):
                await store.projector().catch_up(0)

    asyncio.run(scenario())


def test_rows_that_stand_beyond_the_head_of_the_ledger_are_refused(any_server_url):
    async def scenario():
        async with empty_store(any_server_url) as store:
            await store.file(names(3))
            await store.readmodels.commit(0, "counts.v1", Step(0, 4, NOON, []))
            with pytest.raises(EngineError, match="stand at 4, but the ledger ends at 3"):
                await store.projector().catch_up(0)

    asyncio.run(scenario())


def test_more_rows_than_are_read_at_once_come_in_pieces_of_one_moment(any_server_url, monkeypatch):
    monkeypatch.setattr(generation_module, "ROWS_AT_ONCE_MAX", 50)

    async def scenario():
        async with empty_store(any_server_url) as store:
            values = {f"row{number:04}": b"%d" % number for number in range(3_000)}
            changes = [*rows_of("a", **values), *rows_of("b", x=b"1")]
            await store.readmodels.commit(0, "t.v1", Step(0, 1, NOON, changes))

            snapshot = await store.readmodels.snapshot(0, "t.v1")
            read = await store.readmodels.read(0, "t.v1", "a")

            assert snapshot.rows == {"a": values, "b": {"x": b"1"}}
            assert list(snapshot.rows["a"]) == sorted(values)
            assert read.rows == values

    asyncio.run(scenario())


def test_a_reader_sees_one_moment_while_rows_and_crises_change(any_server_url, monkeypatch):
    monkeypatch.setattr(generation_module, "ROWS_AT_ONCE_MAX", 50)

    async def write(store, stop: asyncio.Event) -> int:
        sequence = 0
        while not stop.is_set():
            value = b"%d" % (sequence + 1)
            changes = rows_of("a", **{f"row{number}": value for number in range(200)})
            changes += rows_of(f"crisis{sequence}", x=value)
            await store.readmodels.commit(0, "t.v1", Step(sequence, sequence + 1, NOON, changes))
            sequence += 1
            await asyncio.sleep(0.001)
        return sequence

    async def scenario():
        async with empty_store(any_server_url) as store:
            stop = asyncio.Event()
            writer = asyncio.create_task(write(store, stop))
            seen = []
            for _ in range(30):
                read = await store.readmodels.read(0, "t.v1", "a")
                assert set(read.rows.values()) <= {b"%d" % read.sequence}
                seen.append(read.sequence)
            stop.set()
            assert await writer > 0
            assert seen == sorted(seen)

    asyncio.run(scenario())


class WatchingFold(CountFold):
    """Sees whether cycles are looked for while it folds, which visits all that it holds."""

    name, version = "watching", 1
    seen: ClassVar[set[bool]] = set()

    def apply(self, recorded):
        self.seen.add(gc.isenabled())
        super().apply(recorded)


def test_no_cycles_are_looked_for_while_a_projector_folds(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(3), ("flood-2025",))

            await store.projector(WatchingFold, page_size=2).catch_up(0)

            assert WatchingFold.seen == {False}
            assert gc.isenabled()

    asyncio.run(scenario())
