"""The schema of published events in the OpenAPI document."""

from collections.abc import Mapping
from typing import Any, Final

from tollbook_schemas.event import DATA_MODELS
from tollbook_services.api.options import BATCH_MAX

NAME: Final = "PublishedEvent"
_REF: Final = {"$ref": f"#/components/schemas/{NAME}"}
_MANY: Final = {"type": "array", "items": _REF, "minItems": 1, "maxItems": BATCH_MAX}

EVENT_SCHEMAS: Final[Mapping[str, Any]] = {
    "application/cloudevents+json": _REF,
    "application/cloudevents-batch+json": _MANY,
    "application/json": {"anyOf": [_REF, _MANY]},
    "application/x-ndjson": {"type": "string", "description": "An event on each line."},
}


def event_schemas() -> dict[str, Any]:
    """The envelope of an event, by the name of its component.

    What `data` has to be for each type is in the JSON Schema of events, `event.json`.
    """
    text = {"type": "string", "minLength": 1}
    envelope = {
        "type": "object",
        "title": NAME,
        "description": "A CloudEvents 1.0 event. Its data by `type`: schemas/json/event.json.",
        "properties": {
            "specversion": {"const": "1.0", "type": "string"},
            "type": {"type": "string", "enum": list(DATA_MODELS)},
            "source": {**text, "maxLength": 500, "description": "With `id` the idempotency key."},
            "id": {**text, "maxLength": 500},
            "subject": {
                "type": "string",
                "pattern": "^[a-z0-9-]{1,64}$",
                "description": "Slug of the crisis.",
            },
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json", "type": "string"},
            "data": {"type": "object"},
            "ext": {"type": "object", "description": "For the producer's own use."},
        },
        "required": ["specversion", "type", "source", "id", "subject", "time", "data"],
        "additionalProperties": False,
    }
    return {NAME: envelope}
