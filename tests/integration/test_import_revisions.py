"""The publisher's history in a ledger: what the public saw before and after each commit."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.conftest import emptied

from tollbook_services import queries
from tollbook_services.queries import Question
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook, open_tollbook

DATA: Final = Path(__file__).parents[3] / "shared" / "data" / "timeseries"
CHANGES: Final = DATA / "tfp_published_revisions.csv.gz"
DAILY: Final = (DATA / "tfp_casualties_daily.json.gz", DATA / "tfp_west_bank_daily.json.gz")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not DATA.exists(), reason="the shared data are not beside this checkout"),
]

GAZA: Final = "PS-DEB+PS-GZA+PS-KYS+PS-NGZ+PS-RFH"
KILLED: Final = "gaza-authorities|killed|person|all|" + GAZA + "|cumulative"
CRISIS: Final = "palestine"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One loop for the ledger that all of these tests read."""
    return "asyncio"


def imported(kind: str, url: str, *more: object) -> Counter[str]:
    """The statuses of what one import makes of its rows."""
    command = [sys.executable, "-m", "tollbook_services.cli", "import", kind, *map(str, more)]
    options = ["--crisis", CRISIS, "--redis", url, "--format", "json", "--no-wait"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Counter(json.loads(line)["status"] for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def receipts(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Counter[str]]:
    """What became of the history, of the same again, and of the daily files after it."""
    url = emptied(valkey_url)
    mapping = tmp_path_factory.mktemp("map") / "tfp.toml"
    mapping.write_text(f"revisions = {json.dumps(str(CHANGES))}\n")
    return {
        "first": imported("tfp-revisions", url, CHANGES),
        "again": imported("tfp-revisions", url, CHANGES),
        "days": imported("tfp-daily", url, *DAILY, "--map", mapping),
    }


@pytest.fixture(scope="module")
async def book(receipts: dict[str, Counter[str]], valkey_url: str) -> AsyncIterator[Tollbook]:
    """The ledger with all of it."""
    assert receipts
    async with open_tollbook(Settings(redis=valkey_url), create=False) as opened:
        yield opened


async def killed(book: Tollbook, published: str | None, known: int | None) -> list[int | None]:
    """Low, best and high of the killed in Gaza as of 15 October 2023."""
    question = Question(
        measure="killed",
        as_of="2023-10-15",
        published_as_of=published,
        known_as_of=None if known is None else str(known),
    )
    document = await queries.tolls(book, CRISIS, question)
    (cell,) = [
        one
        for one in document["cells"]
        if (one["kind"], one["area"], one["segment"]) == ("unallocated", GAZA, "all")
    ]
    return [cell["low"], cell["best"], cell["high"]]


@pytest.mark.parametrize(
    ("published", "count"),
    [
        ("2023-10-15", 2450),
        ("2024-02-17", 2450),
        ("2024-02-18T12:00:00Z", 2450),
        ("2024-02-18T19:34:32Z", 2450),
        ("2024-02-18T14:34:33-05:00", 2670),
        ("2024-02-18", 2670),
        ("2024-02-19", 2670),
        (None, 2670),
    ],
)
@pytest.mark.parametrize("days", [False, True], ids=["alone", "with the daily files"])
async def test_the_public_read_the_old_number_until_the_second_of_the_commit(
    book: Tollbook,
    receipts: dict[str, Counter[str]],
    published: str | None,
    count: int,
    *,
    days: bool,
) -> None:
    """Given a day that was changed at 19:34:33 UTC on 18 February 2024."""
    known = None if days else receipts["first"]["appended"]

    assert await killed(book, published, known) == [count, count, count]


async def test_the_same_changes_again_append_nothing(receipts: dict[str, Counter[str]]) -> None:
    assert set(receipts["first"]) == {"appended"}
    assert receipts["again"] == {"duplicate": receipts["first"]["appended"]}


async def test_the_ledger_does_not_say_that_it_knew_it_then(book: Tollbook) -> None:
    """Given an import of today, when asked what was known in 2024, then it is nothing."""
    question = Question(as_of="2023-10-15", known_as_of="2024-02-19")

    document = await queries.tolls(book, CRISIS, question)

    assert document["cells"] == []


async def steps(book: Tollbook) -> list[dict[str, Any]]:
    """The revisions of the killed in Gaza."""
    document = await queries.revisions(book, CRISIS, Question(), KILLED)
    return list(document["series"][0]["revisions"])


async def test_each_change_is_a_revision_with_its_time_and_the_publisher_s_words(
    book: Tollbook,
) -> None:
    (step,) = [
        one
        for one in await steps(book)
        if one["as_of"] == "2023-10-15" and one["kind"] == "correction"
    ]

    assert step["published_at"] == "2024-02-18T14:34:33-05:00"
    assert (step["previous"]["value"], step["quantity"]["value"]) == (2450, 2670)
    assert "daily: update for 2024-02-18 (#71)" in step["reason"]


async def test_changes_downward_are_shown_too(book: Tollbook) -> None:
    """Given 13 days whose number of killed was lowered, then each is there with both numbers."""
    falls = [
        one
        for one in await steps(book)
        if one["kind"] == "correction" and one["quantity"]["value"] < one["previous"]["value"]
    ]

    assert len(falls) == 13
    assert all(one["reason"] for one in falls)


async def test_the_daily_files_are_appended_beside_the_history(
    receipts: dict[str, Counter[str]],
) -> None:
    assert receipts["days"] == {"appended": 2102}
