"""Any table with a mapping file: quantities, segments, areas and all else of its figures."""

from typing import Any

import pytest
from csv_kit import MAP, TABLE, figures, mapped, read, refusal
from import_kit import events_of, refusals_of


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
