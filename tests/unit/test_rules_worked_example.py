"""Section 6: both tables of the worked example, from the shipped coast crisis."""

import json
from importlib.resources import files
from typing import Any

import pytest
from figures_builder import FOUR, Answer, Bounds, ask, bounds

EVENTS: list[dict[str, Any]] = [
    json.loads(line)
    for line in files("tollbook_services")
    .joinpath("data/coast-2025.jsonl")
    .read_bytes()
    .splitlines()
]
DESK = "https://desk.tollbook.example"
SCOPE = "SY-LA+SY-TA"
FOUR_SCOPE = "SY-HI+SY-HM+SY-LA+SY-TA"
SECURITY = "combatant/state_security"
PRO_REGIME = "combatant/pro_former_regime"
ARTICLE = ask(EVENTS[0])


def sohr(number: int) -> Answer:
    """What SOHR alone said up to a day of March."""
    return ask(*EVENTS, as_of=number, originator="sohr")


def best(bound: Bounds) -> int | None:
    return bound[1]


@pytest.mark.parametrize(
    ("segment", "value"), [("civilian", 745), (SECURITY, 125), (PRO_REGIME, 148), ("all", 1018)]
)
def test_the_article_alone(segment: str, value: int) -> None:
    answer = ARTICLE

    for area in ("SY-LA", "SY-TA"):
        assert answer.of(area, segment, measure="killed") == (0, None, value)
    bucket = answer.cell(SCOPE, segment, "unallocated", measure="killed").merged.interval
    assert bounds(bucket) == (value, value, value)
    assert answer.of("SY", segment, measure="killed") == (value, value, value)


def test_the_articles_total_of_more_than_1000_is_satisfied() -> None:
    (check,) = ARTICLE.checks("bound")

    assert check.holds
    assert bounds(check.computed) == (1018, 1018, 1018)


def test_every_other_province_shows_no_report() -> None:
    killed = {
        cell.key.region.areas
        for cell in ARTICLE.told.cells
        if cell.key.counted.measure == "killed" and cell.key.kind == "area"
    }

    assert killed == {("SY-LA",), ("SY-TA",), ("SY",)}


def test_the_three_displacements_of_the_article_are_never_added() -> None:
    fled = ARTICLE.cell(SCOPE, "civilian", "unallocated", measure="displaced")
    families = ARTICLE.cell(SCOPE, "civilian", "unallocated", measure="displaced_across_border")
    base = ARTICLE.cell("SY-LA", "civilian", measure="sheltering")

    assert bounds(fled.merged.interval) == (100, None, 999)
    assert bounds(families.merged.interval) == (12, None, 99)
    assert families.key.counted.unit == "family"
    assert families.key.region.flow.destination == ("LB",)
    assert bounds(base.merged.interval) == (0, None, None)
    assert "unquantified" in base.merged.flags
    assert ARTICLE.of("SY", "civilian", measure="displaced") == (100, None, 999)


@pytest.mark.parametrize(
    ("number", "scope", "bucket"),
    [(8, SCOPE, (0, 685)), (9, SCOPE, (0, 770)), (10, FOUR_SCOPE, (0, 913))],
)
def test_the_civilians_no_bulletin_has_assigned(
    number: int, scope: str, bucket: tuple[int, int]
) -> None:
    answer = sohr(number)
    cell = answer.cell(scope, "civilian", "unallocated", measure="killed")
    tartous = answer.of("SY-TA", "civilian", measure="killed")

    assert bounds(cell.merged.interval)[:2] == bucket
    assert tartous[:2] == (60, None)
    assert answer.of("SY-LA", "civilian", measure="killed")[:2] == (0, None)


@pytest.mark.parametrize("number", [8, 9])
def test_two_provinces_have_no_report_before_the_tenth(number: int) -> None:
    assert not sohr(number).has("SY-HM")
    assert not sohr(number).has("SY-HI")


@pytest.mark.parametrize(
    ("number", "civilians", "high"),
    [(11, [658, 384, 171, 12], False), (12, [683, 433, 255, 12], True)],
)
def test_the_civilians_by_province(number: int, civilians: list[int], *, high: bool) -> None:
    answer = sohr(number)

    for area, value in zip(FOUR, civilians, strict=True):
        closed = value if high else None
        assert answer.of(area, "civilian", measure="killed") == (value, value, closed)
    bucket = answer.cell(FOUR_SCOPE, "civilian", "unallocated", measure="killed")
    assert bounds(bucket.merged.interval)[:2] == (0, 0)


@pytest.mark.parametrize(
    ("number", "security", "pro_regime", "everybody"),
    [
        (8, 125, 148, 1018),
        (9, 231, 250, 1311),
        (10, 231, 250, 1454),
        (11, 231, 250, 1706),
        (12, 231, 250, 1864),
    ],
)
def test_the_totals_of_the_bulletins(
    number: int, security: int, pro_regime: int, everybody: int
) -> None:
    answer = sohr(number)

    assert best(answer.of("SY", SECURITY, measure="killed")) == security
    assert best(answer.of("SY", PRO_REGIME, measure="killed")) == pro_regime
    assert best(answer.of("SY", measure="killed")) == everybody


def test_the_older_cut_off_of_the_combatants_is_shown() -> None:
    merged = sohr(12).cell("SY", measure="killed").merged

    assert "mixed_as_of" in merged.flags
    assert merged.as_of is not None
    assert merged.oldest is not None
    assert (merged.oldest.day, merged.as_of.day) == (9, 12)


def test_on_the_eleventh_the_country_is_open() -> None:
    assert sohr(11).of("SY", measure="killed") == (1706, 1706, None)


def test_the_checks_that_hold_on_the_twelfth() -> None:
    checks = sohr(12).checks("increment")

    assert {check.figure for check in checks} == {
        f"{DESK}/sohr-2025-03-12#B7.inc.{area}" for area in ("SY05", "SY06", "SY10")
    }
    assert all(check.holds for check in checks)


def test_a_relay_of_old_counts_regresses_nothing() -> None:
    answer = sohr(12)

    marks = {claim.figure: marks for claim, marks in answer.told.marks.items()}
    assert answer.of("SY", SECURITY, measure="killed") == (231, 231, 231)
    for figure in ("W1.sec", "W1.pro"):
        assert marks[f"{DESK}/wion-2025-03-10#{figure}"] == ("stale_relay",)


def test_the_survey_that_does_not_add_up_is_shown() -> None:
    failed = [check for check in ask(*EVENTS).told.checks if not check.holds]

    assert [check.figure for check in failed] == [f"{DESK}/annahar-2025-03-10#D2.fam"]
    assert failed[0].computed is not None
    assert (failed[0].stated.best, failed[0].computed.best) == (1476, 1224)


def test_snhrs_15_and_125_are_140() -> None:
    answer = ask(*EVENTS, originator="snhr", as_of=7)

    assert answer.of("SY", "civilian", measure="killed") == (140, 140, 140)
    assert answer.of("SY", measure="killed") == (240, 240, 240)
