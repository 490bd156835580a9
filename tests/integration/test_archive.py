"""Archive and streams are one ledger: whatever reads it reads both."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.contract.ledger_kit import SOURCE, event, outcomes, report
from tests.integration.archive_kit import CRISES, archived, filled, opened, seal
from tests.integration.redaction_kit import policy

from tollbook_schemas.errors import CheckFailedError, EngineError, UsageError
from tollbook_services import keys, queries
from tollbook_services.acknowledged import Acknowledged, check_acknowledged
from tollbook_services.archive.place import place_of
from tollbook_services.archive.state import ArchiveMarks, archive_state
from tollbook_services.check import check_events
from tollbook_services.check_views import check_folds
from tollbook_services.ledger import StoredEntry
from tollbook_services.publish import publish, split_documents
from tollbook_services.queries import Question
from tollbook_services.sealing.log_places import open_logs
from tollbook_services.sealing.receipt import receipt_of
from tollbook_services.sealing.verification import live_logs, verify_logs
from tollbook_services.verify import verify
from tollbook_services.wiring import Tollbook

pytestmark = pytest.mark.anyio

COUNT = 3_000


@pytest.fixture
async def book(engine_url: str) -> AsyncIterator[Tollbook]:
    """An open ledger in the embedded engine."""
    async with opened(engine_url) as one:
        yield one


async def entries(book: Tollbook, partition: int, page: int = 700) -> list[StoredEntry]:
    """Every event of a partition, read in pages that cut bundles and the border."""
    found: list[StoredEntry] = []
    while part := await book.ledger.read(partition, len(found), page):
        found += part
    return found


async def test_everything_reads_archive_and_streams_as_one(any_engine_url, tmp_path: Path):
    async with opened(any_engine_url) as book:
        ledger = book.ledger
        await filled(ledger, COUNT)
        before = [await entries(book, partition) for partition in range(2)]
        asked = await queries.tolls(book, CRISES[0], Question(known_as_of="200"))
        times = [await ledger.sequence_at(0, one.recorded_at) for one in before[0][::97]]

        done = await archived(ledger, place_of(str(tmp_path / "a"), create=True))

        for partition, one in enumerate(done):
            head = await ledger.head(partition)
            assert one.trimmed == (head - 10) // 256 * 256 > 0
            assert await book.redis.xlen(keys.ledger(partition)) == head - one.trimmed
            assert await entries(book, partition) == before[partition]
            assert await ledger.read(partition, 250, 20, upto=260) == before[partition][250:260]
        assert await queries.tolls(book, CRISES[0], Question(known_as_of="200")) == asked
        assert [await ledger.sequence_at(0, one.recorded_at) for one in before[0][::97]] == times


async def test_checks_and_duplicates_know_what_is_archived(any_engine_url, tmp_path: Path):
    async with opened(any_engine_url) as book:
        await filled(book.ledger, COUNT)
        done = await archived(book.ledger, place_of(str(tmp_path / "a"), create=True))
        found = await book.ledger.find(SOURCE, "e0")
        assert found is not None
        assert found.sequence <= done[found.partition].trimmed
        position = f"{found.partition}:{found.sequence}"

        (again,) = await book.ledger.append([event("e0", 1, crisis=CRISES[0])])

        assert (again.status, again.sequence) == ("duplicate", found.sequence)
        assert all(one.holds for one in await check_events(book.redis))
        await book.catch_up()
        assert all(one.holds for one in await check_folds(book, [97, 500]))
        heads = [await book.ledger.head(partition) for partition in range(2)]
        assert await verify(book.redis) == sum(heads) - sum(one.trimmed for one in done)
        told = [Acknowledged(SOURCE, "e0", frozenset({position}))]
        assert (await check_acknowledged(book.redis, told))[0].holds


async def test_sealed_logs_receipts_and_the_published_folder_verify(any_engine_url, tmp_path: Path):
    async with opened(any_engine_url) as book:
        await filled(book.ledger, COUNT)
        folder = tmp_path / "a"
        await archived(book.ledger, place_of(str(folder), create=True))
        found = await book.ledger.find(SOURCE, "long0-a")
        assert found is not None

        live = await live_logs(book.ledger)
        assert live is not None
        here = await verify_logs(live, [live.notes[-1].key])
        logs = await open_logs(str(folder))
        there = await verify_logs(logs, [logs.keys[-1]])

        assert (here.holds, there.holds) == (True, True)
        assert here.events == there.events == COUNT + 2
        assert (await receipt_of(book.ledger, found)).document()


async def test_a_second_run_writes_nothing_and_a_later_one_what_is_new(book, tmp_path: Path):
    place = place_of(str(tmp_path / "a"), create=True)
    await filled(book.ledger, 800)
    first = await archived(book.ledger, place)
    second = await archived(book.ledger, place)
    await filled(book.ledger, 800, first=800)
    third = await archived(book.ledger, place)

    assert all(one.written for one in first)
    assert [(one.written, one.freed) for one in second] == [(0, 0)] * 2
    assert all(one.written and one.size > was.size for one, was in zip(third, first, strict=True))
    assert all(one.holds for one in await check_events(book.redis))


async def test_nothing_is_trimmed_where_nothing_is_to_be(book, tmp_path: Path):
    await filled(book.ledger, 800)
    done = await archived(book.ledger, place_of(str(tmp_path / "a"), create=True), None)

    assert [(one.trimmed, one.freed) for one in done] == [(0, 0)] * 2
    with pytest.raises(UsageError, match="at least 1 event stays"):
        await archived(book.ledger, place_of(str(tmp_path / "a")), 0)


async def test_a_lost_event_is_never_taken_for_a_trimmed_one(book, tmp_path: Path):
    await filled(book.ledger, 1_000)
    (one, _) = await archived(book.ledger, place_of(str(tmp_path / "a"), create=True))
    lost = one.trimmed + 1
    await book.redis.xdel(keys.ledger(0), f"{lost}-0")

    with pytest.raises(CheckFailedError, match=f"sequence {lost}: the event is missing"):
        await verify(book.redis)
    faults = {found.name: found.faults for found in await check_events(book.redis)}
    assert f"sequence {lost}" in faults["dense"][0]
    assert f"and {one.trimmed:,} in the archive" in faults["heads"][0]


async def test_the_engine_trims_only_what_it_knows_to_be_archived_there(book):
    await filled(book.ledger, 600)
    marks = ArchiveMarks(book.redis, book.ledger.id)
    head = await book.ledger.head(0)
    await marks.archived(0, "/a", 200)

    for place, upto in (("/a", 201), ("/b", 100), ("/a", head)):
        with pytest.raises(CheckFailedError, match="not known to be archived"):
            await marks.trim(0, place, upto)
    with pytest.raises(CheckFailedError, match="are sealed"):
        await marks.archived(0, "/a", head + 1)
    assert await marks.trim(0, "/a", 100) == 100
    with pytest.raises(CheckFailedError, match="taken out of the stream already"):
        await marks.archived(0, "/b", 99)
    assert await book.redis.xlen(keys.ledger(0)) == head - 100


async def test_an_archive_that_is_away_holds_up_only_what_needs_it(
    book, tmp_path: Path, monkeypatch
):
    await filled(book.ledger, 1_000)
    folder = tmp_path / "a"
    (one, _) = await archived(book.ledger, place_of(str(folder), create=True))
    folder.rename(tmp_path / "elsewhere")
    head = await book.ledger.head(0)

    async with opened(book.url) as other:
        assert len(await other.ledger.read(0, one.trimmed, 1_000)) == head - one.trimmed
        with pytest.raises(EngineError, match=r"the archive in .*/a cannot be read"):
            await other.ledger.read(0, 0, 10)
        (new,) = outcomes(await other.ledger.append([event("new", crisis=CRISES[0])]))
        assert new[0] == "appended"

    monkeypatch.setenv("TOLLBOOK_ARCHIVE", str(tmp_path / "elsewhere"))
    async with opened(book.url) as other:
        assert [found.sequence for found in await other.ledger.read(0, 0, 3)] == [1, 2, 3]


async def send(book: Tollbook, *documents: dict[str, Any]) -> list[str]:
    """What became of documents that were published."""
    lines = BytesIO(b"\n".join(map(orjson.dumps, documents)))
    found = await publish(split_documents(lines), book.ledger, book.admission)
    return [one.status for one in found]


async def test_policies_and_areas_are_known_while_the_archive_is_away(book, tmp_path: Path):
    """What admits events does not depend on an archive, in a new process neither."""
    document = policy("desk/v2", ["figures.place"], time="11T21:00")
    crisis = document["subject"]
    areas = {
        "gazetteer": "test/v1",
        "country": "LB",
        "valid_from": "2020-01-01",
        "areas": [{"code": "LBX1", "name": "Xanadu", "level": 1, "parent": None}],
        "reason": "a new table",
    }
    kind = "org.tollbook.gazetteer.published.v1"
    table = {**document, "id": "g", "type": kind, "data": areas}
    assert await send(book, document, table) == ["appended", "appended"]
    await book.ledger.append([event(f"x{name}", crisis=crisis) for name in range(300)])
    await seal(book.ledger)
    await archived(book.ledger, place_of(str(tmp_path / "a"), create=True))
    assert (await archive_state(book.redis, book.partition_of(crisis))).trimmed
    (tmp_path / "a").rename(tmp_path / "b")

    async with opened(book.url) as other:
        late = report("late", crisis=crisis)
        late["data"]["figures"][0] |= {"areas": ["LBX1"], "place": "House of Zed"}

        assert await send(other, late) == ["appended"]

        found = await other.ledger.find(SOURCE, "late")
        assert found is not None
        assert b"Zed" not in found.stored


async def test_two_who_archive_at_once_end_up_with_one_archive(any_engine_url, tmp_path: Path):
    async with opened(any_engine_url) as book, opened(any_engine_url) as other:
        await filled(book.ledger, 2_000)
        folder = str(tmp_path / "a")
        await asyncio.gather(
            archived(book.ledger, place_of(folder, create=True)),
            archived(other.ledger, place_of(folder, create=True), 300),
        )

        logs = await open_logs(folder)
        assert (await verify_logs(logs, [logs.keys[-1]])).holds
        assert all(one.holds for one in await check_events(book.redis))


async def test_an_archive_can_be_moved_by_archiving_elsewhere(book, tmp_path: Path):
    await filled(book.ledger, 1_000)
    await archived(book.ledger, place_of(str(tmp_path / "a"), create=True))
    done = await archived(book.ledger, place_of(str(tmp_path / "b"), create=True))

    assert all(one.written for one in done)
    (tmp_path / "a").rename(tmp_path / "gone")
    async with opened(book.url) as other:
        assert all(one.holds for one in await check_events(other.redis))
