"""HXL sheets become reports: rows, ids, days and faults, and never a guess."""

import sys
from io import BytesIO

import pytest
from hxl_kit import CUMULATIVE, PLACES, SHEET, column_of_the_fault, only, refused
from import_kit import events_of, imported, refusals_of
from openpyxl import Workbook

from tollbook_schemas.errors import UsageError
from tollbook_services.importing.rows import Made
from tollbook_services.importing.tables import SURPLUS


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


def test_without_libhxl_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hxl", None)
    monkeypatch.setitem(sys.modules, "hxl.input", None)

    with pytest.raises(UsageError, match=r"pip install 'tollbook\[hxl\]'"):
        imported("hxl", SHEET)
