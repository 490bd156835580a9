"""Checks that have nothing to be held against do not hide the checks after them."""

from figures_builder import ask, bounds, day, fig, gid, increment, report

from tollbook_projections.filing import Document


def cut(name: str, value: int, area: str) -> Document:
    """A day of another cut of the people of an area, as of the 8th."""
    fields = {"role": "triangulation", "dated_by": "occurrence"}
    return increment(name, value, area, 6, 6, **fields) | {"as_of": day(8)}


def test_a_cut_of_an_area_without_a_toll_is_passed_over() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 8, cut("homs", 7, "SY-HM"), cut("latakia", 60, "SY-LA")),
    )

    (check,) = answer.checks("triangulation")
    assert check.figure == gid("b#latakia")
    assert check.computed is not None
    assert bounds(check.computed) == (100, 100, 100)


def test_a_part_of_a_figure_that_never_came_is_held_against_nothing() -> None:
    answer = ask(report("a", 8, fig("x", 100, "SY-LA", part_of=gid("never#came"))))

    assert answer.checks() == []
    assert answer.of("SY-LA") == (100, 100, 100)
