"""Imports into a ledger on a real engine: 21,000 real rows, resumed anywhere, in any order."""

import asyncio
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from tests.conftest import emptied, opened

from tollbook_schemas.errors import UsageError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services.admission import Admission
from tollbook_services.importing.formats import importer_of
from tollbook_services.importing.rows import Context
from tollbook_services.importing.run import (
    IMPORT_BATCH,
    IMPORT_BYTES,
    Outcome,
    in_batches,
    overlapping,
    read,
)
from tollbook_services.importing.stores import DryStore, LedgerStore
from tollbook_services.ledger import Ledger
from tollbook_services.read_again import read_again
from tollbook_services.stored import RefusedEntry
from tollbook_services.testing.given import Bench

pytestmark = pytest.mark.anyio

CHECKOUT = Path(__file__).parents[2]
EVENTS = CHECKOUT.parent / "shared/data/events/real_events_normalised.jsonl.gz"
EXAMPLE = CHECKOUT / "docs/examples/real-events.toml"
WORLD = default_gazetteer()
ROWS = 21_002

MAP = tomllib.loads("""
source = "https://desk.example.org/table"
id = { digest = ["*"] }
originator = { column = "who" }
published_at = { column = "day" }
areas = { country = "SY", adm1 = { column = "where" } }
[[figures]]
measure = "killed"
unit = "person"
basis = "cumulative"
quantity.value = { column = "deaths" }
""")
HEADER = "day,who,where,deaths\n"


async def run(ledger: Ledger, file: Path, mapping: dict[str, Any] = MAP) -> list[Outcome]:
    """Import a table, as the command does."""
    return await collected(batches(file, mapping), LedgerStore(ledger, "csv", "c"))


def batches(file: Path, mapping: dict[str, Any] = MAP) -> AsyncIterator[list[Outcome]]:
    context = Context("c", WORLD, mapping)
    return in_batches(read(importer_of("csv"), file, context, WORLD))


async def collected(found: AsyncIterator[list[Outcome]], store: Any) -> list[Outcome]:
    return [one async for batch in overlapping(found, store) for one in batch]


def statuses(outcomes: Iterable[Outcome]) -> Counter[str]:
    return Counter(one.receipt.status if one.receipt else "skipped" for one in outcomes)


async def sent(ledger: Ledger) -> list[bytes]:
    """All events of the ledger, as they were sent, in order."""
    return [
        entry.sent()
        for partition in range(ledger.partitions)
        for entry in await ledger.read(partition, 0, 1_000)
    ]


def table(folder: Path, lines: Iterable[str]) -> Path:
    file = folder / "rows.csv"
    file.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    return file


@pytest.mark.skipif(not EVENTS.exists(), reason="the shared data are not beside this checkout")
async def test_all_real_events_are_imported_with_a_mapping_file_and_none_twice(
    redis: Redis,
) -> None:
    """Given the mapping of the docs, when 21,002 rows are imported twice, then each is there once.

    Its ids are digests of whole rows, so rows that only share the producer's id are apart.
    """
    ledger = await Ledger.open(redis)
    mapping = tomllib.loads(EXAMPLE.read_text())
    different = len({orjson.dumps(one.rows[0].cells) for one in await _read_all(mapping)})

    first = statuses(await run(ledger, EVENTS, mapping))
    again = statuses(await run(ledger, EVENTS, mapping))

    assert first == {"appended": different, "duplicate": ROWS - different}
    assert again == {"duplicate": ROWS}
    assert len(EXAMPLE.read_text().splitlines()) < 60


async def _read_all(mapping: dict[str, Any]) -> list[Outcome]:
    return [one async for batch in batches(EVENTS, mapping) for one in batch]


LINES = st.tuples(
    st.sampled_from(["2025-03-10", "2025-03-11", "2025-03-12", "soon"]),
    st.sampled_from(["sohr", "snhr"]),
    st.sampled_from(["Latakia", "SY06", "Tartus", "", "Atlantis"]),
    st.sampled_from(["0", "5", "1,225", "", "many"]),
).map(lambda cells: '{},{},{},"{}"'.format(*cells))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(LINES, max_size=8), split=st.integers(0, 8))
def test_an_import_split_at_any_row_and_resumed_gives_the_same_ledger(
    valkey_url: str, tmp_path: Path, lines: list[str], split: int
) -> None:
    """Given an import that ended after some rows, when all is imported, then nothing differs."""

    async def ledger_of(*parts: list[str]) -> tuple[list[bytes], list[bytes]]:
        async with opened(emptied(valkey_url)) as redis:
            ledger = await Ledger.open(redis, partitions=2)
            for part in parts:
                await run(ledger, table(tmp_path, part))
            refused = [entry.raw for entry in await ledger.read_rejected()]
            return await sent(ledger), refused

    assert asyncio.run(ledger_of(lines[:split], lines)) == asyncio.run(ledger_of(lines))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), lines=st.lists(LINES, max_size=6))
def test_the_order_of_rows_does_not_change_the_tolls(
    tmp_path: Path, data: st.DataObject, lines: list[str]
) -> None:
    shuffled = data.draw(st.permutations(lines))

    assert _tolls(tmp_path, shuffled) == _tolls(tmp_path, lines)


def _tolls(folder: Path, lines: list[str]) -> Any:
    context = Context("c", WORLD, MAP)
    found = list(read(importer_of("csv"), table(folder, lines), context, WORLD))
    events = [orjson.loads(one.event.canonical) for one in found if one.event]
    if not events:
        return []
    answer = Bench(7).given(*events).project()
    return answer.tolls()["cells"]


async def test_what_is_refused_is_kept_once_with_its_place_and_its_row(
    redis: Redis, tmp_path: Path
) -> None:
    """Given rows that cannot be understood, when imported twice, then each is kept once."""
    ledger = await Ledger.open(redis)
    file = table(
        tmp_path, ["2025-03-11,sohr,Latakia,many", "2025-03-11,sohr,Latakia", "x,sohr,Latakia,5"]
    )

    first = await run(ledger, file)
    again = await run(ledger, file)

    assert statuses(first) == statuses(again) == {"rejected": 3}
    kept = await ledger.read_rejected()
    assert [entry.origin for entry in kept] == [f"import csv:{file}, line {n}" for n in (2, 3, 4)]
    assert orjson.loads(kept[0].raw)["deaths"] == "many"
    ((_, reason),) = kept[0].reasons
    assert "'many' is no whole number" in reason
    assert f"({file}, line 2, column deaths)" in reason
    assert [one.faults[0].column for one in first] == ["deaths", "deaths", "day"]


async def test_the_same_row_refused_for_another_reason_is_kept_again(
    redis: Redis, tmp_path: Path
) -> None:
    ledger = await Ledger.open(redis)
    file = table(tmp_path, ["2025-03-11,sohr,Atlantis,many"])
    mapping = MAP | {"areas": {"country": "SY"}}
    mapping["figures"] = [MAP["figures"][0] | {"quantity": {"value": 5}}]

    await run(ledger, file)
    await run(ledger, file, MAP | {"figures": mapping["figures"]})

    reasons = [entry.reasons[0][1] for entry in await ledger.read_rejected()]
    assert len(reasons) == 2
    assert "'many'" in reasons[0]
    assert "'Atlantis'" in reasons[1]


async def test_equal_rows_in_one_batch_are_refused_each_and_kept_once(
    redis: Redis, tmp_path: Path
) -> None:
    ledger = await Ledger.open(redis)
    file = table(tmp_path, ["2025-03-11,sohr,Latakia,many"] * 3)

    assert statuses(await run(ledger, file)) == {"rejected": 3}
    assert len(await ledger.read_rejected()) == 1


async def test_a_fault_that_the_contract_finds_is_told_at_its_column(
    redis: Redis, tmp_path: Path
) -> None:
    ledger = await Ledger.open(redis)
    file = table(tmp_path, ["2025-03-11,Two Words,Latakia,5"])

    (outcome,) = await run(ledger, file)

    (fault,) = outcome.faults
    assert (fault.column, "/data/originator" in fault.message) == ("who", True)
    (kept,) = await ledger.read_rejected()
    assert orjson.loads(kept.raw)["data"]["originator"] == "Two Words"


async def test_an_id_with_other_content_goes_into_quarantine(redis: Redis, tmp_path: Path) -> None:
    ledger = await Ledger.open(redis)
    mapping = MAP | {"id": "{day}"}
    day = "2025-03-11,sohr,Latakia"
    file = table(tmp_path, [f"{day},5", f"{day},5", f"{day},6"])

    outcomes = await run(ledger, file, mapping)

    assert statuses(outcomes) == {"appended": 1, "duplicate": 1, "quarantined": 1}


@pytest.mark.parametrize("there", [True, False])
async def test_a_dry_run_foresees_what_an_import_does_and_writes_nothing(
    redis: Redis, tmp_path: Path, *, there: bool
) -> None:
    """Given rows that are new, known, doubled or refused, then the dry run says what will be."""
    ledger = await Ledger.open(redis)
    mapping = MAP | {"id": "{day}", "where": [{"column": "who", "not_in": ["nobody"]}]}
    if there:
        await run(ledger, table(tmp_path, ["2025-03-10,sohr,Latakia,4"]), mapping)
    before = await sent(ledger)
    lines = ["2025-03-10,sohr,Latakia,4", "2025-03-11,sohr,Latakia,5", "2025-03-11,sohr,SY06,6"]
    lines += ["2025-03-11,sohr,Latakia,5", "2025-03-12,sohr,Latakia,x", "2025-03-12,nobody,SY06,1"]
    file = table(tmp_path, lines)

    store = DryStore(ledger if there else None)
    foreseen = [_status(one) for one in await collected(batches(file, mapping), store)]

    assert await sent(ledger) == before
    assert await ledger.read_rejected() == []
    assert foreseen == [_status(one) for one in await run(ledger, file, mapping)]
    assert foreseen[1:] == ["appended", "quarantined", "duplicate", "rejected", "skipped"]


def _status(one: Outcome) -> str:
    return one.receipt.status if one.receipt else "skipped"


async def test_batches_are_of_so_many_rows_or_so_many_bytes(tmp_path: Path) -> None:
    """Given many rows, and few large ones, then no batch holds more than it may."""
    many = table(tmp_path, [f"2025-03-11,sohr,Latakia,{number}" for number in range(1_100)])
    sizes = [len(batch) async for batch in batches(many)]
    long = "x" * 500_000
    large = table(tmp_path, [f'2025-03-11,{long},Latakia,"{number}"' for number in range(20)])
    bytes_ = [sum(one.size for one in batch) async for batch in batches(large)]

    assert sizes == [IMPORT_BATCH, IMPORT_BATCH, 100]
    assert max(bytes_) < IMPORT_BYTES + 2 * len(long)
    assert len(bytes_) > 1


async def test_rows_are_read_while_others_are_stored(tmp_path: Path) -> None:
    """Given a store that waits until more rows were read, then the import does not stand still."""
    file = table(tmp_path, [f"2025-03-11,sohr,Latakia,{number}" for number in range(1_200)])
    told: list[str] = []
    more = asyncio.Event()

    async def watched() -> AsyncIterator[list[Outcome]]:
        async for batch in batches(file):
            told.append(f"read {len(batch)}")
            if len(told) > 1:
                more.set()
            yield batch

    async def store(batch: list[Outcome]) -> list[Outcome]:
        await asyncio.wait_for(more.wait(), 10)
        told.append(f"stored {len(batch)}")
        return batch

    found = await collected(watched(), store)

    assert [one.rows[0].cells["deaths"] for one in found] == [str(n) for n in range(1_200)]
    assert told[:3] == ["read 500", "read 500", "stored 500"]


async def test_a_store_that_fails_ends_the_import_with_its_reason(tmp_path: Path) -> None:
    file = table(tmp_path, [f"2025-03-11,sohr,Latakia,{number}" for number in range(1_200)])

    async def store(batch: list[Outcome]) -> list[Outcome]:
        raise ConnectionError(f"gone with {len(batch)}")

    with pytest.raises(ConnectionError, match="gone with 500"):
        await collected(batches(file), store)


async def test_a_file_that_is_broken_at_its_end_gives_what_stands_before(
    redis: Redis, tmp_path: Path
) -> None:
    """Given a quote that is never closed, then all rows before it are stored, and it is told."""
    ledger = await Ledger.open(redis)
    lines = [f"2025-03-11,sohr,Latakia,{number}" for number in range(700)]
    file = table(tmp_path, [*lines, '2025-03-11,"sohr'])

    with pytest.raises(UsageError, match="line 702"):
        await run(ledger, file)

    assert len(await sent(ledger)) == 700


async def test_a_refused_row_that_is_read_again_is_sent_back_to_its_file(
    redis: Redis, tmp_path: Path
) -> None:
    """Given refused rows, when the rejected stream is replayed, then it says what they are."""
    ledger = await Ledger.open(redis)
    lines = ["2025-03-11,sohr,Latakia,many", "2025-03-11,Two Words,Latakia,5"]
    await run(ledger, table(tmp_path, lines))

    async def entries() -> AsyncIterator[RefusedEntry]:
        for entry in await ledger.read_rejected():
            yield entry

    again = [
        receipt.errors[0]
        async for _, receipt in read_again(
            entries(), ledger, Admission(ledger, WORLD), dry_run=False
        )
    ]

    assert again[0].message == "this is a row of a table: import its file again"
    assert again[1].pointer == "/data/originator"
