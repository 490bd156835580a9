"""Narrower figures of incidents: how many at least and at most they make (R11)."""

from typing import Any

from figures_builder import ask, at_least, between, day, fig, report

from tollbook_projections.consolidation.incidents import LINEAGE_MAX
from tollbook_projections.filing import Document

FEMALE = {"sex": "female"}
MALE = {"sex": "male"}


def killed(
    name: str,
    value: Any,
    incident: str,
    number: int = 9,
    area: str | list[str] = "SY",
    **fields: Any,
) -> Document:
    """A figure of an incident of one day."""
    window = {"start": day(number), "end": day(number)}
    at = {"basis": "incident", "incident": incident, "window": window, "as_of": day(number)}
    return fig(name, value, area, **at, **fields)


def test_a_woman_among_the_dead_of_an_incident_opens_no_high() -> None:
    answer = ask(
        report("a", 9, killed("t", 3, "one"), killed("f", 1, "one", segment=FEMALE)),
        report("b", 10, killed("t", 5, "two", 10)),
    )

    assert answer.of("SY") == (8, 8, 8)
    assert answer.of("SY", "female") == (1, None, 8)
    assert not answer.flags("SY")


def test_men_of_an_incident_are_no_women() -> None:
    answer = ask(
        report(
            "a",
            9,
            killed("t", 3, "one"),
            killed("f", 1, "one", segment=FEMALE),
            killed("m", 2, "one", segment=MALE),
        ),
        report("b", 10, killed("t", 5, "two", 10)),
    )

    assert answer.of("SY") == (8, 8, 8)
    assert answer.of("SY", "female") == (1, None, 6)
    assert answer.of("SY", "male") == (2, None, 7)


def test_a_girl_among_the_women_of_an_incident_opens_no_high() -> None:
    answer = ask(
        report(
            "a",
            9,
            killed("t", 3, "one"),
            killed("f", 2, "one", segment=FEMALE),
            killed("g", 1, "one", segment=FEMALE | {"age_band": "child"}),
        ),
    )

    assert answer.of("SY") == (3, 3, 3)
    assert answer.of("SY", "female") == (2, None, 3)
    assert answer.of("SY", "female/child") == (1, None, 3)


def test_an_incident_of_women_only_adds_to_the_women_of_another_one() -> None:
    answer = ask(
        report("a", 9, killed("t", 3, "one"), killed("f", 1, "one", segment=FEMALE)),
        report("b", 10, killed("f", 2, "two", 10, segment=FEMALE)),
    )

    assert answer.of("SY") == (5, 5, 5)
    assert answer.of("SY", "female") == (3, None, 5)
    assert "floor_above_best" not in answer.flags("SY", "female")


def test_what_an_incident_of_a_country_had_in_a_province_is_at_most_all_of_it() -> None:
    # given: another incident in the province itself
    answer = ask(
        report("a", 9, killed("t", 10, "one"), killed("p", 4, "one", area="SY-LA")),
        report("b", 10, killed("p", 2, "two", 10, area="SY-LA")),
    )

    assert answer.of("SY") == (12, 12, 12)
    assert answer.of("SY-LA") == (6, None, 12)


def test_an_incident_of_a_country_leaves_women_of_a_province_more_than_that_has_itself() -> None:
    # given: two dead in the province itself, and women there of a wider incident
    answer = ask(
        report("a", 9, killed("t", 10, "one"), killed("f", 4, "one", 9, "SY-LA", segment=FEMALE)),
        report("b", 10, killed("p", 2, "two", 10, area="SY-LA")),
    )

    assert answer.of("SY-LA", "female") == (4, None, 12)


def test_an_incident_without_a_maximum_leaves_none_to_its_parts() -> None:
    answer = ask(
        report("a", 9, killed("t", at_least(3), "one"), killed("f", 1, "one", segment=FEMALE)),
    )

    assert answer.of("SY") == (3, 3, None)
    assert answer.of("SY", "female") == (1, None, None)


def test_incidents_are_no_maximum_of_women_that_a_place_has_beside_them() -> None:
    # given: a minimum of women that belongs to no incident
    answer = ask(
        report("a", 9, killed("t", 3, "one"), killed("f", 1, "one", segment=FEMALE)),
        report("b", 10, fig("p", 60, "SY", segment=FEMALE, place="Baniyas")),
    )

    assert answer.of("SY", "female")[2] is None
    assert answer.of("SY")[2] is None


def test_a_total_around_incidents_bounds_their_parts_itself() -> None:
    answer = ask(
        report("a", 9, killed("t", 3, "one"), killed("f", 1, "one", segment=FEMALE)),
        report("b", 10, fig("t", 7, "SY")),
    )

    assert answer.of("SY") == (7, 7, 7)
    assert answer.of("SY", "female") == (1, None, 7)


def test_incidents_of_two_provinces_are_unallocated_in_them_whatever_else_is_in_one() -> None:
    answer = ask(
        report("a", 9, killed("w", between(5, 15), "one", area=["SY-LA", "SY-TA"])),
        report("b", 10, killed("p", between(2, 6), "two", 10, area="SY-LA")),
    )

    assert answer.bucket("SY-LA+SY-TA") == (5, None, 15)
    assert answer.of("SY") == (7, None, 21)


def test_incidents_of_two_provinces_beside_a_total_of_one_are_what_it_leaves() -> None:
    answer = ask(
        report("a", 9, killed("w", 10, "one", area=["SY-LA", "SY-TA"])),
        report("b", 10, fig("p", 4, "SY-LA")),
    )

    assert answer.bucket("SY-LA+SY-TA") == (6, 10, 10)


def test_of_many_women_the_lineage_names_the_latest_and_counts_all() -> None:
    days = [1 + number % 20 for number in range(120)]
    answer = ask(
        *(
            report(
                f"r{number}",
                21,
                killed("t", 2, f"i{number}", at),
                killed("f", 1, f"i{number}", at, segment=FEMALE),
            )
            for number, at in enumerate(days)
        )
    )

    told = answer.cell("SY", "female").merged
    women = {figure for figure in told.figures if figure.endswith("#f")}
    assert told.interval.low == 120
    assert len(women) == LINEAGE_MAX
    assert told.figures_total == 240
