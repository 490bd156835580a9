"""Axes of charts: round numbers from zero, round moments in UTC, labels apart."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook_services.site.chart.scales import (
    DAY_S,
    TIME_MAX,
    TIME_MIN,
    number_ticks,
    spread,
    time_ticks,
)


def _s(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _texts(first: str, last: str, count_max: int = 8) -> list[str]:
    return [tick.text for tick in time_ticks(_s(first), _s(last), count_max)]


@given(greatest=st.integers(0, 2**53))
def test_numbers_begin_at_zero_and_reach_the_greatest_in_round_whole_steps(greatest):
    ticks = number_ticks(greatest)

    steps = {after.at - before.at for before, after in pairwise(ticks)}
    assert ticks[0].at == 0
    assert ticks[-1].at >= greatest
    assert 2 <= len(ticks) <= 7
    assert len(steps) == 1
    assert str(int(steps.pop())).rstrip("0") in {"1", "2", "5"}


def test_an_axis_for_nothing_but_zeros_has_a_one():
    assert [tick.text for tick in number_ticks(0)] == ["0", "1"]


def test_numbers_have_separators():
    assert number_ticks(1_383)[-1].text == "1,500"


@pytest.mark.parametrize(
    ("first", "last", "texts"),
    [
        ("2025-03-08T10:00", "2025-03-08T23:00", ["8 Mar 12:00", "15:00", "18:00", "21:00"]),
        ("2025-03-08T20:00", "2025-03-09T04:00", ["8 Mar 21:00", "9 Mar 00:00", "03:00"]),
        ("2025-03-06", "2025-03-09", ["6 Mar 00:00", "12:00", "7 Mar 00:00", "12:00",
                                      "8 Mar 00:00", "12:00", "9 Mar 00:00"]),
        ("2025-03-06", "2025-03-12", [f"{day} Mar" for day in range(6, 13)]),
        ("2025-01-15", "2025-06-15", ["Feb 2025", "Mar 2025", "Apr 2025", "May 2025", "Jun 2025"]),
        ("1962-06-01", "1971-06-01", ["1964", "1966", "1968", "1970"]),
    ],
)  # fmt: skip
def test_moments_are_round_and_named_as_finely_as_they_lie(first, last, texts):
    assert _texts(first, last) == texts


def test_weeks_begin_on_a_monday():
    ticks = time_ticks(_s("2025-03-01"), _s("2025-04-10"), 8)

    assert {datetime.fromtimestamp(tick.at, UTC).weekday() for tick in ticks} == {0}


@given(
    first=st.floats(TIME_MIN, TIME_MAX - 2 * DAY_S),
    span=st.floats(2 * 3600.0, TIME_MAX - TIME_MIN),
    count_max=st.integers(2, 12),
)
def test_ticks_of_any_time_lie_in_it_in_order_and_are_not_too_many(first, span, count_max):
    last = min(first + span, TIME_MAX)

    ticks = time_ticks(first, last, count_max)

    assert len(ticks) <= count_max
    assert all(first <= tick.at <= last for tick in ticks)
    assert all(before.at < after.at for before, after in pairwise(ticks))


@given(wanted=st.lists(st.floats(0, 300), max_size=20))
def test_labels_lie_apart_in_the_order_of_what_they_name(wanted):
    places = spread(wanted, 15.0, 0.0, 300.0)

    ordered = [place for _, place in sorted(zip(wanted, places, strict=True))]
    assert all(after - before > 14.999 for before, after in pairwise(sorted(places)))
    assert sorted(ordered) == ordered


def test_labels_that_do_not_touch_stay_where_they_are_wanted():
    assert spread([200.0, 10.0, 100.0], 15.0, 0.0, 300.0) == [200.0, 10.0, 100.0]
