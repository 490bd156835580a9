"""The sums of 21,002 real events: imported, they are what the raw files add up to."""

import gzip
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
from tests.conftest import emptied

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services import queries
from tollbook_services.queries import Question
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook, open_tollbook

DATA: Final = Path(__file__).parents[3] / "shared" / "data" / "events"
UCDP: Final = DATA / "ucdp_ged191_bgd_mmr.csv.gz"
IOM: Final = DATA / "iom_missing_migrants_2014_2025.jsonl.gz"
FILES: Final = {"ucdp-ged": UCDP, "iom-mmp": IOM}

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not DATA.exists(), reason="the shared data are not beside this checkout"),
]

COUNTRIES: Final = {"MM": "Myanmar (Burma)", "BD": "Bangladesh"}
WORLD: Final = default_gazetteer()

Bounds = tuple[int, int | None, int | None]
Tolls = dict[tuple[str, str], Bounds]
"""Low, best and high by measure and area."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One loop for the ledger that all of these tests read."""
    return "asyncio"


@pytest.fixture(scope="module")
def receipts(valkey_url: str) -> dict[str, Counter[str]]:
    """How many rows became what, by format and run: each file is imported twice."""
    url = emptied(valkey_url)
    return {
        f"{kind}{run}": imported(kind, file, url)
        for run in ("", ", again")
        for kind, file in FILES.items()
    }


def imported(kind: str, file: Path, url: str) -> Counter[str]:
    """The statuses of what one import makes of its rows; the crisis is called like the format."""
    command = [sys.executable, "-m", "tollbook_services.cli", "import", kind, str(file)]
    options = ["--crisis", kind, "--redis", url, "--format", "json", "--no-wait"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode in {0, 3}, done.stderr
    return Counter(json.loads(line)["status"] for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
async def book(receipts: dict[str, Counter[str]], valkey_url: str) -> AsyncIterator[Tollbook]:
    """The ledger with both files."""
    assert receipts
    async with open_tollbook(Settings(redis=valkey_url), create=False) as opened:
        yield opened


@pytest.fixture(scope="module")
async def ucdp(book: Tollbook) -> dict[str, Any]:
    """The tolls of the UCDP file."""
    return await queries.tolls(book, "ucdp-ged", Question())


@pytest.fixture(scope="module")
async def iom(book: Tollbook) -> dict[str, Any]:
    """The tolls of the IOM file."""
    return await queries.tolls(book, "iom-mmp", Question())


@pytest.fixture(scope="module")
def raw() -> Iterator[duckdb.DuckDBPyConnection]:
    """The raw files as tables `ucdp` and `iom`, texts as they stand; of each id its first row."""
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute(f"create table ucdp as from read_csv('{UCDP}', all_varchar = true)")
        database.execute(
            "create table every_iom as select *, row_number() over () as place "
            f"from read_json('{IOM}')"
        )
        database.execute(
            "create table iom as from every_iom "
            "qualify row_number() over (partition by trim(web_id) order by place) = 1"
        )
        yield database


def cells(document: dict[str, Any], kind: str = "area") -> Tolls:
    """The tolls of everyone."""
    return {
        (cell["measure"], cell["area"]): (cell["low"], cell["best"], cell["high"])
        for cell in document["cells"]
        if (cell["kind"], cell["segment"]) == (kind, "all")
    }


def added(values: Iterator[Bounds]) -> Bounds:
    low, best, high = zip(*values, strict=True)
    return sum(low), sum(best), sum(high)


ESTIMATES: Final = "sum(low::int)::int, sum(best::int)::int, sum(high::int)::int"


async def test_every_row_of_both_files_is_imported_and_none_the_second_time(
    receipts: dict[str, Counter[str]], raw: duckdb.DuckDBPyConnection
) -> None:
    ((ids,),) = raw.sql("select count(*) from iom").fetchall()
    assert receipts["ucdp-ged"] == {"appended": 3_194}
    assert receipts["ucdp-ged, again"] == {"duplicate": 3_194}
    assert receipts["iom-mmp"]["appended"] == ids == 17_220
    assert receipts["iom-mmp"]["rejected"] == 0
    assert receipts["iom-mmp"].total() == 17_846
    assert receipts["iom-mmp, again"]["appended"] == 0


async def test_rows_that_share_an_id_are_duplicates_of_the_first_or_quarantined(
    receipts: dict[str, Counter[str]],
) -> None:
    first: dict[str, dict[str, str]] = {}
    same = 0
    with gzip.open(IOM) as lines:
        for row in map(json.loads, lines):
            known = first.setdefault(row["web_id"].strip(), row)
            same += known is not row and known == row

    assert receipts["iom-mmp"]["duplicate"] == same
    assert receipts["iom-mmp"]["quarantined"] == 626 - same


@pytest.mark.parametrize("country", COUNTRIES)
async def test_ucdp_s_tolls_are_the_sums_of_the_raw_file(
    country: str, ucdp: dict[str, Any], raw: duckdb.DuckDBPyConnection
) -> None:
    name = COUNTRIES[country]
    summed = f"select {ESTIMATES} from ucdp where country = ?"
    (total,) = raw.execute(summed, [name]).fetchall()
    by_area: dict[str, list[Bounds]] = {}
    grouped = f"select adm_1, {ESTIMATES} from ucdp where country = ? group by 1"
    for area, *bounds in raw.execute(grouped, [name]).fetchall():
        code = None if area is None else WORLD.find(area, inside=country, levels=(1,)).area
        by_area.setdefault(code.code if code else "", []).append(tuple(bounds))
    nowhere = added(iter(by_area.pop("")))

    found = cells(ucdp)
    assert found["killed", country] == total
    parts = {code: found["killed", code] for code in by_area}
    assert parts == {code: added(iter(bounds)) for code, bounds in by_area.items()}
    first_level = {area for _, area in found if country in WORLD.ancestors(area)}
    assert first_level == set(parts)
    assert added(iter([*parts.values(), nowhere])) == total


async def test_the_430_rows_without_a_first_level_area_are_unallocated(
    ucdp: dict[str, Any], raw: duckdb.DuckDBPyConnection
) -> None:
    nowhere = f"select {ESTIMATES}, count(*) from ucdp where adm_1 is null and country = ?"
    expected = {
        country: raw.execute(nowhere, [name]).fetchall()[0] for country, name in COUNTRIES.items()
    }

    shown = [cell for cell in ucdp["cells"] if cell["kind"] == "unallocated"]
    found = {
        cell["area"]: (cell["low"], cell["best"], cell["high"], cell["figures_total"])
        for cell in shown
    }
    assert found == expected
    assert sum(rows for *_, rows in expected.values()) == 430


@pytest.mark.parametrize(
    ("measure", "column"), [("killed", "number_dead"), ("missing", "number_missing")]
)
async def test_iom_s_tolls_are_the_sums_of_the_raw_file(
    measure: str, column: str, iom: dict[str, Any], raw: duckdb.DuckDBPyConnection
) -> None:
    number = f"replace({column}, ',', '')::int"
    rows = raw.sql(
        f"select country_of_incident, sum({number})::int from iom "
        f"where {column} <> '' and {number} >= 0 group by 1"
    ).fetchall()
    expected: Counter[str] = Counter()
    nowhere = 0
    for name, count in rows:
        area = WORLD.find(name, levels=(0,)).area
        if area is None:
            nowhere += count
        else:
            expected[area.code] += count

    found = {area: value for (what, area), value in cells(iom).items() if what == measure}
    assert found == {area: (count, count, count) for area, count in expected.items()}
    assert nowhere == {"killed": 60, "missing": 500}[measure]


async def test_what_ucdp_printed_out_of_order_is_flagged(book: Tollbook) -> None:
    document = await queries.conflicts(book, "ucdp-ged", Question())

    disordered = [one for one in document["conflicts"] if one["kind"] == "bounds_disordered"]
    figures = {figure for one in disordered for side in one["sides"] for figure in side["figures"]}
    ids = ("71686", "84006", "71645", "71690", "210317", "224479")
    assert figures == {f"https://ucdp.uu.se/ged/{one}#killed" for one in ids}
