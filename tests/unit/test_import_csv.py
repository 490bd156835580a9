"""Any table with a mapping file: what becomes of its rows."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from import_kit import events_of, imported, refusals_of

from tollbook_schemas.errors import UsageError
from tollbook_services.importing.rows import Skipped

HEAD = """
source = "https://desk.example.org/table"
id = "{id}"
originator = "sohr"
published_at = { column = "day" }
areas = { country = "SY", adm1 = { column = "province" } }
every = { unit = "person", basis = "increment" }
"""
KILLED = """
[[figures]]
measure = "killed"
quantity.value = { column = "deaths" }
"""
MAP = HEAD + KILLED
TABLE = "id,day,province,deaths,remark\n7,2025-03-11,Latakia,658,as told\n"


def read(table: str = TABLE, mapping: str = MAP, name: str = "rows.csv") -> list[Any]:
    return imported("csv", table, name=name, mapping=tomllib.loads(mapping))


def figures(table: str = TABLE, mapping: str = MAP) -> list[dict[str, Any]]:
    """The figures of all rows, none of which is refused."""
    found = read(table, mapping)
    assert refusals_of(found) == []
    return [figure for event in events_of(found) for figure in event["data"]["figures"]]


def refusal(table: str, mapping: str = MAP) -> tuple[int, str, str]:
    """Why the one row that is refused is."""
    (found,) = refusals_of(read(table, mapping))
    return found


def told(table: str, mapping: str) -> str:
    """Why a table or a mapping is refused as a whole."""
    with pytest.raises(UsageError) as error:
        read(table, mapping)
    return str(error.value)


def mapped(quantity: str, more: str = "") -> str:
    """The mapping with another quantity of its figure."""
    return MAP.replace('quantity.value = { column = "deaths" }', f"quantity = {quantity}\n{more}")


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
    ("cells", "quantity"),
    [
        ("3,5,9", {"qualifier": "between", "from": 3, "to": 9, "value": 5}),
        ("5,5,5", {"qualifier": "exactly", "value": 5}),
        ("0,0,0", {"qualifier": "none_reported"}),
        (",5,", {"qualifier": "exactly", "value": 5}),
        (",0,", {"qualifier": "none_reported"}),
        ("3,,", {"qualifier": "at_least", "value": 3}),
        (",,9", {"qualifier": "up_to", "value": 9}),
        ("3,,9", {"qualifier": "between", "from": 3, "to": 9}),
        ("9,5,3", {"qualifier": "between", "from": 9, "to": 3, "value": 5}),
    ],
)
def test_three_estimates_are_one_quantity(cells: str, quantity: dict[str, Any]) -> None:
    ends = '{ low = { column = "l" }, best = { column = "b" }, high = { column = "h" } }'
    table = f"id,day,province,l,b,h\n7,2025-03-11,Latakia,{cells}\n"

    (figure,) = figures(table, mapped(ends))

    assert figure["quantity"] == quantity


@pytest.mark.parametrize(
    ("cells", "column"), [("3,5,", "h"), (",5,9", "l"), (",,", "b"), ("3,x,9", "b")]
)
def test_estimates_that_are_no_quantity_are_refused_at_their_column(
    cells: str, column: str
) -> None:
    ends = '{ low = { column = "l" }, best = { column = "b" }, high = { column = "h" } }'
    table = f"id,day,province,l,b,h\n7,2025-03-11,Latakia,{cells}\n"

    assert refusal(table, mapped(ends))[:2] == (2, column)


@pytest.mark.parametrize(
    ("cells", "quantity"),
    [
        ("over,1000", {"qualifier": "more_than", "value": 1000}),
        ("about,745", {"qualifier": "approximately", "value": 745}),
        ("exact,0", {"qualifier": "none_reported"}),
        ("none,0", {"qualifier": "none_reported"}),
        ("unclear,", {"qualifier": "unquantified"}),
    ],
)
def test_a_column_may_say_how_the_number_is_meant(cells: str, quantity: dict[str, Any]) -> None:
    words = (
        '{ over = "more_than", about = "approximately", exact = "exactly", '
        'none = "none_reported", unclear = "unquantified" }'
    )
    how = f'{{ value = {{ column = "n" }}, qualifier = {{ column = "q", map = {words} }} }}'
    table = f"id,day,province,q,n\n7,2025-03-11,Latakia,{cells}\n"

    (figure,) = figures(table, mapped(how))

    assert figure["quantity"] == quantity


def test_a_word_stands_in_for_a_number_that_is_not_there() -> None:
    how = '{ value = { column = "n" }, word = { column = "w" }, text = { column = "w" } }'
    table = "id,day,province,n,w\n7,2025-03-11,Latakia,,dozens\n8,2025-03-11,Latakia,24,\n"

    first, second = figures(table, mapped(how))

    assert first["quantity"] == {"qualifier": "lexical", "word": "dozens", "text": "dozens"}
    assert second["quantity"] == {"qualifier": "exactly", "value": 24}


def test_a_constant_counts_rows_that_are_incidents() -> None:
    (figure,) = figures(mapping=mapped("{ value = 1 }").replace('"killed"', '"incidents"'))

    assert (figure["measure"], figure["quantity"]["value"]) == ("incidents", 1)


def test_a_long_table_names_its_measure_in_a_column() -> None:
    mapping = MAP.replace(
        'measure = "killed"',
        'measure = { column = "what", map = { dead = "killed", hurt = "injured" } }',
    )
    table = (
        "id,day,province,what,deaths\n"
        "1,2025-03-11,Latakia,dead,3\n2,2025-03-11,Latakia,Hurt,4\n3,2025-03-11,Latakia,lost,5\n"
    )

    found = read(table, mapping)

    assert [event["data"]["figures"][0]["measure"] for event in events_of(found)] == [
        "killed",
        "injured",
    ]
    (line, column, message) = refusals_of(found)[0]
    assert (line, column) == (4, "what")
    assert "'lost' is not known here: one of dead, hurt" in message


def test_segments_make_figures_of_one_row_and_their_ids() -> None:
    women = """
[[figures]]
measure = "killed"
quantity.value = { column = "women" }
segment = { sex = "female", age_band = { column = "age", slug = true } }
part_of = "killed"
"""
    table = "id,day,province,deaths,women,age\n7,2025-03-11,Latakia,658,60,18 or older\n"

    whole, part = figures(table, MAP + women)

    assert (part["id"], part["part_of"]) == ("killed.female.18-or-older", whole["id"])
    assert part["segment"] == {"sex": "female", "age_band": "18-or-older"}


def test_a_figure_without_a_number_is_left_out_but_a_row_without_any_is_refused() -> None:
    hurt = '[[figures]]\nmeasure = "injured"\nquantity.value = { column = "hurt" }\n'
    table = "id,day,province,deaths,hurt\n7,2025-03-11,Latakia,-,4\n8,2025-03-11,Latakia,,n/a\n"

    found = read(table, MAP + hurt)

    assert [figure["id"] for event in events_of(found) for figure in event["data"]["figures"]] == [
        "injured"
    ]
    assert refusals_of(found) == [
        (3, "deaths", "no number here, nor in any other column of a figure")
    ]


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


def test_a_figure_may_be_of_some_rows_only() -> None:
    some = mapped('{ value = { column = "deaths" } }', 'where = [{ column = "id", in = ["1"] }]')
    rest = '[[figures]]\nmeasure = "missing"\nquantity.value = { column = "deaths" }\n'
    table = "id,day,province,deaths\n1,2025-03-11,Latakia,5\n2,2025-03-11,Latakia,6\n"

    assert [one["id"] for one in figures(table, some + rest)] == ["killed", "missing", "missing"]


@pytest.mark.parametrize(
    ("row", "areas", "spot"),
    [
        ("Syria,Latakia,,", ["SY-LA"], None),
        ("SYR,SY06,SY0602,", ["SY0602"], None),
        ("Syria,,,", ["SY"], None),
        ("Syria,Latakia,Nowhereville,", ["SY-LA"], "Nowhereville"),
    ],
)
def test_the_finest_area_counts_and_an_unknown_one_may_be_a_place(
    row: str, areas: list[str], spot: str | None
) -> None:
    where = (
        'areas = { country = { column = "c" }, adm1 = { column = "p" }, adm2 = { column = "d" }, '
        'finest = "wider" }'
    )
    mapping = MAP.replace(
        'areas = { country = "SY", adm1 = { column = "province" } }',
        where,
    )

    (figure,) = figures(f"id,day,deaths,c,p,d,x\n7,2025-03-11,5,{row}\n", mapping)

    assert (figure["areas"], figure.get("place")) == (areas, spot)


def test_an_unknown_area_is_refused_unless_the_mapping_says_otherwise() -> None:
    line, column, message = refusal(TABLE.replace("Latakia", "Lattakkia"))

    assert (line, column) == (2, "province")
    assert "did you mean SY-LA" in message


def test_an_area_of_another_country_is_refused() -> None:
    assert refusal(TABLE.replace("Latakia", "LB-BA"))[:2] == (2, "province")


def test_a_row_without_any_area_is_refused() -> None:
    mapping = MAP.replace('country = "SY", ', "")

    assert refusal(TABLE.replace("Latakia", ""), mapping)[1:] == (
        "province",
        "is empty: a figure needs at least its country",
    )


def test_a_place_that_is_said_to_be_no_area_makes_statements() -> None:
    """Given a country column with `Mixed/Unknown`, then what is told is kept, and not placed."""
    mapping = MAP.replace(
        'country = "SY", adm1 = { column = "province" }',
        'country = { column = "province" }, nowhere = ["Mixed/Unknown"]',
    )
    (event,) = events_of(read(TABLE.replace("Latakia", "Mixed/Unknown"), mapping))

    assert event["data"]["figures"] == []
    assert event["data"]["statements"] == [
        {
            "id": "killed",
            "speaker": "sohr",
            "kind": "claim",
            "text": "killed: exactly 658, in 'Mixed/Unknown', which is no area.",
        }
    ]


def test_several_codes_are_one_scope() -> None:
    mapping = MAP.replace(
        'country = "SY", adm1 = { column = "province" }', 'codes = { column = "province" }'
    )

    (figure,) = figures(TABLE.replace("Latakia", "SY06; SY-TA;SY-LA"), mapping)

    assert figure["areas"] == ["SY-LA", "SY-TA"]


def test_a_movement_has_an_origin_and_a_destination() -> None:
    more = """
origin.country = { column = "from" }
destination = { country = { column = "to" } }
"""
    mapping = mapped('{ value = { column = "deaths" } }', more).replace('"killed"', '"displaced"')
    table = "id,day,province,deaths,from,to\n7,2025-03-11,Latakia,5,Syria,Lebanon\n"

    (figure,) = figures(table, mapping)

    assert (figure["origin"], figure["destination"]) == (["SY"], ["LB"])


def test_everything_that_a_figure_may_say_can_come_from_columns() -> None:
    more = """
window = { start = { column = "from" }, end = { column = "day" } }
as_of = { column = "at" }
incident = { column = "remark", slug = true }
place = "the village"
precision = "village"
described_as = { template = "{remark} on {day}" }
note = { column = "none", optional = true, otherwise = { column = "remark" } }
mode = "each"
coverage = "partial"
role = "held"
status = "verified"
dated_by = "documentation"
originator = "snhr"
"""
    table = (
        "id,day,province,deaths,remark,from,at\n"
        "7,2025-03-11,Latakia,658,as told,2025-03-06,2025-03-11T20:00:00+03:00\n"
    )

    (figure,) = figures(table, mapped('{ value = { column = "deaths" } }', more))

    assert figure["window"] == {"start": "2025-03-06", "end": "2025-03-11"}
    assert figure["as_of"] == "2025-03-11T20:00:00+03:00"
    assert figure["incident"] == "as-told"
    assert figure["described_as"] == "as told on 2025-03-11"
    assert figure["note"] == "as told"
    assert [figure[name] for name in ("place", "precision", "mode", "coverage", "role")] == [
        "the village",
        "village",
        "each",
        "partial",
        "held",
    ]
    assert [figure[name] for name in ("status", "dated_by", "originator")] == [
        "verified",
        "documentation",
        "snhr",
    ]


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
