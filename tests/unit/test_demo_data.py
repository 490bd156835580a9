"""The shipped coast crisis: every report parses, and says what was published."""

import json
from collections import Counter
from importlib.resources import files
from typing import Any

import pytest

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event

SOURCE = "https://desk.tollbook.example"
LINES = files("tollbook_services").joinpath("data/coast-2025.jsonl").read_bytes().splitlines()
REPORTS: list[dict[str, Any]] = [json.loads(line) for line in LINES]
FIGURES: dict[str, dict[str, Any]] = {
    figure["id"]: figure for report in REPORTS for figure in report["data"]["figures"]
}
SECURITY = {"status": "combatant", "group": "state_security"}
FORMER_REGIME = {"status": "combatant", "group": "pro_former_regime"}
COAST = ["SY-LA", "SY-TA"]
FOUR_PROVINCES = ["SY-LA", "SY-TA", "SY-HM", "SY-HI"]


def report_of(figure_id: str) -> dict[str, Any]:
    return next(
        report
        for report in REPORTS
        if figure_id in [figure["id"] for figure in report["data"]["figures"]]
    )


def value_of(figure_id: str) -> int:
    value: int = FIGURES[figure_id]["quantity"]["value"]
    return value


@pytest.mark.parametrize("line", LINES, ids=[report["id"] for report in REPORTS])
def test_every_line_is_an_accepted_event(line: bytes) -> None:
    parsed = parse_event(line, default_gazetteer())

    assert isinstance(parsed, ParsedEvent), parsed


def test_the_file_holds_73_figures_and_2_statements_in_22_reports() -> None:
    figures = [figure for report in REPORTS for figure in report["data"]["figures"]]
    statements = [one for report in REPORTS for one in report["data"].get("statements", [])]

    assert (len(REPORTS), len(figures), len(statements)) == (22, 73, 2)
    assert len(FIGURES) == len(figures), "a figure's name is used once in the crisis"
    assert len({report["id"] for report in REPORTS}) == len(REPORTS)


def test_every_report_belongs_to_the_crisis_and_names_its_public_page() -> None:
    for report in REPORTS:
        assert report["source"] == SOURCE
        assert report["subject"] == "syria-coast-2025"
        assert report["data"]["url"].startswith(("https://", "http://"))
        assert report["data"]["published_at"].startswith("2025-03-")


def test_the_article_comes_first_and_the_rest_in_the_order_of_publication() -> None:
    article, *bulletins = REPORTS
    times = [report["time"] for report in bulletins]

    assert article["data"]["relayed_by"] == "The Reporter 24"
    assert article["data"]["published_at"] == "2025-03-09"
    assert [figure["id"] for figure in article["data"]["figures"]] == [
        f"S{n}" for n in range(1, 11)
    ]
    assert [one["id"] for one in article["data"]["statements"]] == ["ST1", "ST2"]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("figure_id", "segment", "qualifier", "value", "areas"),
    [
        ("S1", {"status": "civilian"}, "approximately", 745, COAST),
        ("S3", {}, "more_than", 1000, COAST),
        ("S4", SECURITY, "approximately", 125, COAST),
        ("S5", FORMER_REGIME, "exactly", 148, COAST),
        ("B1.civ.banyas", {"status": "civilian"}, "exactly", 60, ["SY1002"]),
        ("B1.civ.tuwaimah", {"status": "civilian"}, "exactly", 31, COAST),
        ("B4.sec", SECURITY, "exactly", 231, COAST),
        ("B4.pro", FORMER_REGIME, "exactly", 250, COAST),
        ("B6.civ", {"status": "civilian"}, "at_least", 1225, FOUR_PROVINCES),
        ("B7.civ.SY05", {"status": "civilian"}, "exactly", 255, ["SY-HM"]),
        ("N2.tot", {}, "exactly", 779, FOUR_PROVINCES),
        ("O1", {"status": "civilian"}, "at_least", 111, ["SY-LA", "SY-TA", "SY-HM"]),
    ],
)
def test_a_figure_says_what_was_published(
    figure_id: str, segment: dict[str, str], qualifier: str, value: int, areas: list[str]
) -> None:
    figure = FIGURES[figure_id]

    assert figure["segment"] == segment
    assert figure["quantity"]["qualifier"] == qualifier
    assert figure["quantity"]["value"] == value
    assert figure["areas"] == areas


def test_the_civilian_count_of_one_originator_steps_through_seven_bulletins() -> None:
    steps = ["B1.civ", "B2.civ", "B3.civ", "B4.civ", "B5.civ", "B6.civ", "B7.civ"]

    assert [value_of(step) for step in steps] == [340, 532, 745, 830, 973, 1225, 1383]
    assert {report_of(step)["data"]["originator"] for step in steps} == {"sohr"}
    assert [FIGURES[step]["as_of"] for step in steps] == sorted(
        FIGURES[step]["as_of"] for step in steps
    )


@pytest.mark.parametrize(
    ("day", "total"),
    [("B6", 1225), ("B7", 1383)],
)
def test_the_four_provinces_sum_to_the_printed_total(day: str, total: int) -> None:
    provinces = [f"{day}.civ.SY{code}" for code in ("06", "10", "05", "04")]

    assert sum(value_of(province) for province in provinces) == total == value_of(f"{day}.civ")
    assert {FIGURES[province]["part_of"] for province in provinces} == {f"{day}.civ"}


def test_the_relay_of_old_counts_is_filed_as_any_other_report() -> None:
    relay = report_of("W1.sec")

    assert relay["data"]["relayed_by"] == "WION"
    assert [value_of("W1.sec"), value_of("W1.pro")] == [125, 148]
    assert all("role" not in figure for figure in relay["data"]["figures"])


def test_a_total_over_several_bulletins_names_its_components_globally() -> None:
    total = FIGURES["B5x.tot"]

    assert total["role"] == "check_total"
    assert total["components"] == [
        f"{SOURCE}/{report_of(part)['id']}#{part}" for part in ("B5.civ", "B4.sec", "B4.pro")
    ]
    assert value_of("B5.civ") + value_of("B4.sec") + value_of("B4.pro") == value_of("B5x.tot")


def test_the_survey_of_families_is_kept_as_printed_though_it_does_not_sum() -> None:
    families = FIGURES["D2.fam"]

    assert families["components"] == ["D2.lb", "D2.sy"]
    assert sum(value_of(part) for part in families["components"]) == 1224
    assert value_of("D2.fam") == 1476
    assert families["pair"] == FIGURES["D2.per"]["pair"]
    assert (families["unit"], FIGURES["D2.per"]["unit"]) == ("family", "person")


def test_movements_keep_where_they_lead_and_the_air_base_keeps_its_name() -> None:
    assert FIGURES["S10"]["destination"] == ["LB"]
    assert FIGURES["S10"]["quantity"]["word"] == "dozens"
    assert FIGURES["D5.fam"]["destination"] == ["LB-AK", "LB-AS"]
    assert FIGURES["S9"]["areas"] == ["SY0602"]
    assert FIGURES["S9"]["place"] == "Hmeimim air base"
    assert FIGURES["S9"]["quantity"]["qualifier"] == "unquantified"


def test_roles_keep_totals_repetitions_and_other_cuts_out_of_the_count() -> None:
    roles = Counter(figure.get("role", "counted") for figure in FIGURES.values())

    assert roles == {"counted": 58, "check_total": 6, "restates": 2, "triangulation": 7}


def test_the_counts_of_all_reports_together_are_those_that_were_published() -> None:
    sums: Counter[str] = Counter()
    for figure in FIGURES.values():
        sums[figure["measure"]] += figure["quantity"].get("value", 0)

    assert sums == {
        "killed": 19_181,
        "incidents": 166,
        "displaced_across_border": 35_219,
        "displaced": 0,
        "sheltering": 0,
    }
