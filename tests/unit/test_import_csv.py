"""Any table with a mapping file: what becomes of its rows."""

import pytest
from csv_kit import MAP, TABLE, read, refusal, told
from hypothesis import given
from hypothesis import strategies as st
from import_kit import events_of, imported, refusals_of

from tollbook_schemas.errors import UsageError
from tollbook_services.importing.rows import Skipped


def test_a_row_becomes_a_report_of_its_own_columns() -> None:
    (event,) = events_of(read())

    assert event == {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": "https://desk.example.org/table",
        "id": "7",
        "subject": "c",
        "time": "2025-03-11T23:59:59Z",
        "datacontenttype": "application/json",
        "data": {
            "originator": "sohr",
            "published_at": "2025-03-11",
            "figures": [
                {
                    "id": "killed",
                    "measure": "killed",
                    "unit": "person",
                    "quantity": {"qualifier": "exactly", "value": 658},
                    "areas": ["SY-LA"],
                    "basis": "increment",
                }
            ],
            "ext": {
                "columns": {
                    "id": "7",
                    "day": "2025-03-11",
                    "province": "Latakia",
                    "deaths": "658",
                    "remark": "as told",
                }
            },
        },
    }


def test_without_a_mapping_nothing_is_guessed() -> None:
    with pytest.raises(UsageError, match="csv needs --map"):
        imported("csv", TABLE)


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ('{ column = "kind", in = ["a", "b"] }', ["1", "2"]),
        ('{ column = "kind", not_in = ["a"] }', ["2", "3"]),
        ('{ column = "kind", empty = true }', ["3"]),
        ('{ column = "kind", empty = false }', ["1", "2"]),
        ('{ column = "kind", empty = false }, { column = "id", not_in = ["1"] }', ["2"]),
        ('{ column = "none", optional = true, not_in = ["a"] }', ["1", "2", "3"]),
    ],
)
def test_rows_that_the_mapping_leaves_out_are_told_apart_from_refused_ones(
    condition: str, kept: list[str]
) -> None:
    table = "id,day,province,deaths,kind\n" + "".join(
        f"{number},2025-03-11,Latakia,5,{kind}\n" for number, kind in ((1, "a"), (2, "b"), (3, "-"))
    )

    found = read(table, f"where = [{condition}]\n{MAP}")

    assert [event["id"] for event in events_of(found)] == kept
    assert sum(isinstance(one, Skipped) for one in found) == 3 - len(kept)


def test_what_a_report_says_besides_comes_from_columns_too() -> None:
    more = """
relayed_by = { column = "remark" }
url = { template = "https://desk.example.org/{id}" }
title = "A table"
language = "en"
note = { column = "province" }
"""
    (event,) = events_of(read(mapping=more + MAP))

    data = event["data"]
    assert [data[name] for name in ("relayed_by", "url", "title", "language", "note")] == [
        "as told",
        "https://desk.example.org/7",
        "A table",
        "en",
        "Latakia",
    ]


@pytest.mark.parametrize(
    ("cell", "more", "moment"),
    [
        ("11/03/2025", 'layouts = ["%d/%m/%Y"]', "2025-03-11"),
        ("45727", "", "2025-03-11"),
        ("2025-03-11T20:00:00+03:00", "", "2025-03-11T20:00:00+03:00"),
        ("2025-03-11T20:00:00", "", "2025-03-11"),
        ("2024", 'layouts = ["%Y"]', "2024-01-01"),
        ("2024", 'layouts = ["%Y"], last = true', "2024-12-31"),
        ("02/2024", 'layouts = ["%m/%Y"], last = true', "2024-02-29"),
        ("Dec 2024", 'layouts = ["%b %Y"], last = true', "2024-12-31"),
        ("11/03/2025", 'layouts = ["%d/%m/%Y"], last = true', "2025-03-11"),
        ("week of 2025-03-11", "pattern = 'of (.*)$'", "2025-03-11"),
        ("-", 'otherwise = "2025-01-01"', "2025-01-01"),
    ],
)
def test_days_are_read_as_the_mapping_says(cell: str, more: str, moment: str) -> None:
    comma = ", " if more else ""
    mapping = MAP.replace('{ column = "day" }', f'{{ column = "day"{comma}{more} }}')

    (event,) = events_of(read(TABLE.replace("2025-03-11", cell), mapping))

    assert event["data"]["published_at"] == moment


def test_a_cell_that_the_pattern_does_not_fit_is_refused() -> None:
    mapping = MAP.replace('{ column = "day" }', """{ column = "day", pattern = 'of (.*)$' }""")

    line, column, message = refusal(TABLE, mapping)

    assert (line, column) == (2, "day")
    assert "'2025-03-11' is not as the map has it: of (.*)$" in message


def test_a_report_needs_a_day_and_who_counted() -> None:
    mapping = MAP.replace('originator = "sohr"', 'originator = { column = "remark" }')

    assert refusal(TABLE.replace("2025-03-11", ""))[1:] == (
        "day",
        "is empty: a report needs the day of its publication",
    )
    assert refusal(TABLE.replace("as told", ""), mapping)[1] == "remark"


@pytest.mark.parametrize(
    ("rule", "id_"),
    [
        ('{ column = "id" }', "7"),
        ('"row {id}"', "row%207"),
        ('{ template = "{province}-{id}" }', "Latakia-7"),
        ('{ template = "{{{id}}}/{remark}#1" }', "%7B7%7D%2Fas%20told%231"),
    ],
)
def test_an_id_is_made_of_columns_and_is_one_that_events_may_have(rule: str, id_: str) -> None:
    (event,) = events_of(read(mapping=MAP.replace('id = "{id}"', f"id = {rule}")))

    assert event["id"] == id_


def digest_ids(table: str, columns: str) -> list[str]:
    mapping = MAP.replace('id = "{id}"', f"id = {{ digest = {columns} }}")
    return [event["id"] for event in events_of(read(table, mapping))]


@given(st.permutations(["1,2025-03-11,Latakia,5,x", "2,2025-03-11,Latakia,5,x", "2,,Latakia,5,x"]))
def test_an_id_that_is_a_digest_does_not_depend_on_the_order_of_rows(lines: list[str]) -> None:
    header = "id,day,province,deaths,remark\n"
    good = [line for line in lines if "2025" in line]

    apart = [digest_ids(f"{header}{line}\n", '["*"]')[0] for line in good]
    together = digest_ids(header + "\n".join(good) + "\n", '["*"]')

    assert together == apart
    assert len(set(together)) == len(good)


def test_a_digest_is_of_the_columns_that_were_chosen() -> None:
    other = TABLE.replace("as told", "as heard")

    assert digest_ids(TABLE, '["id", "day"]') == digest_ids(other, '["id", "day"]')
    assert digest_ids(TABLE, '["id", "remark"]') != digest_ids(other, '["id", "remark"]')
    assert digest_ids(TABLE, '["*"]') != digest_ids(other, '["*"]')


def test_what_lies_deeper_in_json_has_a_path() -> None:
    mapping = (
        MAP.replace('"deaths"', '"deaths.best"')
        .replace('"province"', '"where.0"')
        .replace("originator =", 'note = { column = "said.by", optional = true }\noriginator =')
    )
    row = (
        '{"id": 7, "day": "2025-03-11", "where": ["Latakia"], "deaths": {"best": 5, "share": 0.5}}'
    )

    (event,) = events_of(read(row, mapping))

    assert event["data"]["figures"][0]["quantity"]["value"] == 5
    assert event["data"]["ext"]["columns"]["deaths"] == {"best": 5, "share": "0.5"}
    assert "note" not in event["data"]


def test_a_column_that_the_mapping_gets_wrong_is_told_once_and_nothing_is_read() -> None:
    message = told(TABLE, MAP.replace('"deaths"', '"death"'))

    assert "'death' (did you mean 'deaths'?)" in message
    assert "There are id, day, province, deaths, remark" in message
    assert "optional = true" in message


def test_a_row_that_lacks_a_column_of_others_is_refused_alone() -> None:
    rows = '{"id": 1, "day": "2025-03-11", "province": "Latakia", "deaths": 5}\n{"id": 2}\n'

    found = read(rows)

    assert len(events_of(found)) == 1
    assert refusals_of(found)[0][:2] == (2, "day")


def test_what_the_contract_refuses_is_told_at_the_column_that_it_came_from() -> None:
    mapping = MAP.replace('originator = "sohr"', 'originator = { column = "remark" }')
    (made,) = read(TABLE, mapping)

    assert made.columns["/data/originator"] == "remark"
    assert made.columns["/data/figures/0/quantity/value"] == "deaths"
    assert made.columns["/data/figures/0/areas"] == "province"
