"""The mapping file: what it may say, and how it is told what it may not."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from import_kit import events_of, imported

from tollbook_schemas.errors import UsageError
from tollbook_schemas.model import Model
from tollbook_services.importing.mapping import (
    AreaMap,
    FigureMap,
    Mapping,
    QuantityMap,
    SegmentMap,
    WindowMap,
    mapping_of,
)
from tollbook_services.importing.mapping_columns import needed_columns
from tollbook_services.importing.mapping_value import DayValue, TextValue

GOOD: dict[str, Any] = tomllib.loads("""
source = "https://desk.example.org/table"
id = "{id}"
originator = { column = "who", map = { SOHR = "sohr" } }
published_at = { column = "day", otherwise = { column = "month", layouts = ["%B %Y"] } }
note = { column = "note", optional = true }
where = [{ column = "kind", in = ["a"] }, { column = "maybe", empty = true }]

[areas]
country = "SY"
adm1 = { column = "province" }

[every]
unit = "person"
basis = "increment"

[[figures]]
measure = "killed"
quantity.value = { column = "deaths" }
where = [{ column = "sure", not_in = ["no"] }]
""")


def changed(place: str, value: Any) -> dict[str, Any]:
    """The mapping with another value, or without it where that is None."""
    mapping: dict[str, Any] = tomllib.loads(TOML)
    *path, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    at: Any = mapping
    for step in path:
        at = at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return mapping


TOML = """
source = "https://desk.example.org/table"
id = "{id}"
originator = "sohr"
published_at = { column = "day" }
areas.country = "SY"

[[figures]]
measure = "killed"
unit = "person"
basis = "increment"
quantity.value = { column = "deaths" }
"""


def told(mapping: dict[str, Any]) -> str:
    with pytest.raises(UsageError) as error:
        mapping_of(mapping)
    message = str(error.value)
    assert message.startswith("the mapping file: ")
    return message.removeprefix("the mapping file: ")


def test_a_mapping_names_the_columns_that_every_row_needs() -> None:
    """Optional ones and those that may be empty are not among them; a digest of all names none."""
    columns = needed_columns(mapping_of(GOOD))
    digest = changed("id", {"digest": ["*", "day"]})

    assert set(columns) == {"id", "who", "day", "month", "kind", "province", "deaths", "sure"}
    assert set(needed_columns(mapping_of(digest))) == {"day", "deaths"}


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("orginator", "sohr", "'orginator' is not known here (did you mean 'originator'?)"),
        ("figures.0.mesure", "killed", "figures, no. 1: 'mesure' is not known here (did you mean"),
        ("figures.0.quantity.vaule", 1, "figures, no. 1, quantity: 'vaule' is not known"),
        ("published_at.colum", "day", "published_at: 'colum' is not known here (did you mean"),
        ("areas.admin1", {"column": "p"}, "areas: 'admin1' is not known here (did you mean 'adm1'"),
        ("source", None, "source is missing"),
        ("figures", None, "figures is missing"),
        ("figures", [], "figures: "),
        ("areas", None, "areas is missing"),
        ("areas", {}, "areas: say where: country"),
        ("areas.codes", {"column": "c"}, "areas: `codes` stands alone"),
        ("source", "two words", "source: "),
        ("published_at", "11 March", "published_at: "),
        ("published_at", {"layouts": ["%d"]}, "published_at: write a constant, or name a column"),
        ("originator", {"column": "a", "template": "{b}"}, "originator: write a constant, or"),
        ("originator", {"template": "sohr"}, "originator: 'sohr' names no column in braces"),
        ("originator", {"template": "{who"}, "originator: "),
        ("originator", {"column": "a", "pattern": "(a)(b)"}, "needs one group in brackets"),
        ("originator", {"column": "a", "pattern": "(a"}, "is no regular expression"),
        ("originator", 7, "originator, constant: "),
        ("id", "constant", "id: 'constant' names no column in braces, as in {place}"),
        ("id", {"digest": []}, "id, digest: "),
        ("figures.0.measure", "kiled", "no. 1, measure: 'kiled' is none of killed, injured"),
        ("figures.0.measure", "kiled", "(did you mean 'killed'?)"),
        (
            "figures.0.unit",
            {"column": "u", "map": {"p": "persons"}},
            "figures, no. 1, unit: 'persons' is none of person,",
        ),
        (
            "figures.0.role",
            {"column": "u", "otherwise": "count"},
            "figures, no. 1, role: 'count' is none of counted,",
        ),
        ("figures.0.quantity", {}, "quantity: give a `value` (or `word`), or else `low`,"),
        (
            "figures.0.quantity",
            {"value": 1, "low": {"column": "l"}},
            "quantity: give a `value` (or `word`), or else `low`",
        ),
        ("figures.0.quantity.value", -1, "quantity, value, constant: "),
        ("figures.0.quantity.value", 1.5, "quantity, value, constant: "),
        ("figures.0.basis", None, "figure 1 has no basis: give it there or in [every]"),
        ("figures.0.segment", {"sexe": "male"}, "segment: 'sexe' is not known here"),
        ("figures.0.segment", {"sex": "men"}, "segment, sex: 'men' is none of female, male"),
        ("where", [{"column": "a"}], "where, no. 1: say what 'a' has to be"),
        ("where", [{"column": "a", "in": ["x"], "empty": True}], "where, no. 1: say what 'a'"),
        ("where", [{"column": "a", "is": ["x"]}], "where, no. 1: 'is' is not known here"),
    ],
)
def test_what_a_mapping_cannot_say_is_refused_at_its_place(
    place: str, value: Any, message: str
) -> None:
    assert message in told(changed(place, value))


def test_all_that_is_wrong_is_told_at_once() -> None:
    mapping = changed("figures.0.measure", "kiled") | {"published_at": "11 March"}

    message = told(mapping)

    assert "published_at: " in message
    assert "measure: " in message


def test_a_mapping_is_one_that_is_good() -> None:
    assert isinstance(mapping_of(changed("originator", "snhr")), Mapping)


DOCS = (Path(__file__).parents[2] / "docs" / "importing.md").read_text(encoding="utf-8")
SECTION = DOCS.partition("\n## `csv`\n")[2].partition("\n## ")[0]
FENCED = re.compile(r"```toml\n(.*?)```", re.DOTALL)


def test_the_mapping_in_the_docs_is_a_whole_one() -> None:
    (example,) = FENCED.findall(SECTION)
    table = "bulletin,province,date,civilians\n12,Latakia,11/03/2025,658\n"

    (event,) = events_of(imported("csv", table, mapping=tomllib.loads(example)))

    assert (event["id"], event["data"]["published_at"]) == ("12-Latakia", "2025-03-11")
    assert event["data"]["figures"][0]["segment"] == {"status": "civilian"}


@pytest.mark.parametrize(
    "model",
    [Mapping, FigureMap, QuantityMap, AreaMap, SegmentMap, WindowMap, TextValue, DayValue],
)
def test_every_key_of_the_mapping_is_in_the_docs(model: type[Model]) -> None:
    quoted = re.findall(r"`([^`]+)`", FENCED.sub("", SECTION))
    known = set(re.findall(r"\w+", " ".join(quoted)))
    between = {"adm2", "adm3"}  # `adm1` to `adm4`

    assert set(model.model_fields) - known - between - {"constant"} == set()
