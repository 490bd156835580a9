"""Windows that share no moment, and the gaps between them."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tollbook_projections.consolidation.span import BEGINNING, END
from tollbook_projections.consolidation.windows import Apart, Window, clear_of
from tollbook_schemas.times import instant_of

FIRST = instant_of("2025-03-01T00:00:00Z")


def hours(start: int, end: int) -> Window:
    return FIRST + timedelta(hours=start), FIRST + timedelta(hours=end)


WINDOWS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 6)).map(lambda one: hours(one[0], sum(one))),
    max_size=8,
)


@given(WINDOWS)
def test_a_window_is_taken_if_it_is_clear_of_all_that_were(windows: list[Window]) -> None:
    apart, taken = Apart(), list[Window]()

    for window in windows:
        clear = clear_of(window, taken)
        assert apart.take(window) == clear
        taken += [window] if clear else []

    assert apart.windows == sorted(taken)


def test_gaps_lie_before_between_and_after_windows() -> None:
    apart = Apart()
    assert apart.take(hours(5, 7))
    assert apart.take(hours(1, 2))

    assert apart.gaps(*hours(0, 9)) == [hours(0, 1), hours(2, 5), hours(7, 9)]
    assert apart.gaps(BEGINNING, END)[0] == (BEGINNING, hours(1, 1)[0])


def test_days_that_follow_each_other_have_no_gap() -> None:
    apart = Apart()
    assert apart.take((FIRST, FIRST + timedelta(seconds=86_399)))
    assert apart.take((FIRST + timedelta(days=1), FIRST + timedelta(days=2)))

    assert apart.gaps(FIRST, FIRST + timedelta(days=2)) == []
