"""The AsyncAPI 3 description of the streams, for systems that publish or read them."""

from typing import Any, Final

_CONTRACT_VERSION: Final = "1.0.0"
_PREFIX: Final = "org.tollbook."


def asyncapi_document(events: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """AsyncAPI 3.0 with one message for each event type.

    Args:
        events: the JSON Schema of each event type; definitions are moved to the components.
    """
    schemas: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for kind, schema in events.items():
        name = _name(kind)
        schemas |= {key: _moved(part) for key, part in schema["$defs"].items()}
        body = {key: part for key, part in schema.items() if key != "$defs"}
        schemas[name] = _moved({**body, "title": name})
        messages[name] = {
            "name": kind,
            "contentType": "application/cloudevents+json",
            "payload": {"$ref": f"#/components/schemas/{name}"},
        }
    messages["Rejection"] = _rejection()
    messages["CellChange"] = _cell_change()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "tollbook",
            "version": _CONTRACT_VERSION,
            "description": "Reports come in on the inbox and are kept, in order, on the ledger; "
            "every number they change is told on the change feed.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": _channels([_name(kind) for kind in events]),
        "operations": _operations(),
        "components": {"messages": messages, "schemas": dict(sorted(schemas.items()))},
    }


def _name(kind: str) -> str:
    words = kind.removeprefix(_PREFIX).replace(".", "_").split("_")
    return f"{''.join(word.capitalize() for word in words[:-1])}Event"


def _moved(node: Any) -> Any:
    match node:
        case dict():
            return {
                key: item.replace("#/$defs/", "#/components/schemas/")
                if key == "$ref"
                else _moved(item)
                for key, item in node.items()
            }
        case list():
            return [_moved(item) for item in node]
        case _:
            return node


def _channels(names: list[str]) -> dict[str, Any]:
    events = {name: {"$ref": f"#/components/messages/{name}"} for name in names}
    rejections = {"Rejection": {"$ref": "#/components/messages/Rejection"}}
    text = (
        "The partition: the first 8 bytes of SHA-256 of the crisis, big-endian, modulo the number "
        "of partitions. The braces around it are part of the key (a hash tag)."
    )
    partition = {"p": {"description": text}}
    return {
        "inbox": {
            "address": "tollbook:inbox",
            "description": "Redis stream; publish with XADD tollbook:inbox * event <json>.",
            "messages": events,
        },
        "ledger": {
            "address": "tollbook:{p}:ledger",
            "description": "Redis stream of one partition; entry <sequence>-0, dense from 1; "
            "field e is the canonical event with `recordedtime`, field h its RFC 6962 leaf hash.",
            "parameters": partition,
            "messages": events,
        },
        "rejected": {
            "address": "tollbook:rejected",
            "description": "Redis stream of what was refused, byte for byte, with its faults.",
            "messages": rejections,
        },
        "changes": {
            "address": "tollbook:changes",
            "description": "Redis stream of every live cell that changed, in the order in which "
            "it did; written with the read model itself, so that neither is ahead.",
            "messages": {"CellChange": {"$ref": "#/components/messages/CellChange"}},
        },
        "quarantine": {
            "address": "tollbook:{p}:quarantine",
            "description": "Redis stream of events whose key was recorded with other content.",
            "parameters": partition,
            "messages": rejections,
        },
    }


def _operations() -> dict[str, Any]:
    def operation(action: str, channel: str, summary: str) -> dict[str, Any]:
        return {
            "action": action,
            "channel": {"$ref": f"#/channels/{channel}"},
            "summary": summary,
        }

    return {
        "publish": operation("receive", "inbox", "tollbook takes reports from anybody."),
        "record": operation("send", "ledger", "tollbook records each event once, in order."),
        "reject": operation("send", "rejected", "tollbook keeps what it refuses, with reasons."),
        "change": operation("send", "changes", "tollbook tells every number that changes."),
        "quarantine": operation("send", "quarantine", "tollbook keeps conflicting retries."),
    }


def _rejection() -> dict[str, Any]:
    fault = {
        "type": "object",
        "properties": {
            "pointer": {"type": "string", "description": "RFC 6901 pointer into the document."},
            "message": {"type": "string", "description": "What is wrong and would be right."},
        },
        "required": ["pointer", "message"],
    }
    return {
        "name": "rejection",
        "contentType": "application/json",
        "payload": {"type": "array", "items": fault, "description": "The faults, in order."},
    }


def _cell_change() -> dict[str, Any]:
    count = {"type": ["integer", "null"]}
    text = {"type": ["string", "null"]}
    bounds = _object(
        {"low": count, "best": count, "high": count, "flags": _list({"type": "string"})}
    )
    cell = _object(
        {
            "kind": {"enum": ["area", "unallocated", "unspecified"]},
            "area": {"type": "string"},
            "measure": {"type": "string"},
            "unit": {"type": "string"},
            "nature": {"enum": ["count", "stock"]},
            "segment": {"type": "string"},
            "origin": text,
            "destination": text,
        }
    )
    cause = _object(
        {
            "sequence": {"type": "integer"},
            "event": {"type": "string", "description": "source/id of the event."},
            "type": {"type": "string"},
            "originator": {**text, "description": "Who counted, of a report."},
            "reason": text,
        }
    )
    names = _list({"type": "string"})
    figures = _object({"added": names, "removed": names, "total": {"type": "integer"}})
    payload = _object(
        {
            "crisis": {"type": "string"},
            "partition": {"type": "integer"},
            "position": {"type": "string", "description": "A token for --min-position."},
            "recorded_at": {"type": "string", "format": "date-time"},
            "cell": cell,
            "before": {"anyOf": [bounds, {"type": "null"}], "description": "null: there was none."},
            "after": {"anyOf": [bounds, {"type": "null"}], "description": "null: there is none."},
            "figures": {
                **figures,
                "description": "Global ids of figures the cell came to rest on, and of those it "
                "does no more, at most 20 each; and how many it rests on.",
            },
            "causes": {**_list(cause), "description": "The latest events that moved it."},
            "causes_total": {"type": "integer"},
        }
    )
    return {"name": "cell change", "contentType": "application/json", "payload": payload}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}
