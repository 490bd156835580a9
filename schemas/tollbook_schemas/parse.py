"""From raw bytes to an event, or to the faults that keep them from being one."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from msgspec import Struct
from pydantic import ValidationError

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.decode import decode_document
from tollbook_schemas.editorial import FigureRevised
from tollbook_schemas.errors import Fault
from tollbook_schemas.event import Event
from tollbook_schemas.fast import fast_document, fast_made
from tollbook_schemas.faults import Place, faults_of, pointer_to
from tollbook_schemas.gazetteer import Area, Gazetteer
from tollbook_schemas.incident import IncidentOpened
from tollbook_schemas.lift import upcast
from tollbook_schemas.limits import FAULTS_MAX
from tollbook_schemas.nesting import nesting_fault
from tollbook_schemas.reference import GazetteerPublished, HouseholdSizes, PolicyPublished
from tollbook_schemas.report import ReportFiled
from tollbook_schemas.to_come import faults_to_come
from tollbook_schemas.withholding import sensitive_faults

RECORDED_TIME: Final = "recordedtime"
"""The member that the ledger adds to an event when it stores it."""

_SUGGESTIONS_MAX: Final = 10
"""Unknown codes of one event that are compared with all names, some milliseconds each."""


class ParsedEvent(Struct, frozen=True, gc=False):
    """An event that may be appended.

    Attributes:
        key: the idempotency key, (source, id).
        crisis: the `subject`.
        canonical: its canonical bytes as sent, without what the ledger adds.
    """

    key: tuple[str, str]
    crisis: str
    canonical: bytes


def parse_event(
    raw: bytes, gazetteer: Gazetteer, last: str | None = None
) -> ParsedEvent | tuple[Fault, ...]:
    """Read one event from its JSON bytes.

    An event of an old version is checked as it will be read, lifted to the current one, and kept
    as it was sent.

    Args:
        raw: one JSON document, UTF-8.
        gazetteer: the areas an event may name.
        last: refuse dates behind this day (`to_come.last_day`), for what is new; None takes any.

    Returns:
        The event with its canonical bytes, or every fault that was found, in document order.
    """
    found = fast_document(raw, gazetteer, last)
    if found is None:
        return examine(raw, gazetteer, last)
    report, canonical = found
    return ParsedEvent((report.source, report.id), report.subject, canonical)


def parse_made(
    document: dict[str, Any], gazetteer: Gazetteer, last: str | None = None
) -> ParsedEvent | tuple[Fault, ...]:
    """The same for an event that a program made and nobody sent yet: `parse_event` of its JSON."""
    canonical = fast_made(document, gazetteer, last)
    if canonical is None:
        return parse_event(canonical_bytes(document), gazetteer, last)
    return _parsed(document, canonical)


def examine(
    raw: bytes, gazetteer: Gazetteer, last: str | None = None
) -> ParsedEvent | tuple[Fault, ...]:
    """The same, reading with every check: what alone may refuse, and finds the faults."""
    document = decode_document(raw)
    if isinstance(document, tuple):
        return document
    current = upcast(document)
    faults = _faults(current, raw, gazetteer, last)
    if not faults:
        return _parsed(document, canonical_bytes(document))
    if current is document:
        return faults
    lifted = f"(as lifted from {document['type']} to {current['type']})"
    return tuple(Fault(fault.pointer, f"{fault.message} {lifted}") for fault in faults)


def _faults(
    document: dict[str, Any], raw: bytes, gazetteer: Gazetteer, last: str | None
) -> tuple[Fault, ...]:
    try:
        event = Event.model_validate(document)
    except ValidationError as error:
        deep = nesting_fault(raw.decode())
        return (deep,) if deep else faults_of(error, document)
    unknown = islice(_unknown_areas(event, gazetteer), FAULTS_MAX)
    late = () if last is None else islice(faults_to_come(document, last), FAULTS_MAX)
    return (*unknown, *late, *sensitive_faults(document))


def _parsed(document: dict[str, Any], canonical: bytes) -> ParsedEvent:
    key = (document["source"], document["id"])
    return ParsedEvent(key, document["subject"], canonical)


def _unknown_areas(event: Event, gazetteer: Gazetteer) -> Iterator[Fault]:
    hints: dict[str, str] = {}
    for place, code in _areas(event):
        if gazetteer.resolve(code) is not None:
            continue
        if code not in hints:
            close = gazetteer.suggest(code) if len(hints) < _SUGGESTIONS_MAX else ()
            hints[code] = _unknown_area(code, close)
        yield Fault(pointer_to(place), hints[code])
    if isinstance(event.data, GazetteerPublished):
        yield from _no_country(event.data.country, gazetteer)
        yield from _of_another_country(event.data, gazetteer)


def _areas(event: Event) -> Iterator[tuple[Place, str]]:
    """Every area an event speaks of, with its place; a gazetteer defines its own."""
    match event.data:
        case ReportFiled(figures=figures):
            for number, figure in enumerate(figures):
                for field in ("areas", "origin", "destination"):
                    for position, code in enumerate(getattr(figure, field)):
                        yield ("data", "figures", number, field, position), code
        case FigureRevised(areas=tuple(areas)) | IncidentOpened(areas=tuple(areas)):
            for position, code in enumerate(areas):
                yield ("data", "areas", position), code
        case PolicyPublished(household_sizes=HouseholdSizes(by_area=dict(sizes))):
            for code in sizes:
                yield ("data", "household_sizes", "by_area", code), code
        case _:
            return


def _no_country(code: str, gazetteer: Gazetteer) -> Iterator[Fault]:
    area = gazetteer.resolve(code)
    if area is not None and area.level == 0:
        return
    what = f"{code} ({area.name}) is no country" if area else f"unknown country {code!r}"
    yield Fault("/data/country", f"{what}: give an ISO 3166-1 code such as LB or LBN")


def _of_another_country(data: GazetteerPublished, gazetteer: Gazetteer) -> Iterator[Fault]:
    country = gazetteer.canonical(data.country)
    for position, area in enumerate(data.areas):
        known = gazetteer.resolve(area.code)
        if known is not None and country not in gazetteer.ancestors(known.code):
            what = (
                f"{area.code} is {known.name} ({known.code}), which does not lie in {data.country}"
            )
            yield Fault(f"/data/areas/{position}/code", f"{what}: a table is of one country")


def _unknown_area(code: str, close: tuple[Area, ...]) -> str:
    text = f"unknown area {code!r}"
    if close:
        return f"{text}: did you mean {', '.join(f'{area.code} ({area.name})' for area in close)}?"
    return f"{text}: give an ISO 3166-1, ISO 3166-2 or P-code such as SY-LA"
