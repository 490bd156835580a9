"""A corrected report: its recorded figures are revised, and nobody is counted twice."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from tests.contract.ledger_kit import SOURCE, report

from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services import queries
from tollbook_services.quarantine import Held, find_held
from tollbook_services.quarantine_decide import Decided, Verdict
from tollbook_services.quarantine_supersede import corrected_cells, correction, supersede
from tollbook_services.queries import Question
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook, open_tollbook

pytestmark = pytest.mark.anyio

CRISIS = "flood-2025"
DESK = "urn:tollbook:desk:ann"


@pytest.fixture
async def book(any_engine_url) -> AsyncIterator[Tollbook]:
    """A ledger with a report of two figures."""
    async with open_tollbook(Settings(redis=any_engine_url, partitions=1), create=True) as one:
        await sent(one, two_figures())
        yield one


def two_figures(killed: int = 10, injured: int | None = 4, **changes: Any) -> dict[str, Any]:
    """A report of killed and injured; `changes` are of the first figure."""
    document = report("a", killed, CRISIS)
    first = document["data"]["figures"][0]
    document["data"]["figures"] = [first | changes]
    if injured is not None:
        other = {"id": "g", "measure": "injured", "quantity": exactly(injured)}
        document["data"]["figures"].append(first | other)
    return document


def exactly(value: int) -> dict[str, Any]:
    return {"qualifier": "exactly", "value": value}


async def sent(book: Tollbook, document: dict[str, Any]) -> list[str]:
    parsed = parse_event(orjson.dumps(document), book.gazetteer)
    assert isinstance(parsed, ParsedEvent), parsed
    return [one.status for one in await book.ledger.append([parsed])]


async def waiting(book: Tollbook, document: dict[str, Any]) -> Held:
    assert await sent(book, document) == ["quarantined"]
    return (await find_held(book.ledger, [f"{SOURCE}/a"]))[-1]


async def decided(book: Tollbook, held: Held, *, dry_run: bool = False) -> Decided:
    found = await correction(book, held, "recounted", DESK)
    return await supersede(book, found, Verdict("discarded", "recounted", DESK), dry_run=dry_run)


async def best(book: Tollbook) -> dict[str, int]:
    await book.catch_up()
    document = await queries.tolls(book, CRISIS, Question(area="SY-LA"))
    return {cell["measure"]: cell["best"] for cell in document["cells"] if cell["area"] == "SY-LA"}


async def test_a_corrected_number_takes_the_place_of_the_recorded_one(book):
    held = await waiting(book, two_figures(12))

    done = await decided(book, held)

    assert (done.outcome, done.message) == ("superseded", "figures corrected: 1")
    assert await best(book) == {"killed": 12, "injured": 4}
    series = (await queries.revisions(book, CRISIS, Question(measure="killed")))["series"]
    (steps,) = [[(one["kind"], one["quantity"]["value"]) for one in s["revisions"]] for s in series]
    assert steps == [("initial", 10), ("correction", 12)]


async def test_it_is_recorded_once_and_the_report_sent_again_is_a_duplicate(book):
    held = await waiting(book, two_figures(12))
    await decided(book, held)
    head = await book.ledger.head(0)
    (again,) = await find_held(book.ledger, [f"{SOURCE}/a"])

    assert (await decided(book, again)).outcome == "already"
    assert await sent(book, two_figures(12)) == ["duplicate"]
    assert await book.ledger.head(0) == head


async def test_a_figure_that_the_correction_no_longer_has_is_retracted(book):
    held = await waiting(book, two_figures(10, None))

    assert (await decided(book, held)).message == "figures corrected: 1"
    assert await best(book) == {"killed": 10}


async def test_a_change_in_no_figure_is_decided_and_moves_nothing(book):
    document = two_figures()
    document["data"]["title"] = "Corrected headline"
    held = await waiting(book, document)

    assert (await decided(book, held)).message == "no figure differs"
    assert await best(book) == {"killed": 10, "injured": 4}


async def test_a_dry_run_shows_the_cells_and_records_nothing(book):
    held = await waiting(book, two_figures(12))
    head = await book.ledger.head(0)

    done = await decided(book, held, dry_run=True)
    changes = await corrected_cells(book, [await correction(book, held, "recounted", DESK)])

    assert done.outcome == "superseded"
    found = [(orjson.loads(one.before)["best"], orjson.loads(one.value)["best"]) for one in changes]
    assert set(found) == {(10, 12)}
    assert await book.ledger.head(0) == head


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (two_figures(12, measure="missing"), "figure f differs in measure"),
        (two_figures(12, place="a village"), "figure f differs in place"),
        (two_figures(id="h"), "has the figures h"),
        (
            {**two_figures(12), "data": {**two_figures(12)["data"], "originator": "snhr"}},
            "another originator",
        ),
    ],
)
async def test_what_no_revision_can_say_is_refused_with_the_way_by_hand(book, document, said):
    held = await waiting(book, document)
    head = await book.ledger.head(0)

    done = await decided(book, held)

    assert done.outcome == "refused"
    assert said in (done.message or "")
    assert "accept it under an id of its own" in (done.message or "")
    assert await book.ledger.head(0) == head
