"""Step lines as geometry: steps, gaps, bands, what is open, marks, and odd inputs."""

import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from tollbook_projections.consolidation.interval import Interval
from tollbook_services.site.chart.drawing import NARROW, PATTERNS, WIDE, drawing
from tollbook_services.site.chart.model import Line, Mark, Point
from tollbook_services.site.chart.scales import DAY_S

DAY = datetime(2025, 3, 8, tzinfo=UTC).timestamp()


def _exactly(number: int) -> Interval:
    return Interval(number, number, number)


def _line(*values: Interval | None, name: str = "sohr", first: float = DAY, **more) -> Line:
    points = tuple(Point(first + n * DAY_S, value, n + 1) for n, value in enumerate(values))
    return Line(name, points, **more)


def _only(drawn):
    (line,) = drawn.lines
    return line


def _heights(path: str) -> list[float]:
    """Every y of a path of M, H and V."""
    return [float(one) for one in re.findall(r"(?:V|M[\d.]+ )([\d.]+)", path)]


def test_a_value_holds_until_the_next_one_and_the_last_to_the_end():
    drawn = drawing([_line(_exactly(340), _exactly(1_000))])

    line = _only(drawn)
    (x1, y1), (x2, y2) = line.dots
    assert line.paths.best == f"M{x1:g} {y1:g}H{x2:g}V{y2:g}H{drawn.right:g}"
    assert y2 == drawn.top  # 1,000 is the top of the axis
    assert line.end == (drawn.right, y2)


def test_zero_is_at_the_bottom():
    drawn = drawing([_line(_exactly(0), _exactly(10))])

    assert _only(drawn).dots[0][1] == drawn.bottom
    assert drawn.numbers[0].text == "0"
    assert drawn.numbers[0].at == drawn.bottom


def test_values_that_are_all_zero_are_drawn_at_the_bottom():
    drawn = drawing([_line(_exactly(0), _exactly(0))])

    assert {y for _, y in _only(drawn).dots} == {drawn.bottom}


def test_nothing_in_force_leaves_a_gap():
    drawn = drawing([_line(_exactly(5), None, _exactly(7))])

    assert _only(drawn).paths.best.count("M") == 2
    assert len(_only(drawn).dots) == 2


def test_a_line_whose_last_value_was_taken_back_has_no_end():
    assert _only(drawing([_line(_exactly(5), None)])).end is None


def test_a_break_of_the_series_is_not_joined_but_shown():
    points = (Point(DAY, _exactly(900), 1), Point(DAY + DAY_S, _exactly(200), 2, broken=True))

    line = _only(drawing([Line("who", points)]))

    assert line.paths.best.count("M") == 2
    assert len(_heights(line.paths.breaks)) == 2


def test_a_band_spans_low_to_high():
    drawn = drawing([_line(Interval(100, 200, 1_000))])

    heights = _heights(_only(drawn).paths.band)
    assert min(heights) == drawn.top
    assert max(heights) == pytest.approx(drawn.bottom - 0.1 * (drawn.bottom - drawn.top), abs=0.1)


def test_exact_values_have_no_band():
    line = _only(drawing([_line(_exactly(5), _exactly(6))]))

    assert (line.paths.band, line.paths.opened, line.paths.edges) == ("", "", "")


def test_an_open_high_reaches_the_top_of_the_chart():
    drawn = drawing([_line(Interval(1_225, 1_225, None))])

    line = _only(drawn)
    assert min(_heights(line.paths.opened)) == drawn.top
    assert drawn.wants_open
    assert not drawn.clipped


def test_a_word_has_edges_and_no_line():
    line = _only(drawing([_line(Interval(100, None, 999))]))

    assert not line.paths.best
    assert line.paths.edges.count("M") == 2


def test_a_high_far_above_every_number_runs_off_the_top_and_does_not_flatten_the_rest():
    drawn = drawing([_line(Interval(5, 10, 1_000_000), _exactly(12))])

    assert drawn.clipped
    assert int(drawn.numbers[-1].text) == 12
    assert min(_heights(_only(drawn).paths.band)) == drawn.top


def test_a_single_value_has_a_day_around_it():
    drawn = drawing([_line(_exactly(7))])

    ((x, _),) = _only(drawn).dots
    assert x == pytest.approx((drawn.left + drawn.right) / 2, abs=0.1)
    assert len(drawn.moments) >= 2


def test_lines_of_the_past_have_dates_before_1970():
    first = datetime(1915, 4, 24, tzinfo=UTC).timestamp()
    points = tuple(Point(first + n * 365 * DAY_S, _exactly(n), n) for n in range(9))

    drawn = drawing([Line("then", points)])

    assert [tick.text for tick in drawn.moments] == [str(year) for year in range(1915, 1924)][
        : len(drawn.moments)
    ]
    assert len(drawn.moments) >= 8


@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_the_calendar_can_be_drawn(year):
    first = (datetime(year, 6, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()

    assert drawing([_line(_exactly(1), first=first)]).moments


def test_marks_lie_where_they_say():
    line = _line(_exactly(10), _exactly(5), marks=(Mark(DAY + DAY_S, 5, "unexplained_fall", 2),))

    drawn = _only(drawing([line]))

    (mark,) = drawn.marks
    assert (mark.x, mark.y) == drawn.dots[1]
    assert mark.kind == "unexplained_fall"


def test_a_mark_far_above_the_line_stands_at_the_top_and_does_not_flatten_it():
    line = _line(_exactly(40), _exactly(50), marks=(Mark(DAY, 300, "corrected", 3),))

    drawn = drawing([line])

    assert drawn.clipped
    assert int(drawn.numbers[-1].text) == 50
    assert _only(drawn).marks[0].y == drawn.top


def test_a_line_of_marks_alone_is_drawn_without_an_end():
    drawn = _only(drawing([Line("snhr", (), (Mark(DAY, 240, "uncounted", 1),))]))

    assert drawn.paths.best == ""
    assert drawn.end is None
    assert len(drawn.marks) == 1


def test_nothing_to_see_is_no_chart():
    assert drawing([]) is None
    assert drawing([Line("nobody", ())]) is None


def test_lines_have_names_at_their_ends_that_do_not_cover_each_other():
    lines = [_line(_exactly(100 + n), name=f"originator-{n}") for n in range(5)]

    drawn = drawing(lines)

    places = sorted(line.label.at for line in drawn.lines)
    assert all(after - before > 14.8 for before, after in pairwise(places))
    assert {line.label.text for line in drawn.lines} == {line.name for line in lines}


def test_long_names_are_cut_and_many_lines_named_in_the_legend_alone():
    lines = [_line(_exactly(n), name=f"a-very-long-originator-name-{n}") for n in range(30)]

    drawn = drawing(lines, NARROW)

    assert drawn.right - drawn.left > 150
    assert drawn.lines[0].label.text == "a-very-long…"
    assert drawn.lines[-1].label is None
    assert {line.pattern for line in drawn.lines} == set(range(PATTERNS))


def test_five_hundred_points_stay_small_and_keep_every_extreme():
    values = [_exactly(1_000 if n == 250 else n % 7) for n in range(500)]

    drawn = drawing([_line(*values)], WIDE)

    line = _only(drawn)
    assert len(line.paths.best) < 12_000
    assert min(_heights(line.paths.best)) == drawn.top
    assert line.dots == ()


def test_twenty_thousand_points_are_thinned_to_what_pixels_can_show():
    points = tuple(Point(DAY + n, _exactly(n % 100), n) for n in range(20_000))

    line = _only(drawing([Line("sensor", points)]))

    assert len(line.paths.best) < 40_000
