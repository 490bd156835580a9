"""The steps of an explanation where several things come together: their terms, and no more."""

import pytest
from figures_builder import between, day, fig, increment, report
from view_kit import explained

from tollbook_projections.filing import Document


def values(document: Document) -> tuple[object, ...]:
    return tuple(document["value"][bound]["value"] for bound in ("low", "best", "high"))


def strike(name: str, value: int, number: int) -> Document:
    """An incident of one day in Latakia."""
    window = {"start": day(number), "end": day(number)}
    return fig(name, value, "SY-LA", basis="incident", window=window)


def terms(document: Document, operation: str, rule: str, bound: str) -> list[list[int | None]]:
    """The values that go into each step of a kind."""
    return [
        [term["value"] for term in step["terms"]]
        for step in document["steps"]
        if (step["operation"], step["rule"], step["bound"]) == (operation, rule, bound)
    ]


def test_a_verified_minimum_that_raises_nothing_is_no_step() -> None:
    document = explained(
        "SY-LA",
        report("a", 8, fig("x", 100, "SY-LA"), by="a"),
        report("b", 8, fig("x", 60, "SY-LA", coverage="partial"), by="ohchr"),
    )

    assert values(document) == (100, 100, 100)
    assert "R13" not in {step["rule"] for step in document["steps"] if step["bound"] == "low"}


def test_a_part_first_known_after_its_total_is_told_less_what_was_unassigned() -> None:
    document = explained(
        "SY",
        report("a", 8, fig("sy", 100, "SY"), fig("la", 30, "SY-LA")),
        report("b", 9, fig("ta", 120, "SY-TA")),
    )

    # 70 of the 120 in Tartus are the 70 that the total had left unassigned
    assert document["agrees"]
    assert values(document)[1] == 150
    assert [120, 70] in terms(document, "less", "R6", "best")


def test_a_minimum_after_a_total_adds_the_gain_of_a_part_and_its_increment() -> None:
    document = explained(
        "SY",
        report("a", 8, fig("sy", 200, "SY"), fig("la", 100, "SY-LA")),
        report("b", 10, fig("la", 130, "SY-LA")),
        report("c", 12, increment("la", 7, "SY-LA", 11, 12)),
    )

    assert document["agrees"]
    assert values(document)[0] == 237
    assert terms(document, "less", "R5", "low") == [[130, 100]]


def test_what_a_part_had_at_a_total_is_its_figure_and_the_increments_that_follow_it() -> None:
    document = explained(
        "SY",
        report("a", 2, increment("early", 3, "SY-LA", 1, 2)),
        report("b", 5, fig("la", 20, "SY-LA", window={"start": day(1)})),
        report("c", 6, increment("next", 5, "SY-LA", 6, 6), fig("sy", 100, "SY")),
        report("d", 8, fig("la", 60, "SY-LA")),
    )

    # 25 by the 6th: the 3 of the first days are among the 20
    assert document["agrees"]
    assert values(document)[1] == 135
    assert [60, 25] in terms(document, "less", "R6", "best")


def test_overlapping_scopes_are_told_with_what_is_left_of_each_beside_the_shared_part() -> None:
    document = explained(
        "SY",
        report(
            "a",
            8,
            fig("coast", 100, ["SY-LA", "SY-TA"]),
            fig("south", 50, ["SY-HM", "SY-LA"]),
            fig("la", 30, "SY-LA"),
        ),
    )

    # 70 outside Latakia of the first, and the 50 of the second
    assert document["agrees"]
    assert values(document)[0] == 120


def test_overlapping_scopes_after_a_total_are_told_by_their_gain_alone() -> None:
    document = explained(
        "SY",
        report(
            "a",
            8,
            fig("sy", 300, "SY"),
            fig("coast", 100, ["SY-LA", "SY-TA"]),
            fig("south", 50, ["SY-HM", "SY-LA"]),
            fig("la", 30, "SY-LA"),
        ),
        report("b", 9, fig("coast", 110, ["SY-LA", "SY-TA"]), fig("la", 30, "SY-LA")),
    )

    assert document["agrees"]
    assert values(document)[0] == 310


def test_what_a_wider_increment_may_add_is_told_less_what_was_elsewhere() -> None:
    document = explained(
        "SY-LA",
        report("a", 8, fig("la", 50, "SY-LA")),
        report("b", 9, increment("sy", 20, "SY", 9, 9), increment("ta", 6, "SY-TA", 9, 9)),
    )

    assert document["agrees"]
    assert values(document)[2] == 64
    assert [20, 6] in terms(document, "less", "R8", "high")


def test_incidents_after_a_figure_are_told_one_by_one_and_those_before_it_not_at_all() -> None:
    document = explained(
        "SY-LA",
        report("a", 7, strike("first", 3, 7)),
        report("b", 8, fig("la", 100, "SY-LA")),
        report("c", 9, strike("second", 4, 9)),
        report("d", 10, strike("third", 5, 10)),
    )

    assert document["agrees"]
    assert values(document)[1] == 109
    assert [100, 4, 5] in terms(document, "add", "R5", "best")


@pytest.mark.parametrize(("country", "coast"), [(8, 9), (9, 8)])
def test_of_wider_increments_alone_the_latest_bounds_a_part(country: int, coast: int) -> None:
    document = explained(
        "SY-LA",
        report("a", 8, fig("some", 5, "SY-LA", coverage="partial")),
        report("b", 9, increment("sy", 50, "SY", country, country)),
        report("c", 9, increment("coast", 20, ["SY-LA", "SY-TA"], coast, coast)),
    )

    assert document["agrees"]
    assert values(document)[2] is not None


def test_a_minimum_of_one_figure_is_told_by_the_rule_it_stands_on() -> None:
    one = report("a", 8, fig("la", 100, "SY-LA"))
    more = report("b", 9, increment("la", 7, "SY-LA", 9, 9))

    assert terms(explained("SY-LA", one), "take", "R4", "low") == [[100]]
    assert terms(explained("SY-LA", more), "take", "R5", "low") == [[7]]
    assert terms(explained("SY-LA", one, more), "add", "R5", "low") == [[100, 7]]


def test_what_nobody_assigned_of_an_increment_is_told_with_what_was_left_before() -> None:
    document = explained(
        "*|*|*|unallocated|*|*|*|*",
        report("a", 8, fig("coast", 100, ["SY-LA", "SY-TA"])),
        report("b", 9, increment("coast", 7, ["SY-LA", "SY-TA"], 9, 9)),
    )

    assert document["agrees"]
    assert values(document) == (107, 107, 107)


def test_an_increment_that_names_a_range_alone_adds_nothing_to_a_best() -> None:
    coast = ["SY-LA", "SY-TA"]
    document = explained(
        "*|*|*|unallocated|*|*|*|*",
        report("a", 6, fig("coast", 100, coast), fig("la", 30, "SY-LA")),
        report("b", 8, increment("more", between(2, 5), coast, 7, 8)),
    )

    assert terms(document, "less", "R6", "best") == [[100, 30]]
    assert terms(document, "add", "R6", "best") == []


def test_an_increment_that_straddles_a_figure_is_said_to() -> None:
    document = explained(
        "SY-LA",
        report("a", 8, fig("la", 100, "SY-LA")),
        report("b", 9, increment("la", 10, "SY-LA", 7, 9)),
    )
    said = [term["says"] for step in document["steps"] for term in step["terms"]]

    assert values(document) == (100, None, 110)
    assert any("whose window straddles another" in one for one in said)


@pytest.mark.parametrize(("first", "second"), [("SY", "coast"), ("coast", "SY")])
def test_an_old_increment_of_a_wider_area_does_not_hide_a_new_one(first: str, second: str) -> None:
    scopes: dict[str, str | list[str]] = {"SY": "SY", "coast": ["SY-LA", "SY-TA"]}
    document = explained(
        "SY-LA",
        report("a", 6, increment("old", 9, scopes[first], 5, 6)),
        report("b", 8, fig("la", 50, "SY-LA")),
        report("c", 9, increment("new", 20, scopes[first], 9, 9)),
        report("d", 9, increment("other", 7, scopes[second], 9, 9)),
    )

    assert document["agrees"]
    assert values(document)[2] == 70


def test_an_increment_before_a_figure_began_to_count_is_told_beside_it() -> None:
    document = explained(
        "SY-LA",
        report("a", 3, increment("early", 4, "SY-LA", 1, 3)),
        report("b", 8, fig("la", 100, "SY-LA", window={"start": day(6)})),
    )

    assert document["agrees"]
    assert values(document) == (104, 104, 104)
