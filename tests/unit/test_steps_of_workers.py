"""What a worker reads while it folds."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from tests.contract.ledger_kit import event, report

from tollbook_projections.figures import FigureFold
from tollbook_projections.projection import RowChange
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy
from tollbook_services.folding import TURN_S, Lane
from tollbook_services.memory_rows import MemoryRows
from tollbook_services.pages import Pages
from tollbook_services.stored import StoredEntry, entry_from, with_recorded_time
from tollbook_services.testing.given import Bench

pytestmark = pytest.mark.anyio
EVENTS = 20_000
CRISES = 8


class Stored:
    """A history of small events."""

    def __init__(self) -> None:
        self.waits = 0
        stored, leaf = with_recorded_time(event("a").canonical, 1_700_000_000_000_000, None)
        self._fields = {b"e": stored, b"h": leaf, b"t": b"1700000000000000"}

    async def read(
        self, partition: int, after: int, count: int, upto: int | None = None
    ) -> list[StoredEntry]:
        self.waits += 1
        await asyncio.sleep(0)
        self.waits -= 1
        last = min(after + count, EVENTS)
        return [
            entry_from(partition, b"%d-0" % number, self._fields)
            for number in range(after + 1, last + 1)
        ]


async def test_no_read_waits_while_a_page_is_folded():
    history = Stored()
    pages = Pages(history, 0, 500)

    for at in range(0, 2_000, 500):
        assert len(await pages.after(at)) == 500
        assert history.waits == 0
    await pages.close()


class Slow(FigureFold):
    """Works out for long, in parts."""

    def draining(self) -> Iterator[list[RowChange]]:
        for part in super().draining():
            time.sleep(2 * TURN_S)
            yield part


async def test_others_get_turns_while_a_step_is_worked_out():
    gazetteer, turns = default_gazetteer(), []
    filed = [report(f"r{number}", 1, f"crisis-{number}") for number in range(CRISES)]
    lane = Lane(MemoryRows("ledger"), 0, lambda: Slow(gazetteer, default_policy()))
    assert await lane.load()

    async def other():
        while True:
            turns.append(lane.position)
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    assert await lane.advance(Bench(len(filed)).given(*filed).recorded)
    beside.cancel()
    assert turns.count(0) > CRISES
