"""What a ledger exports, an empty one takes back: the same events, positions and read models."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import emptied
from tests.unit import golden_kit

from tollbook_services import keys, queries
from tollbook_services.documents import Document
from tollbook_services.exporting.answer import answer
from tollbook_services.exporting.events import wanted_events, write_events
from tollbook_services.exporting.ledger_events import PAGE, stored_events
from tollbook_services.publish import publish, split_documents
from tollbook_services.quarantine import held_events
from tollbook_services.quarantine_decide import Verdict, decide
from tollbook_services.queries import Question
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook, open_tollbook

pytestmark = pytest.mark.anyio

PARTITIONS = 4
SOURCE = "https://desk.example.org"
RECORDED_AT = re.compile(rb'"recorded_at":"[^"]*"')


def coast() -> Iterator[bytes]:
    story = resources.files("tollbook_services") / "data" / "coast-2025.jsonl"
    yield from story.read_bytes().splitlines()


def golden(name: str) -> Iterator[bytes]:
    for line in golden_kit.stored_lines(name):
        document = json.loads(line)
        del document["recordedtime"]
        yield json.dumps(document).encode()


def event(kind: str, id_: str, subject: str, data: Mapping[str, Any]) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "type": f"org.tollbook.{kind}.v1",
            "source": SOURCE,
            "id": id_,
            "subject": subject,
            "time": "2025-03-12T10:00:00Z",
            "data": data,
        }
    ).encode()


def figure(**changes: Any) -> dict[str, Any]:
    return {
        "id": "f",
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "exactly", "value": 7},
        "areas": ["LB"],
        "basis": "cumulative",
        "window": {"start": "2025-03-06"},
        "as_of": "2025-03-11",
        **changes,
    }


def report(id_: str, subject: str, **changes: Any) -> bytes:
    data = {"originator": "sohr", "published_at": "2025-03-11", "figures": [figure(**changes)]}
    return event("report.filed", id_, subject, data)


def crises_over_partitions() -> tuple[str, str]:
    """Two crises, the first in a later partition than the second."""
    found = {keys.partition_of(f"flood-{n}", PARTITIONS): f"flood-{n}" for n in range(50)}
    return found[PARTITIONS - 1], found[0]


def areas_from_elsewhere() -> Iterator[bytes]:
    """A gazetteer in the last partition, and in the first one a report that names its area."""
    later, earlier = crises_over_partitions()
    area = {"code": "LB-XX", "name": "Upper Town", "level": 1, "parent": None}
    table = {"gazetteer": "desk/1", "country": "LB", "valid_from": "2025-01-01", "areas": [area]}
    yield event("gazetteer.published", "table", later, table | {"reason": "a new governorate"})
    yield report("in-the-new-area", earlier, areas=["LB-XX"])


def decisions() -> Iterator[bytes]:
    """What accepting and discarding an event in quarantine leaves in the ledger."""
    crisis = "flood-2025"
    about = {"source": SOURCE, "id": "first", "reason": "two reports, one id"}
    yield report("first", crisis)
    yield report("first.2", crisis, place="a school")
    accepted = about | {"content": "ab" * 32, "as": "first.2"}
    yield event("quarantine.accepted", "accepted", crisis, accepted)
    yield event("quarantine.discarded", "discarded", crisis, about | {"content": "cd" * 32})


WORLDS = {
    "the coast": coast,
    "every type of version 1": lambda: golden("v1"),
    "version 0": lambda: golden("v0"),
    "areas from another partition": areas_from_elsewhere,
    "quarantine decisions": decisions,
    "all of them": lambda: (
        line
        for world in (coast(), golden("v1"), golden("v0"), areas_from_elsewhere(), decisions())
        for line in world
    ),
}


def documents(lines: Iterable[bytes]) -> list[Document]:
    return [Document(number, number, line) for number, line in enumerate(lines, start=1)]


async def filled(book: Tollbook, lines: Iterator[bytes]) -> None:
    for one in documents(lines):
        (receipt,) = await publish([one], book.ledger, book.admission)
        assert receipt.status == "appended", receipt.errors


async def rows_of(book: Tollbook) -> dict[str, Any]:
    """Every row of every read model, with only the recorded times masked."""
    await book.catch_up()
    found = {}
    for partition in range(PARTITIONS):
        for projection in book.projections.values():
            snapshot = await book.readmodels.snapshot(partition, projection)
            assert not snapshot.parked
            found[f"{projection} {partition} {snapshot.checkpoint.sequence}"] = {
                crisis: {key: RECORDED_AT.sub(b"", row) for key, row in rows.items()}
                for crisis, rows in snapshot.rows.items()
            }
    return found


async def exported(book: Tollbook, out: Path, crisis: str | None = None) -> int:
    wanted = await wanted_events(book, crisis, None, "CC BY 4.0")
    return await write_events(book, wanted, "json", out)


def opened(url: str) -> Any:
    return open_tollbook(Settings(redis=url, partitions=PARTITIONS), create=True)


@pytest.mark.parametrize("world", WORLDS)
async def test_exported_events_make_the_same_ledger_and_the_same_read_models(
    world: str, engine_url: str, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    async with opened(engine_url) as book:
        await filled(book, WORLDS[world]())
        before = await rows_of(book)
        count = await exported(book, first)

    async with opened(emptied(engine_url)) as book:
        with first.open("rb") as stream:
            receipts = await publish(split_documents(stream), book.ledger, book.admission)
        after = await rows_of(book)
        await exported(book, second)

    assert count == len(receipts) == len(list(WORLDS[world]()))
    assert {receipt.status for receipt in receipts} == {"appended"}
    assert after == before
    assert sorted(second.read_bytes().splitlines()) == sorted(first.read_bytes().splitlines())


async def test_the_events_of_one_crisis_come_with_what_governs_it(
    engine_url: str, tmp_path: Path
) -> None:
    out = tmp_path / "one.jsonl"
    async with opened(engine_url) as book:
        await filled(book, golden("v1"))
        await filled(book, coast())
        await exported(book, out, "golden-v1")
        before = await queries.tolls(book, "golden-v1", Question())
    async with opened(emptied(engine_url)) as book:
        with out.open("rb") as stream:
            receipts = await publish(split_documents(stream), book.ledger, book.admission)
        after = await queries.tolls(book, "golden-v1", Question())

    assert {receipt.crisis for receipt in receipts} == {"golden-v1", "tollbook-ledger-0"}
    assert {receipt.status for receipt in receipts} == {"appended"}
    assert (after["cells"], after["policy"]) == (before["cells"], before["policy"])
    assert before["policy"] != "default/v1"


async def test_events_until_a_moment_are_those_recorded_by_then(
    engine_url: str, tmp_path: Path
) -> None:
    out = tmp_path / "early.jsonl"
    async with opened(engine_url) as book:
        await filled(book, coast())
        wanted = await wanted_events(book, "syria-coast-2025", "3", None)
        count = await write_events(book, wanted, "json", out)

    lines = list(coast())[:3]
    ids = [json.loads(line)["id"] for line in out.read_bytes().splitlines()]
    assert count == 3
    assert ids == [json.loads(line)["id"] for line in lines]
    assert wanted.metadata.sequence == 3
    assert wanted.metadata.licence == "not stated"


async def test_decisions_about_the_quarantine_hold_in_the_new_ledger_too(
    engine_url: str, tmp_path: Path
) -> None:
    out, crisis = tmp_path / "events.jsonl", "flood-2025"
    others = [report("first", crisis, place="a school"), report("first", crisis, place="a camp")]
    accept = Verdict("accepted", "two places, one id", SOURCE)
    discard = Verdict("discarded", "a slip", SOURCE)
    async with opened(engine_url) as book:
        await filled(book, iter([report("first", crisis)]))
        await publish(documents(others), book.ledger, book.admission)
        held = [one async for one in held_events(book.ledger, range(PARTITIONS))]
        for one, verdict in zip(held, (accept, discard), strict=True):
            made = [done async for done in decide(book.ledger, book.admission, [one], verdict)]
            assert [done.outcome for done in made] == [verdict.kind]
        before = await rows_of(book)
        await exported(book, out)

    async with opened(emptied(engine_url)) as book:
        with out.open("rb") as stream:
            receipts = await publish(split_documents(stream), book.ledger, book.admission)
        again = await publish(documents(others), book.ledger, book.admission)
        after = await rows_of(book)

    assert [receipt.status for receipt in receipts] == ["appended"] * 4
    assert [receipt.status for receipt in again] == ["duplicate"] * 2
    assert after == before


async def test_events_are_read_a_page_at_a_time_however_many_there_are(
    engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    async with opened(engine_url) as book:
        lines = [report(f"r{number}", "flood-2025") for number in range(2 * PAGE + 1)]
        await publish(documents(lines), book.ledger, book.admission)
        partition = book.partition_of("flood-2025")
        read = book.ledger.read

        async def counted(*place: Any, **more: Any) -> Any:
            asked.append(more["count"])
            return await read(*place, **more)

        monkeypatch.setattr(book.ledger, "read", counted)
        events = stored_events(book.ledger, {partition: len(lines)})
        reads = [len(asked) async for _ in events]

    assert len(reads) == len(lines)
    assert (reads[0], reads[PAGE - 2], reads[-1]) == (1, 1, 3)
    assert set(asked) == {PAGE}


async def test_the_licence_is_what_the_reports_name_unless_one_is_given(engine_url: str) -> None:
    lines = [
        event("report.filed", f"r{number}", "flood-2025", named(licence))
        for number, licence in enumerate(["ODbL", "CC BY 4.0", "ODbL"])
    ]
    async with opened(engine_url) as book:
        await filled(book, iter([*lines, report("other", "storm-2025")]))
        found = [
            (await wanted_events(book, crisis, None, licence)).metadata.licence
            for crisis, licence in (
                ("flood-2025", None),
                ("storm-2025", None),
                (None, None),
                ("flood-2025", "CC0"),
            )
        ]
        view = await answer(book, "tolls", "flood-2025", Question(), None)

    assert found == ["CC BY 4.0; ODbL", "not stated", "CC BY 4.0; ODbL", "CC0"]
    assert view.metadata.licence == "CC BY 4.0; ODbL"


def named(licence: str) -> dict[str, Any]:
    """A report that names its licence."""
    own = {"ext": {"licence": licence}, "figures": [figure()]}
    return {"originator": "sohr", "published_at": "2025-03-11", **own}


async def test_a_view_is_exported_as_of_the_moment_that_was_asked(engine_url: str) -> None:
    async with opened(engine_url) as book:
        await filled(book, coast())
        question = Question(known_as_of="1", as_of="2025-03-08", published_as_of="2025-03-09")
        early = await answer(book, "tolls", "syria-coast-2025", question, None)
        await filled(book, iter([report("late", "syria-coast-2025")]))
        again = await answer(book, "tolls", "syria-coast-2025", question, None)

    said = early.metadata
    assert (said.as_of, said.published_as_of) == ("2025-03-08T23:59:59Z", "2025-03-09T23:59:59Z")
    assert said.sequence == 1
    assert (again.document["cells"], again.metadata) == (early.document["cells"], said)
    assert set(early.dossiers) >= {
        one for cell in early.document["cells"] for one in cell["figures"]
    }
