"""A stored event as the folds read it: lifted to the current version, not validated again."""

from typing import Any, NamedTuple

import orjson

from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.event import Event
from tollbook_schemas.lift import lift


class FiledEvent(NamedTuple):
    """An event of the ledger.

    It was validated when it was admitted, so its data are plain JSON values: validating them
    again would cost ten times as much as reading them.

    Attributes:
        kind: the event type, in its current version.
        crisis: the `subject`.
        time: when the sender made it, as sent.
        data: the data in the current version, without nulls.
    """

    kind: str
    source: str
    id: str
    crisis: str
    time: str
    data: dict[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        """The idempotency key: `(source, id)`."""
        return self.source, self.id

    @property
    def global_id(self) -> str:
        """`source/id`: what a figure id of this event starts with."""
        return f"{self.source}/{self.id}"

    def figure_id(self, local: str) -> str:
        """The global id of a figure or statement of this event: `source/id#local`."""
        return f"{self.source}/{self.id}#{local}"


def filed_event(stored: bytes) -> FiledEvent:
    """The event in stored bytes (canonical bytes with `recordedtime`).

    Raises:
        CheckFailedError: the bytes are not what the ledger stores.
    """
    try:
        document = orjson.loads(stored)
        if b":null" in stored:
            document = _without_nulls(document)
        return _filed(lift(document))
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise CheckFailedError(f"a stored event cannot be read: {error!r}") from error


def filed_of(event: Event) -> FiledEvent:
    """A validated event as the folds read it."""
    dumped = event.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    return _filed(dumped)


def _filed(document: dict[str, Any]) -> FiledEvent:
    return FiledEvent(
        document["type"],
        document["source"],
        document["id"],
        document["subject"],
        document["time"],
        document["data"],
    )


def _without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {
                name: item if name == "ext" else _without_nulls(item)  # the producer's own use
                for name, item in value.items()
                if item is not None
            }
        case list():
            return [_without_nulls(item) for item in value]
        case _:
            return value
