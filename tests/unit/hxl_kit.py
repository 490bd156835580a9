"""Small HXL sheets, and what becomes of their only row."""

from typing import Any

import orjson
from import_kit import events_of, imported, refusals_of

from tollbook_schemas.errors import Fault
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import parse_event
from tollbook_services.importing.rows import Imported, Made

CUMULATIVE = {"basis": "cumulative"}

SHEET = """\
Day,Governorate,Code,Killed,Girls killed,Source,Page,Remarks
#date+reported,#adm1+name,#adm1+code,#affected+killed,#affected+f+children+killed,#meta+source,#meta+url,
2025-03-11,Latakia,SY06,658,12,SNHR,https://snhr.example/march,by name
"""

PLACES = "#country+name,#adm1+name,#adm2+name,#date,#meta+source,#affected+killed\n"


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


def column_of_the_fault(made: Imported) -> str:
    """The column that the contract's only fault with an event leads to."""
    assert isinstance(made, Made)
    [fault] = parse_event(orjson.dumps(made.event), default_gazetteer())
    assert isinstance(fault, Fault)
    longest = max(one for one in made.columns if fault.pointer.startswith(one))
    return made.columns[longest]
