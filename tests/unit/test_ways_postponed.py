"""What events come to may be worked out once, after many pages: no row is another one then."""

import asyncio
from collections.abc import Iterator, Sequence

from event_strategies import Document
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_ways_of_folding import EXAMPLES, histories

from tollbook_projections.figures import FigureFold
from tollbook_projections.projection import Recorded, RowChange
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy
from tollbook_services.checkpoint import Snapshot
from tollbook_services.folding import Lane
from tollbook_services.memory_rows import MemoryRows
from tollbook_services.testing.given import Bench

EASY = settings(
    max_examples=EXAMPLES or 25,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


class Picky(FigureFold):
    """Cannot take some events, and counts how often it worked out cells."""

    refused: frozenset[int] = frozenset()
    solved: int = 0

    def apply(self, recorded: Recorded) -> None:
        super().apply(recorded)  # what was taken up by half must leave no trace
        if recorded.sequence in Picky.refused:
            raise ValueError("an event that no fold can take")

    def draining(self) -> Iterator[list[RowChange]]:
        Picky.solved += 1
        return super().draining()


def made() -> Picky:
    return Picky(default_gazetteer(), default_policy())


async def folded(events: Sequence[Recorded], size: int, *, postpone: bool) -> Snapshot:
    rows = MemoryRows("ledger")
    lane = Lane(rows, 0, made)
    assert await lane.load()
    for start in range(0, len(events), size):
        last = start + size >= len(events)
        assert await lane.begin(events[start : start + size], more=postpone and not last)
    assert await lane.settle()
    return await rows.snapshot(0, lane.projection)


@EASY
@given(histories(), st.integers(1, 5), st.sets(st.integers(1, 14), max_size=2))
def test_rows_are_the_same_where_cells_are_worked_out_once_at_the_end(
    history: list[Document], size: int, refused: set[int]
) -> None:
    Picky.refused = frozenset(refused)
    events = Bench(len(history)).given(*history).recorded

    expected = asyncio.run(folded(events, size, postpone=False))

    assert asyncio.run(folded(events, size, postpone=True)) == expected
    assert set(expected.parked) == {one for one in refused if one <= len(events)}


def test_pages_in_between_are_not_worked_out() -> None:
    Picky.refused = frozenset()
    filed = _reports(12)
    events = Bench(len(filed)).given(*filed).recorded
    Picky.solved = 0

    asyncio.run(folded(events, 2, postpone=True))

    assert Picky.solved == 1


def _reports(count: int) -> list[Document]:
    figure = {
        "id": "f",
        "measure": "killed",
        "unit": "person",
        "areas": ["SY-LA"],
        "basis": "cumulative",
        "window": {"start": "2020-01-01"},
    }
    return [
        {
            "specversion": "1.0",
            "type": "org.tollbook.report.filed.v1",
            "source": "https://desk.example",
            "id": f"r{number}",
            "subject": "coast-2025",
            "time": f"2025-03-{number + 1:02}T20:00:00Z",
            "data": {
                "originator": "sohr",
                "published_at": f"2025-03-{number + 1:02}T20:00:00Z",
                "figures": [
                    figure
                    | {
                        "as_of": f"2025-03-{number + 1:02}T20:00:00Z",
                        "quantity": {"qualifier": "exactly", "value": 10 * number},
                    }
                ],
            },
        }
        for number in range(count)
    ]
