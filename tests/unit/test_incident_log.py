"""The running sums over the incidents of a region, in whatever order these come and go."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tollbook_projections.consolidation.incidents import IncidentLog
from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.consolidation.span import Span

NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)
DEATHS = st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(1, 9))
"""The day an incident ended, how many days it took, and how many it killed."""


def incidents(values: list[tuple[int, int, int]]) -> list[Span]:
    return [
        Span(
            NEW_YEAR + timedelta(days=end - length),
            NEW_YEAR + timedelta(days=end),
            Interval(count, count, count),
            (f"figure-{number}",),
        )
        for number, (end, length, count) in enumerate(values)
    ]


def log_of(spans: list[Span]) -> IncidentLog:
    log = IncidentLog()
    for span in spans:
        log.add(span)
    return log


@given(st.lists(DEATHS, min_size=1, max_size=12), st.data())
def test_incidents_that_come_late_or_go_again_leave_the_log_in_order_of_their_end(
    values: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    # given
    spans = incidents(values)
    log = log_of(data.draw(st.permutations(spans)))

    # when
    gone = data.draw(st.sets(st.sampled_from(spans)).map(list))
    for span in gone:
        log.remove(span)

    # then
    left = [span for span in spans if span not in gone]
    ends = [span.end for span in log.spans]
    assert ends == sorted(ends)
    assert log == log_of(left)
    assert log.total().best == sum(span.interval.low for span in left)


def test_an_incident_that_ended_earlier_is_placed_before_those_that_are_there() -> None:
    first, second, third = incidents([(1, 0, 4), (2, 0, 5), (3, 0, 6)])

    log = log_of([first, third, second])

    assert log.spans == [first, second, third]
    assert log.after(first.end) == [second, third]
