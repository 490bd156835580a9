"""From raw bytes to an event, or to the faults that keep them from being one."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import orjson
from pydantic import ValidationError

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.decode import decode_document
from tollbook_schemas.editorial import FigureRevised
from tollbook_schemas.errors import CheckFailedError, Fault
from tollbook_schemas.event import Event
from tollbook_schemas.faults import Place, faults_of, pointer_to
from tollbook_schemas.gazetteer import Area, Gazetteer
from tollbook_schemas.limits import FAULTS_MAX
from tollbook_schemas.report import ReportFiled

RECORDED_TIME: Final = "recordedtime"
"""The member that the ledger adds to an event when it stores it."""

_SUGGESTIONS_MAX: Final = 10
"""Unknown codes of one event that are compared with all names, some milliseconds each."""


@dataclass(frozen=True, slots=True)
class ParsedEvent:
    """An event that may be appended.

    Attributes:
        event: the event, validated.
        canonical: its canonical bytes as sent, without what the ledger adds.
        key: the idempotency key, (source, id).
    """

    event: Event
    canonical: bytes
    key: tuple[str, str]


def parse_event(raw: bytes, gazetteer: Gazetteer) -> ParsedEvent | tuple[Fault, ...]:
    """Read one event from its JSON bytes.

    Args:
        raw: one JSON document, UTF-8.
        gazetteer: the areas an event may name.

    Returns:
        The event with its canonical bytes, or every fault that was found, in document order.
    """
    document = decode_document(raw)
    if isinstance(document, tuple):
        return document
    try:
        event = Event.model_validate(document)
    except ValidationError as error:
        return faults_of(error, document)
    faults = tuple(islice(_unknown_areas(event, gazetteer), FAULTS_MAX))
    if faults:
        return faults
    return ParsedEvent(event, canonical_bytes(document), event.key)


def event_from_stored(stored: bytes) -> Event:
    """Lift stored bytes (canonical bytes with `recordedtime`) back to their event.

    The areas are not looked up again: the gazetteer may have changed since.

    Raises:
        CheckFailedError: the bytes are not what the ledger stores.
    """
    try:
        document = orjson.loads(stored)
        if isinstance(document, dict):
            document.pop(RECORDED_TIME, None)
        return Event.model_validate(document)
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise CheckFailedError(f"a stored event cannot be read: {error}") from error


def _unknown_areas(event: Event, gazetteer: Gazetteer) -> Iterator[Fault]:
    hints: dict[str, str] = {}
    for place, codes in _areas(event):
        for position, code in enumerate(codes):
            if gazetteer.resolve(code) is not None:
                continue
            if code not in hints:
                close = gazetteer.suggest(code) if len(hints) < _SUGGESTIONS_MAX else ()
                hints[code] = _unknown_area(code, close)
            yield Fault(pointer_to((*place, position)), hints[code])


def _areas(event: Event) -> Iterator[tuple[Place, tuple[str, ...]]]:
    match event.data:
        case ReportFiled(figures=figures):
            for position, figure in enumerate(figures):
                place = ("data", "figures", position)
                yield (*place, "areas"), figure.areas
                yield (*place, "origin"), figure.origin
                yield (*place, "destination"), figure.destination
        case FigureRevised(areas=tuple(areas)):
            yield ("data", "areas"), areas
        case _:
            return


def _unknown_area(code: str, close: tuple[Area, ...]) -> str:
    text = f"unknown area {code!r}"
    if close:
        return f"{text}: did you mean {', '.join(f'{area.code} ({area.name})' for area in close)}?"
    return f"{text}: give an ISO 3166-1, ISO 3166-2 or P-code such as SY-LA"
