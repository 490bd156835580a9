"""Writes the machine-readable contract: JSON Schema of events and views, and AsyncAPI 3."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from tollbook_schemas.accounts import (
    ConflictsDocument,
    ExplainDocument,
    IncidentsDocument,
    SourcesDocument,
)
from tollbook_schemas.asyncapi import asyncapi_document
from tollbook_schemas.event import DATA_MODELS, Event
from tollbook_schemas.views import (
    DisplacementDocument,
    ReceiptDocument,
    RevisionsDocument,
    StatementsDocument,
    StatusDocument,
    TollsDocument,
)

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
OPENAPI: Final = "openapi.json"
"""In the same directory, and made by `tollbook_services.api.generate`: the routes are up there."""

_CHECKED_IN: Final = Path(__file__).parents[1] / "json"
_VIEWS: Final[dict[str, Any]] = {
    "tolls": TollsDocument,
    "displacement": DisplacementDocument,
    "revisions": RevisionsDocument,
    "incidents": IncidentsDocument,
    "sources": SourcesDocument,
    "conflicts": ConflictsDocument,
    "explain": ExplainDocument,
    "statements": StatementsDocument,
    "status": StatusDocument,
    "receipt": ReceiptDocument,
}


def documents() -> dict[str, dict[str, Any]]:
    """Every generated document by its file name."""
    found = {"event.json": _titled(envelope_schema(), "event.json")}
    for kind in DATA_MODELS:
        name = f"{kind.removeprefix('org.tollbook.')}.json"
        found[name] = _titled(event_schema(kind), name)
    for view, shape in _VIEWS.items():
        name = f"view.{view}.json"
        found[name] = _titled(TypeAdapter(shape).json_schema(), name)
    found["asyncapi.json"] = asyncapi_document({kind: event_schema(kind) for kind in DATA_MODELS})
    return found


def envelope_schema() -> dict[str, Any]:
    """The schema of any event: one branch for each type, so that `data` fits `type`."""
    schema = Event.model_json_schema()
    schema["allOf"] = [
        {
            "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
            "then": {"properties": {"data": {"$ref": f"#/$defs/{model.__name__}"}}},
        }
        for kind, model in DATA_MODELS.items()
    ]
    schema["properties"]["data"] = {"type": "object", "description": "What happened, by `type`."}
    return schema


def event_schema(kind: str) -> dict[str, Any]:
    """The schema of events of one type, with only the definitions it uses."""
    schema = Event.model_json_schema()
    properties = schema["properties"]
    properties["type"] = {"const": kind, "type": "string"}
    properties["data"] = {"$ref": f"#/$defs/{DATA_MODELS[kind].__name__}"}
    used = _reachable(properties, schema["$defs"])
    schema["$defs"] = {name: schema["$defs"][name] for name in sorted(used)}
    return schema


def _reachable(node: Any, definitions: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting:
        match waiting.pop():
            case {"$ref": str(reference)}:
                name = reference.rpartition("/")[2]
                if name not in found:
                    found.add(name)
                    waiting.append(definitions[name])
            case dict() as members:
                waiting.extend(members.values())
            case list() as items:
                waiting.extend(items)
            case _:
                continue
    return found


def _titled(schema: dict[str, Any], name: str) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": f"https://tollbook.org/schemas/v1/{name}", **schema}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the documents, or with `--check` exit 1 and name those that are stale."""
    program = "python -m tollbook_schemas.generate"
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    parser.add_argument("--out", type=Path, default=_CHECKED_IN, help="directory of the documents")
    options = parser.parse_args(arguments)
    wanted = {
        name: orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        for name, document in documents().items()
    }
    existing = {
        path.name: path.read_bytes() for path in options.out.glob("*.json") if path.name != OPENAPI
    }
    stale = sorted(
        name for name in wanted.keys() | existing.keys() if wanted.get(name) != existing.get(name)
    )
    if options.check:
        for name in stale:
            sys.stderr.write(f"{name} is stale: run python -m tollbook_schemas.generate\n")
        return 1 if stale else 0
    options.out.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (options.out / name).write_bytes(wanted[name])
        else:
            (options.out / name).unlink()
    sys.stdout.write(f"{len(wanted)} documents, {len(stale)} changed\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
