"""A small table and its mapping file, to be changed in one place a test."""

import tomllib
from typing import Any

import pytest
from import_kit import events_of, imported, refusals_of

from tollbook_schemas.errors import UsageError

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
