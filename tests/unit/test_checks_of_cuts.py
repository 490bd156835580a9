"""Another cut of the same people: who died is held against the figure that says how many."""

import pytest
from figures_builder import (
    CIVILIAN,
    SECURITY,
    about,
    act,
    ask,
    between,
    bounds,
    fig,
    gid,
    more_than,
    report,
)

from tollbook_projections.filing import Document

ARMED = {"status": "combatant", "group": "rebels"}
MALE, FEMALE, CHILD = {"sex": "male"}, {"sex": "female"}, {"age_band": "child"}


def incident(name: str, value: object, **fields: object) -> Document:
    """A figure of one incident in Latakia on the 8th."""
    window = {"start": "2025-03-08", "end": "2025-03-08"}
    said = {"basis": "incident", "incident": "raid", "window": window} | fields
    return fig(name, value, "SY-LA", **said)  # type: ignore[arg-type]


def cut(name: str, value: int, segment: dict[str, str] | None = None, **fields: object) -> Document:
    """A part of the dead of the raid."""
    return incident(name, value, role="triangulation", segment=segment or {}, **fields)


def raid(value: object, *cuts: Document) -> list[Document]:
    """A raid and its cuts, beside 1,000 killed in the area that none of them is held against."""
    return [
        report("wide", 9, fig("all", 1000, "SY-LA")),
        report("a", 8, incident("k", value), *cuts),
    ]


def of_sides(a: int, b: int, civilians: int, unknown: int) -> list[Document]:
    """The four columns of a georeferenced event."""
    return [
        cut("a", a, SECURITY),
        cut("b", b, ARMED),
        cut("civilians", civilians, CIVILIAN),
        cut("unknown", unknown),
    ]


@pytest.mark.parametrize(
    ("value", "sides", "holds"),
    [
        (10, (2, 3, 4, 1), True),
        (10, (2, 3, 4, 2), False),
        (10, (2, 3, 6, 0), False),
        (10, (1, 0, 2, 0), True),
        (between(8, 20, 10), (2, 3, 4, 1), True),
        (between(8, 20, 10), (2, 3, 4, 2), False),
        (between(8, 20), (5, 5, 5, 5), True),
        (between(8, 20), (5, 5, 5, 6), False),
        (more_than(10), (5, 5, 5, 5), True),
        (about(100), (30, 30, 40, 5), True),
        (about(100), (30, 30, 40, 50), False),
    ],
)
def test_who_died_is_held_against_the_figure_of_the_same_report(
    value: object, sides: tuple[int, int, int, int], *, holds: bool
) -> None:
    check = ask(*raid(value, *of_sides(*sides))).check("triangulation", "a#k")

    assert check.holds is holds
    assert bounds(check.computed) == (sum(sides), sum(sides), sum(sides))
    assert check.against == tuple(gid(f"a#{name}") for name in ("a", "b", "civilians", "unknown"))


def test_cuts_of_one_report_say_nothing_of_another() -> None:
    """Given two raids, when the cuts of one come to too many, then that one fails alone."""
    other = {"incident": "second"}
    answer = ask(
        *raid(10, *of_sides(2, 3, 6, 0)),
        report("b", 8, incident("k", 50, **other), cut("a", 20, SECURITY, **other)),
    )

    assert {check.figure: check.holds for check in answer.checks("triangulation")} == {
        gid("a#k"): False,
        gid("b#k"): True,
    }


def test_cuts_by_two_dimensions_are_the_same_people_twice() -> None:
    """Given women, men and children of one figure, then a child is not added to them."""
    parts = [cut("f", 4, FEMALE), cut("m", 6, MALE), cut("c", 3, CHILD)]

    check = ask(*raid(10, *parts)).check("triangulation", "a#k")

    assert check.holds
    assert bounds(check.computed) == (10, 10, 10)


def test_the_narrowest_figure_around_a_cut_is_the_one_it_splits() -> None:
    figures = [incident("c", 4, segment=CIVILIAN), cut("f", 5, CIVILIAN | FEMALE)]

    (check,) = ask(*raid(10, *figures)).checks("triangulation")

    assert (check.figure, check.holds) == (gid("a#c"), False)


def test_cuts_are_no_part_of_the_toll() -> None:
    answer = ask(report("a", 8, incident("k", 10), *of_sides(2, 3, 6, 9)))

    assert answer.of("SY-LA") == (10, 10, 10)


def test_a_corrected_figure_is_held_against_the_cuts_that_stand() -> None:
    events = raid(10, *of_sides(2, 3, 4, 1))
    corrected = act("correction", "fix", 9, "a#k", quantity={"qualifier": "exactly", "value": 8})

    assert not ask(*events, corrected).check("triangulation", "a#k").holds


def test_a_check_of_the_past_reads_the_figure_as_it_was_then() -> None:
    """Given a total that is a bound since the 12th, then until the 11th it is a sum."""
    events = [
        report(
            "a",
            8,
            fig("c", 60, "SY-LA", segment=CIVILIAN),
            fig("s", 40, "SY-LA", segment=SECURITY),
            fig("t", 90, "SY-LA", components=["c", "s"]),
        ),
        act(
            "definition_change",
            "later",
            12,
            "a#t",
            quantity={"qualifier": "at_least", "value": 90},
            as_of="2025-03-12",
        ),
    ]

    then, now = ask(*events, as_of=11).checks(figure="a#t"), ask(*events).checks(figure="a#t")

    assert [(check.kind, check.holds) for check in then] == [("sum", False)]
    assert [(check.kind, check.holds) for check in now] == [("bound", True)]
