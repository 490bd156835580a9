"""The daily files: who counted what of whom, and what was only filled in."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from figures_builder import ask
from import_kit import events_of, imported, refusals_of

from tollbook_schemas.errors import UsageError

GAZA: dict[str, Any] = {
    "report_date": "2024-03-02",
    "report_source": "mohtel",
    "report_period": 48,
    "killed": 90,
    "killed_cum": 30320,
    "ext_killed": 90,
    "ext_killed_cum": 30320,
    "ext_injured_cum": 71533,
    "killed_children_cum": 13430,
    "killed_women_cum": 8900,
    "press_killed_cum": 132,
    "killed_recovered": 4,
    "massacres_cum": 2653,
}
WEST_BANK: dict[str, Any] = {
    "report_date": "2024-03-02",
    "verified": {"killed": 0, "killed_cum": 417, "killed_children_cum": 105},
    "killed_cum": 409,
    "displaced_households_cum": 100,
    "displaced_persons_cum": 585,
    "settler_attacks_cum": 602,
    "flash_source": "un",
}


def figures(row: dict[str, Any], **mapping: object) -> dict[str, dict[str, Any]]:
    """The figures of a row, by their ids."""
    found = imported("tfp-daily", orjson.dumps([row]), name="rows.json", mapping=mapping or None)
    assert refusals_of(found) == []
    return {figure["id"]: figure for figure in events_of(found)[0]["data"].get("figures", [])}


def test_a_day_of_gaza_is_one_number_for_its_five_governorates() -> None:
    killed = figures(GAZA)["killed_cum"]

    assert killed["areas"] == ["PS-DEB", "PS-GZA", "PS-KYS", "PS-NGZ", "PS-RFH"]
    assert killed["quantity"] == {"qualifier": "exactly", "value": 30320}
    assert killed["window"] == {"start": "2023-10-07", "end": "2024-03-02"}
    assert (killed["basis"], killed["as_of"]) == ("cumulative", "2024-03-02")
    assert killed["originator"] == "gaza-authorities"


def test_women_children_and_occupations_are_segments() -> None:
    found = figures(GAZA)

    assert found["killed_children_cum"]["segment"] == {"age_band": "child"}
    assert found["killed_women_cum"]["segment"] == {"sex": "female", "age_band": "adult"}
    assert found["press_killed_cum"]["segment"] == {"group": "press"}


def test_a_daily_number_covers_the_hours_that_the_report_says() -> None:
    daily = figures(GAZA)["killed"]

    assert daily["basis"] == "increment"
    assert daily["window"] == {"start": "2024-03-01", "end": "2024-03-02"}


def test_a_daily_number_of_an_unknown_period_is_held() -> None:
    found = figures(GAZA | {"report_period": 0})

    assert found["killed"]["role"] == "held"
    assert found["killed"]["window"] == {"end": "2024-03-02"}
    assert "role" not in found["killed_cum"]


def test_hours_that_are_no_whole_days_are_refused() -> None:
    rows = orjson.dumps([GAZA | {"report_period": 30}])

    (refusal,) = refusals_of(imported("tfp-daily", rows, name="rows.json"))

    assert refusal[:2] == (1, "report_period")
    assert "24, 48" in refusal[2]


def test_bodies_that_were_recovered_are_a_part_of_the_day() -> None:
    assert figures(GAZA)["killed_recovered"]["part_of"] == "killed"


def test_a_part_without_its_day_is_held() -> None:
    row = {name: cell for name, cell in GAZA.items() if name not in {"killed", "ext_killed"}}

    part = figures(row)["killed_recovered"]

    assert part["role"] == "held"
    assert "part_of" not in part


def test_what_the_publisher_filled_in_is_its_own_and_held() -> None:
    found = figures(GAZA)

    assert found["ext_injured_cum"]["originator"] == "tech-for-palestine"
    assert found["ext_injured_cum"]["role"] == "held"
    assert "ext_killed_cum" not in found, "the reported number stands beside it"


def test_a_day_that_nobody_reported_has_only_what_was_filled_in() -> None:
    row = {"report_date": "2024-03-03", "report_source": "missing", "report_period": 0}

    found = imported("tfp-daily", orjson.dumps([row | {"ext_killed_cum": 30400}]), name="rows.json")

    (event,) = events_of(found)
    assert event["data"]["originator"] == "tech-for-palestine"
    assert [one["role"] for one in event["data"]["figures"]] == ["held"]
    assert "nobody" in event["data"]["note"]


def test_verified_deaths_of_the_west_bank_are_a_minimum_beside_the_flash_update() -> None:
    found = figures(WEST_BANK)

    verified, flash = found["verified.killed_cum"], found["killed_cum"]
    assert (verified["coverage"], verified["status"]) == ("partial", "verified")
    assert "coverage" not in flash
    assert verified["originator"] == flash["originator"] == "un-ocha"
    assert len(flash["areas"]) == 11
    assert found["verified.killed"]["quantity"] == {"qualifier": "none_reported"}


def test_a_flash_update_that_was_filled_in_is_held_and_the_verified_deaths_are_not() -> None:
    found = figures(WEST_BANK | {"flash_source": "fill"})

    assert found["killed_cum"]["originator"] == "tech-for-palestine"
    assert found["killed_cum"]["role"] == "held"
    assert "role" not in found["verified.killed_cum"]


def test_the_same_people_in_households_and_persons_are_a_pair() -> None:
    found = figures(WEST_BANK)

    assert found["displaced_persons_cum"]["pair"] == found["displaced_households_cum"]["pair"]
    assert found["displaced_households_cum"]["unit"] == "household"


def test_what_is_no_number_of_people_is_kept_as_it_stands() -> None:
    (event,) = events_of(imported("tfp-daily", orjson.dumps([WEST_BANK]), name="rows.json"))

    assert event["data"]["ext"]["columns"] == WEST_BANK


def test_a_row_that_names_no_source_is_of_no_known_file() -> None:
    row = {"report_date": "2024-03-02", "killed_cum": 7}

    (refusal,) = refusals_of(imported("tfp-daily", orjson.dumps([row]), name="rows.json"))

    assert "report_source" in refusal[2]
    assert "flash_source" in refusal[2]


def test_a_source_that_is_not_known_is_refused_with_those_that_are() -> None:
    rows = orjson.dumps([GAZA | {"report_source": "rumour"}])

    (refusal,) = refusals_of(imported("tfp-daily", rows, name="rows.json"))

    assert refusal[1] == "report_source"
    assert "gmotel" in refusal[2]


def test_every_cell_that_is_no_number_is_named() -> None:
    rows = orjson.dumps([GAZA | {"killed_cum": "some", "press_killed_cum": "few"}])

    found = refusals_of(imported("tfp-daily", rows, name="rows.json"))

    assert [column for _, column, _ in found] == ["killed_cum", "press_killed_cum"]


CHANGES = (
    "area,commit,committed_at,author,commit_subject,report_date,field,old_value,new_value\n"
    "gaza,aaaaaaaaaaaaaaaa,2024-05-01T10:00:00+00:00,e,fix,2024-03-02,killed_cum,30228,30320\n"
)


def test_numbers_that_the_file_of_changes_dates_better_are_left_to_it(tmp_path: Path) -> None:
    """Given a mapping that names the changes, then a changed number is not said to be as old."""
    changes = tmp_path / "changes.csv"
    changes.write_text(CHANGES)

    found = figures(GAZA, revisions=str(changes))

    assert "killed_cum" not in found
    assert found["killed"]["quantity"]["value"] == 90
    assert "killed_cum" in figures(GAZA | {"report_date": "2024-03-04"}, revisions=str(changes))


@pytest.mark.parametrize("mapping", [{"revision": "x.csv"}, {"revisions": 7}, {"revisions": ""}])
def test_a_mapping_that_says_something_else_is_refused(mapping: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        figures(GAZA, **mapping)


def test_a_file_of_changes_with_a_fault_is_refused_with_its_place(tmp_path: Path) -> None:
    changes = tmp_path / "changes.csv"
    changes.write_text(CHANGES.replace("30320", "many"))

    with pytest.raises(UsageError, match=r"changes\.csv:2:new_value"):
        figures(GAZA, revisions=str(changes))


DOCS = Path(__file__).parents[2] / "docs" / "importing.md"
DATA = Path(__file__).parents[2].parent / "shared" / "data" / "timeseries"


@pytest.mark.skipif(not DATA.exists(), reason="the real files are not here")
@pytest.mark.parametrize("name", ["tfp_casualties_daily.json.gz", "tfp_west_bank_daily.json.gz"])
def test_every_day_of_the_real_files_becomes_a_report(name: str) -> None:
    found = imported("tfp-daily", (DATA / name).read_bytes(), name=name)

    assert refusals_of(found) == []
    assert len({event["id"] for event in events_of(found)}) == 1051


@pytest.mark.skipif(not DATA.exists(), reason="the real files are not here")
def test_the_days_that_do_not_fit_their_totals_are_those_that_the_docs_name() -> None:
    file = "tfp_casualties_daily.json.gz"
    events = events_of(imported("tfp-daily", (DATA / file).read_bytes(), name=file))

    checks = ask(*events).checks("increment")

    failed = [check for check in checks if not check.holds]
    said = f"Of {len(checks):,} daily numbers that can be checked {len(failed)} do not fit"
    assert said in DOCS.read_text(encoding="utf-8")
    august = next(one for one in failed if one.figure.endswith("gaza:2024-08-27#killed"))
    assert august.computed is not None
    assert (august.stated.best, august.computed.best) == (40_435, 40_476)
