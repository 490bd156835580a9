"""All 21,002 real events through one mapping: every row is somewhere, and every sum holds."""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
from tests.conftest import emptied

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services import queries
from tollbook_services.queries import Question
from tollbook_services.settings import Settings
from tollbook_services.wiring import open_tollbook

ROOT: Final = Path(__file__).parents[2]
EVENTS: Final = ROOT.parent / "shared/data/events/real_events_normalised.jsonl.gz"
MAPPING: Final = ROOT / "docs/examples/real-events.toml"
WORLD: Final = default_gazetteer()
ROWS: Final = 21_002

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not EVENTS.exists(), reason="the shared data are not beside this checkout"),
]

Bounds = tuple[int, int, int]

DATASETS: Final = {"iom": "iom-mmp", "ucdp": "ucdp-ged-19.1"}
SUMS: Final = (("iom", "killed"), ("iom", "missing"), ("ucdp", "killed"))


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One loop for the ledger that all of these tests read."""
    return "asyncio"


@pytest.fixture(scope="module")
def receipts(valkey_url: str) -> tuple[Counter[str], Counter[str]]:
    """How many rows became what, at the first import and at the second."""
    url = emptied(valkey_url)
    return imported(url), imported(url)


def imported(url: str) -> Counter[str]:
    """The statuses of what an import makes of its rows."""
    command = [sys.executable, "-m", "tollbook_services.cli", "import", "csv", str(EVENTS)]
    options = ["--crisis", "world", "--map", str(MAPPING), "--redis", url, "--no-wait"]
    done = subprocess.run(
        [*command, *options, "--format", "json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Counter(json.loads(line)["status"] for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
async def tolls(receipts: Any, valkey_url: str) -> AsyncIterator[dict[str, dict[str, Any]]]:
    """The tolls of each originator: numbers of different ones are never added."""
    assert receipts
    async with open_tollbook(Settings(redis=valkey_url), create=False) as book:
        yield {
            name: await queries.tolls(book, "world", Question(originator=name)) for name in DATASETS
        }


@pytest.fixture(scope="module")
def raw() -> dict[tuple[str, str], dict[tuple[str, str | None], Bounds]]:
    """Low, best and high by originator and measure, by country and first-level name in the file.

    Computed by duckdb from the lines of the file, each line once.
    """
    found: dict[tuple[str, str], dict[tuple[str, str | None], Bounds]] = {}
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute(
            f"create table rows as select distinct json from read_json_objects('{EVENTS}')"
        )
        for name, measure in SUMS:
            sums = ", ".join(
                f"sum((json->>'$.measures.{measure}.{bound}')::int)::int"
                for bound in ("low", "best", "high")
            )
            grouped = database.execute(
                f"select json->>'$.country', json->>'$.adm1', {sums} from rows "
                f"where (json->'$.measures.{measure}') is not null "
                f"and json->>'$.dataset' = '{DATASETS[name]}' group by 1, 2"
            ).fetchall()
            found[name, measure] = {(country, adm1): bounds for country, adm1, *bounds in grouped}
    return found


def code_of(country: str) -> str | None:
    area = WORLD.find(country, levels=(0,)).area
    return None if area is None else area.code


def added(values: list[Any]) -> Bounds:
    low, best, high = (sum(column) for column in zip(*values, strict=True))
    return low, best, high


def test_every_row_is_appended_or_the_same_as_one_before_and_none_again(receipts) -> None:
    first, again = receipts
    assert first.total() == ROWS
    assert set(first) == {"appended", "duplicate"}
    with duckdb.connect() as database:
        distinct = database.execute(
            f"select count(distinct json) from read_json_objects('{EVENTS}')"
        ).fetchall()
    assert [(first["appended"],)] == distinct
    assert again == {"duplicate": ROWS}


@pytest.mark.parametrize(("name", "measure"), SUMS)
async def test_each_country_s_toll_is_the_sum_of_its_rows(name, measure, tolls, raw) -> None:
    expected: dict[str, list[Any]] = defaultdict(list)
    for (country, _), bounds in raw[name, measure].items():
        if (code := code_of(country)) is not None:
            expected[code].append(bounds)
    found = {
        cell["area"]: (cell["low"], cell["best"], cell["high"])
        for cell in tolls[name]["cells"]
        if (cell["measure"], cell["kind"], cell["segment"]) == (measure, "area", "all")
        and not WORLD.ancestors(cell["area"])
    }
    assert found == {code: added(values) for code, values in expected.items()}
    assert len(found) >= {"iom": 40, "ucdp": 2}[name]


@pytest.mark.parametrize("country", ["MM", "BD"])
async def test_provinces_and_what_names_none_add_up_to_the_country(country, tolls, raw) -> None:
    named: dict[str, list[Any]] = defaultdict(list)
    nowhere: list[Any] = []
    for (name, adm1), bounds in raw["ucdp", "killed"].items():
        if code_of(name) == country:
            area = None if adm1 is None else WORLD.find(adm1, inside=country, levels=(1,)).area
            (named[area.code] if area else nowhere).append(bounds)
    cells = {
        (cell["kind"], cell["area"]): (cell["low"], cell["best"], cell["high"])
        for cell in tolls["ucdp"]["cells"]
        if (cell["measure"], cell["segment"]) == ("killed", "all")
    }
    provinces = {code: cells["area", code] for code in named}
    assert provinces == {code: added(values) for code, values in named.items()}
    assert cells["unallocated", country] == added(nowhere)
    total = added([*provinces.values(), cells["unallocated", country]])
    assert cells["area", country] == total
