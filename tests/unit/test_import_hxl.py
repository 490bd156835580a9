"""HXL sheets become reports: by their tags, by a mapping file, and never by a guess."""

import sys
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from export_kit import answer_of, written
from import_kit import events_of, imported, refusals_of
from openpyxl import Workbook

from tollbook_schemas.errors import Fault, UsageError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import parse_event
from tollbook_schemas.segment import Segment
from tollbook_services.importing.hxl_tags import (
    APPROXIMATE,
    BASES,
    BOUNDS,
    EMPTY_WORDS,
    MEASURES,
    PREFIXES,
    REMAINDER,
    SEGMENTS,
    UNITS,
)
from tollbook_services.importing.rows import Imported, Made
from tollbook_services.importing.tables import SURPLUS

CUMULATIVE = {"basis": "cumulative"}


def only(found: list[Imported]) -> dict[str, Any]:
    """The only event, which the contract takes."""
    [event] = events_of(found)
    return event


def figures(text: str, **mapping: Any) -> dict[str, dict[str, Any]]:
    """The figures of the only row of a sheet, by id."""
    event = only(imported("hxl", text, mapping=mapping or CUMULATIVE))
    return {figure["id"]: figure for figure in event["data"]["figures"]}


def column(tag: str, value: object, **mapping: Any) -> dict[str, Any]:
    """The only figure of a sheet with one column that counts."""
    text = f"#date,#adm1+code,#meta+source,{tag}\n2025-03-11,SY-LA,SNHR,{value}\n"
    [figure] = figures(text, **mapping).values()
    return figure


def refused(text: str | bytes, mapping: dict[str, Any] | None = CUMULATIVE) -> dict[str, str]:
    """Column and message of all that is wrong with the only row."""
    found = imported("hxl", text, mapping=mapping)
    assert len(found) == 1
    return {column: message for _, column, message in refusals_of(found)}


SHEET = """\
Day,Governorate,Code,Killed,Girls killed,Source,Page,Remarks
#date+reported,#adm1+name,#adm1+code,#affected+killed,#affected+f+children+killed,#meta+source,#meta+url,
2025-03-11,Latakia,SY06,658,12,SNHR,https://snhr.example/march,by name
"""


def test_a_row_becomes_a_report_of_all_that_it_counts() -> None:
    """Given a sheet with headers and tags, when imported, then its row is a report."""
    data = only(imported("hxl", SHEET, mapping=CUMULATIVE))["data"]

    assert data["originator"] == "snhr"
    assert data["published_at"] == "2025-03-11"
    assert data["url"] == "https://snhr.example/march"
    everyone, girls = data["figures"]
    assert everyone["quantity"] == {"qualifier": "exactly", "value": 658}
    assert (everyone["measure"], everyone["unit"]) == ("killed", "person")
    assert everyone["basis"] == "cumulative"
    assert everyone["areas"] == ["SY-LA"]
    assert girls["quantity"] == {"qualifier": "exactly", "value": 12}
    assert girls["segment"] == {"sex": "female", "age_band": "child"}


def test_the_original_columns_are_kept_with_those_that_have_no_tag() -> None:
    data = only(imported("hxl", SHEET, mapping=CUMULATIVE))["data"]

    assert data["ext"]["columns"]["#affected+killed"] == "658"
    assert data["ext"]["columns"]["column 8"] == "by name"


@pytest.mark.parametrize("above", [0, 1, 24])
def test_the_tag_row_is_found_in_the_first_25_rows(above: int) -> None:
    """Given none, one or 24 rows above the tags, when imported, then its row is found."""
    text = "Killed,Where,When,Source\n" * above + "#affected+killed,#adm1+name,#date,#meta+source\n"
    text += "3,Latakia,2025-03-11,SNHR\n"

    [made] = imported("hxl", text, mapping=CUMULATIVE)

    assert isinstance(made, Made)
    assert made.rows[0].line == above + 2


def test_a_sheet_whose_tags_come_later_is_refused_with_an_example() -> None:
    text = "a,b\n" * 25 + "#affected+killed,#date\n3,2025-03-11\n"

    with pytest.raises(UsageError, match=r"rows\.csv: no row of HXL tags .*#affected\+killed"):
        imported("hxl", text, mapping=CUMULATIVE)


def test_something_else_in_the_tag_row_is_refused_with_its_place() -> None:
    text = "#date,#adm1+name,affected+killed\n2025-03-11,Latakia,3\n"

    with pytest.raises(UsageError, match=r"rows\.csv:1: column 3 .*'affected\+killed'.* no tag"):
        imported("hxl", text, mapping=CUMULATIVE)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("#affected", {"measure": "affected"}),
        ("#affected+num+ind", {"measure": "affected"}),
        ("#affected+dead", {"measure": "killed"}),
        ("#AFFECTED +Injured", {"measure": "injured"}),
        ("#affected+missing+m+adults", {"segment": {"sex": "male", "age_band": "adult"}}),
        ("#affected+killed+elderly+f", {"segment": {"sex": "female", "age_band": "elderly"}}),
        ("#affected+killed+age_5_17", {"segment": {"age_band": "5-17"}}),
        ("#affected+killed+civilians", {"segment": {"status": "civilian"}}),
        ("#affected+killed+group_state_security", {"segment": {"group": "state_security"}}),
        ("#affected+displaced+hh+stock", {"unit": "household", "basis": "stock"}),
        ("#affected+idps+families+stock", {"measure": "displaced", "unit": "family"}),
        ("#affected+houses_destroyed", {"unit": "house"}),
        ("#affected+killed+todate", {"basis": "cumulative"}),
        ("#affected+killed+approx", {"quantity": {"qualifier": "approximately", "value": 7}}),
        ("#affected+killed+min", {"quantity": {"qualifier": "at_least", "value": 7}}),
        ("#affected+killed+max", {"quantity": {"qualifier": "up_to", "value": 7}}),
    ],
)
def test_attributes_say_what_a_column_counts(tag: str, expected: dict[str, Any]) -> None:
    assert expected.items() <= column(tag, 7).items()


@pytest.mark.parametrize(
    ("low", "best", "high", "quantity"),
    [
        (3, 5, 9, {"qualifier": "between", "from": 3, "value": 5, "to": 9}),
        (3, "", 9, {"qualifier": "between", "from": 3, "to": 9}),
        ("", 5, 9, {"qualifier": "between", "from": 0, "value": 5, "to": 9}),
        (5, 5, 5, {"qualifier": "exactly", "value": 5}),
        (5, 5, "", {"qualifier": "at_least", "value": 5}),
    ],
)
def test_low_best_and_high_are_one_figure(
    low: object, best: object, high: object, quantity: dict[str, Any]
) -> None:
    tags = "#affected+killed+low,#affected+killed+best,#affected+killed+high"
    text = f"#date,#adm1+code,#meta+source,{tags}\n2025-03-11,SY-LA,SNHR,{low},{best},{high}\n"

    assert figures(text)["killed"]["quantity"] == quantity


def test_a_best_above_a_low_without_a_high_is_refused_at_the_high() -> None:
    tags = "#affected+killed+low,#affected+killed+best,#affected+killed+high"
    text = f"#date,#adm1+code,#meta+source,{tags}\n2025-03-11,SY-LA,SNHR,3,5,\n"

    assert "needs its upper end" in refused(text)["#affected+killed+high"]


OPEN = """\
#adm1+code,#affected+killed,#affected+poor,#affected+kiled
SY-LA,1,2,3
SY-TA,1,2,3
"""


def test_what_the_tags_leave_open_is_said_once_with_lines_for_the_mapping_file() -> None:
    """Given a sheet without basis, source and date, when imported, then all of it is told."""
    with pytest.raises(UsageError) as error:
        imported("hxl", OPEN)

    told = "\n".join((str(error.value), *error.value.__notes__))
    assert "#affected+poor: +poor is no word that is read" in told
    assert "did you mean 'killed'" in told
    assert 'basis = ""' in told
    assert 'originator = ""' in told
    assert 'published_at = ""' in told
    assert '"#affected+poor" = "ignore"' in told


def test_the_mapping_says_what_the_tags_leave_open() -> None:
    mapping = {
        "basis": "increment",
        "originator": "ocha",
        "published_at": "#date+updated",
        "columns": {
            "#affected+poor": "ignore",
            "#affected+civ": {"measure": "injured", "segment": {"status": "civilian"}},
        },
    }
    text = (
        "#adm1+code,#affected+killed,#affected+poor,#affected+civ,#date+start,#date+updated\n"
        "SY-LA,1,2,3,2025-03-06,2025-03-11\n"
    )

    found = figures(text, **mapping)

    assert found.keys() == {"killed", "injured.civilian"}
    assert found["killed"]["basis"] == "increment"
    assert found["killed"]["window"] == {"start": "2025-03-06"}


def test_two_columns_that_count_the_same_are_refused_until_one_is_ignored() -> None:
    text = (
        "#date,#adm1+code,#meta+source,#affected+killed,#affected+killed\n"
        "2025-03-11,SY-LA,SNHR,5,7\n"
    )
    with pytest.raises(UsageError, match=r"#affected\+killed \(column 5\) counts the same"):
        imported("hxl", text, mapping=CUMULATIVE)

    kept = figures(text, **CUMULATIVE, columns={"#affected+killed (column 5)": "ignore"})

    assert kept["killed"]["quantity"]["value"] == 5


@pytest.mark.parametrize("tag", ["#affected+killed+injured", "#affected+f+m+killed"])
def test_a_column_that_would_be_two_things_is_refused(tag: str) -> None:
    with pytest.raises(UsageError, match="in one column"):
        column(tag, 1)


def test_an_increment_needs_to_know_when_it_began() -> None:
    with pytest.raises(UsageError, match=r"when the period of #affected\+killed\+new began"):
        column("#affected+killed+new", 1)


def test_an_increment_of_a_row_without_its_beginning_is_refused() -> None:
    text = (
        "#date+start,#date+end,#adm1+code,#meta+source,#affected+killed+new\n"
        ",2025-03-11,SY-LA,SNHR,5\n"
    )

    assert "the day it began" in refused(text)["#date+start"]


def test_a_window_that_runs_backwards_leads_back_to_its_column() -> None:
    text = (
        "#date+start,#date+end,#adm1+code,#meta+source,#affected+killed\n"
        "2025-03-12,2025-03-11,SY-LA,SNHR,5\n"
    )

    [made] = imported("hxl", text, mapping=CUMULATIVE)

    assert column_of_the_fault(made) == "#date+end"


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"orginator": "ocha"}, "orginator is not known .did you mean 'originator'"),
        ({"basis": "total"}, "basis: .*cumulative"),
        ({"originator": "#org+name"}, r"names #org\+name, which is not among its tags"),
        ({"columns": {"affected": "ignore"}}, "columns.*no tag"),
    ],
)
def test_a_wrong_mapping_is_refused_with_what_would_be_right(
    mapping: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        imported("hxl", SHEET, mapping={**CUMULATIVE, **mapping})


EVENTS = """\
#event+id,#date+occurred,#date+reported,#adm1+name,#loc+name,#affected+killed,#meta+source
SYR 17/2,2025-03-07,2025-03-09,Tartous,Baniyas,15,SNHR
"""


def test_a_row_with_an_event_is_an_incident_with_the_events_id() -> None:
    event = only(imported("hxl", EVENTS))

    [figure] = event["data"]["figures"]
    assert figure["basis"] == "incident"
    assert figure["incident"].startswith("syr-17-2-")
    assert figure["window"] == {"start": "2025-03-07", "end": "2025-03-07"}
    assert figure["place"] == "Baniyas"
    assert event["data"]["published_at"] == "2025-03-09"
    assert event["id"] == "SYR%2017%2F2"
    assert event["source"] == "hxl:snhr"


def test_incidents_with_ids_that_look_alike_stay_apart() -> None:
    other = EVENTS.replace("SYR 17/2", "SYR 17-2")

    incidents = {
        only(imported("hxl", text))["data"]["figures"][0]["incident"] for text in (EVENTS, other)
    }

    assert len(incidents) == 2


def test_without_an_id_the_cells_of_a_row_are_its_id_in_whatever_order_they_stand() -> None:
    """Given the same row with its columns turned round, when imported, then the id is the same."""
    one = "#date,#adm1+code,#meta+source,,#affected+killed\n2025-03-11,SY-LA,SNHR,by name,5\n"
    other = ",#affected+killed,#meta+source,#adm1+code,#date\nby name,5,SNHR,SY-LA,2025-03-11\n"
    more = one.replace(",5\n", ",6\n")

    ids = [only(imported("hxl", text, mapping=CUMULATIVE))["id"] for text in (one, other, more)]

    assert ids[0] == ids[1] != ids[2]


def test_the_mapping_names_the_columns_of_the_id() -> None:
    mapping = {**CUMULATIVE, "id": ["#adm1+code", "#date+reported"]}

    assert only(imported("hxl", SHEET, mapping=mapping))["id"] == "SY06,2025-03-11"


def test_where_nothing_says_when_it_was_published_the_day_of_the_row_is_taken_and_noted() -> None:
    text = "#date,#adm1+code,#meta+source,#affected+killed\n2025-03-11,SY-LA,SNHR,5\n"

    data = only(imported("hxl", text, mapping=CUMULATIVE))["data"]

    assert data["published_at"] == "2025-03-11"
    assert data["ext"]["published_at_from"] == "#date"
    assert (
        "published_at_from" not in only(imported("hxl", SHEET, mapping=CUMULATIVE))["data"]["ext"]
    )


def test_a_code_and_a_name_that_contradict_each_other_are_refused() -> None:
    assert "Tartous" in refused(SHEET.replace("Latakia", "Tartus"))["#adm1+name"]


PLACES = "#country+name,#adm1+name,#adm2+name,#date,#meta+source,#affected+killed\n"


def test_the_finest_area_counts_inside_the_wider_ones() -> None:
    country = figures(PLACES + "Syria,,,2025-03-11,SNHR,5\n")["killed"]
    province = figures(PLACES + "Syria,Latakia,,2025-03-11,SNHR,5\n")["killed"]

    assert (country["areas"], province["areas"]) == (["SY"], ["SY-LA"])


def test_an_unknown_area_is_refused_or_a_place_of_the_wider_one_if_the_mapping_says_so() -> None:
    text = PLACES + "Syria,Latakia,Nowhere at all,2025-03-11,SNHR,5\n"

    assert "Nowhere at all" in refused(text)["#adm2+name"]
    wider = figures(text, **CUMULATIVE, finest="wider")["killed"]
    assert (wider["areas"], wider["place"]) == (["SY-LA"], "Nowhere at all")


def test_a_row_that_names_no_area_is_refused_unless_the_mapping_names_one() -> None:
    text = PLACES + ",,,2025-03-11,SNHR,5\n"

    assert "no area" in refused(text)["#country+name"]
    assert figures(text, **CUMULATIVE, areas=["SY"])["killed"]["areas"] == ["SY"]


def test_a_movement_has_the_areas_it_came_from_and_went_to() -> None:
    text = (
        "#country+code,#adm1+origin+code,#adm1+dest+code,#date+start,#date+end,#meta+source,"
        "#affected+displaced+flow\nSY,SY-LA,SY-TA,2025-03-06,2025-03-11,OCHA,500\n"
    )

    figure = figures(text)["displaced.flow"]

    assert (figure["areas"], figure["origin"], figure["destination"]) == (
        ["SY"],
        ["SY-LA"],
        ["SY-TA"],
    )
    assert figure["window"] == {"start": "2025-03-06", "end": "2025-03-11"}


def test_all_that_is_wrong_with_a_row_is_told_at_once() -> None:
    text = PLACES + "Syria,Nowhere at all,,11th of March,,many\n"

    assert refused(text).keys() == {"#adm1+name", "#date", "#meta+source", "#affected+killed"}


def test_a_row_without_a_number_is_refused_and_the_others_go_on() -> None:
    text = PLACES + "Syria,,,2025-03-11,SNHR,\n,,,,,\nSyria,,,2025-03-12,SNHR,7\n"

    found = imported("hxl", text, mapping=CUMULATIVE)

    [(line, column, message)] = refusals_of(found)
    assert (line, column) == (2, "")
    assert "no number in #affected+killed" in message
    assert len(events_of(found)) == 1


def test_a_row_with_more_cells_than_tags_is_refused() -> None:
    assert "9 cells for 8 columns" in refused(SHEET.replace("by name", "by name,9"))[SURPLUS]


def test_a_row_that_ends_before_its_last_tag_is_refused() -> None:
    cut = SHEET.replace(",12,SNHR,https://snhr.example/march,by name", "")

    assert "cut off" in refused(cut)["#affected+f+children+killed"]
    assert imported("hxl", SHEET.replace(",by name", ""), mapping=CUMULATIVE)


def test_a_source_in_another_script_needs_a_slug_of_the_mapping_file() -> None:
    text = SHEET.replace("SNHR", "الشبكة السورية")

    assert '[originators] "الشبكة السورية"' in refused(text)["#meta+source"]
    mapping = {**CUMULATIVE, "originators": {"الشبكة السورية": "snhr"}}
    event = only(imported("hxl", text, mapping=mapping))
    assert event["data"]["originator"] == "snhr"


def test_dates_of_other_layouts_are_read_only_with_their_layout() -> None:
    text = SHEET.replace("2025-03-11", "11/03/2025")

    assert "#date+reported" in refused(text)
    event = only(imported("hxl", text, mapping={**CUMULATIVE, "dates": ["%d/%m/%Y"]}))
    assert event["data"]["published_at"] == "2025-03-11"


def test_a_workbook_with_an_excel_date_is_read() -> None:
    """Given an XLSX sheet with typed cells, when imported, then dates and numbers are right."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Day", "Where", "Killed", "Source"])
    sheet.append(["#date", "#adm1+name", "#affected+killed", "#meta+source"])
    sheet.append(["2025-03-11", "Latakia", 658, "SNHR"])
    sheet["A3"] = 45727
    sheet["A3"].number_format = "yyyy-mm-dd"
    content = BytesIO()
    book.save(content)

    found = imported("hxl", content.getvalue(), name="rows.xlsx", mapping=CUMULATIVE)

    data = only(found)["data"]
    assert data["published_at"] == "2025-03-11"
    assert data["figures"][0]["quantity"]["value"] == 658


def test_a_fault_of_the_contract_leads_back_to_its_column() -> None:
    """Given a range that runs backwards, when imported, then the contract's fault has a column."""
    tags = "#affected+killed+low,#affected+killed+high"
    text = f"#date,#adm1+code,#meta+source,{tags}\n2025-03-11,SY-LA,SNHR,9,3\n"

    [made] = imported("hxl", text, mapping=CUMULATIVE)

    assert column_of_the_fault(made) == "#affected+killed+low"


def column_of_the_fault(made: Imported) -> str:
    """The column that the contract's only fault with an event leads to."""
    assert isinstance(made, Made)
    [fault] = parse_event(orjson.dumps(made.event), default_gazetteer())
    assert isinstance(fault, Fault)
    longest = max(one for one in made.columns if fault.pointer.startswith(one))
    return made.columns[longest]


def test_without_libhxl_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hxl", None)
    monkeypatch.setitem(sys.modules, "hxl.input", None)

    with pytest.raises(UsageError, match=r"pip install 'tollbook\[hxl\]'"):
        imported("hxl", SHEET)


def test_the_remainders_of_our_own_export_are_no_figures() -> None:
    text = (
        "#meta+kind,#date,#adm1+code,#meta+source,#affected+killed+best,"
        "#affected+killed+unspecified+best\nunallocated,2025-03-11,SY-LA+SY-TA,SNHR,5,\n"
    )

    assert "what is left of a total" in refused(text)["#meta+kind"]


def test_a_sheet_of_our_own_export_gives_the_same_figures(tmp_path: Path) -> None:
    """Given exported tolls, when imported again, then every cell is a figure of its bounds."""
    answer = answer_of("tolls")
    sheet = written(answer, "hxl", tmp_path)

    found = imported("hxl", sheet, mapping={**CUMULATIVE, "published_at": date(2025, 3, 20)})

    cells = {
        (cell["area"], cell["measure"], cell["unit"], cell["segment"]): cell
        for cell in answer.document["cells"]
        if cell["kind"] == "area"
    }
    figures = [figure for event in events_of(found) for figure in event["data"]["figures"]]
    assert {column for _, column, _ in refusals_of(found)} == {"#meta+kind"}
    assert len(figures) == len(cells)
    for figure in figures:
        segment = Segment.model_validate(figure.get("segment", {})).slug
        cell = cells[*figure["areas"], figure["measure"], figure["unit"], segment]
        assert bounds(figure) == tuple(cell[name] for name in ("low", "best", "high"))


def bounds(figure: dict[str, Any]) -> tuple[int | None, ...]:
    """The low, best and high of a figure."""
    quantity = figure["quantity"]
    match quantity["qualifier"]:
        case "exactly":
            return (quantity["value"],) * 3
        case "none_reported":
            return 0, 0, 0
        case "at_least":
            return quantity["value"], quantity["value"], None
        case "up_to":
            return 0, None, quantity["value"]
        case _:
            return quantity["from"], quantity.get("value"), quantity["to"]


def test_every_word_that_is_read_is_documented() -> None:
    """Given the closed list of attributes, then the documentation has each of them."""
    words = {*MEASURES, *UNITS, *SEGMENTS, *BASES, *BOUNDS, *EMPTY_WORDS, APPROXIMATE, REMAINDER}

    page = (Path(__file__).parents[2] / "docs" / "importing.md").read_text(encoding="utf-8")

    assert {word for word in words if f"`+{word}`" not in page} == set()
    assert {prefix for prefix in PREFIXES if f"`+{prefix}" not in page} == set()
