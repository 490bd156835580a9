"""The kinds of text in an event: slugs, ids, names, addresses, dates."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from tollbook_schemas import limits
from tollbook_schemas.times import day_of, end_of, instant_of

_PRINTABLE: Final = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_NOT_BLANK: Final = r"[^\x00-\x20\x7f]"

CRISIS_PATTERN: Final = rf"^[a-z0-9-]{{1,{limits.CRISIS_CHARS_MAX}}}$"
SLUG_PATTERN: Final = rf"^[a-z0-9][a-z0-9_.-]{{0,{limits.SLUG_CHARS_MAX - 1}}}$"
FIGURE_ID_PATTERN: Final = rf"^[A-Za-z0-9][A-Za-z0-9_.:-]{{0,{limits.SLUG_CHARS_MAX - 1}}}$"
EVENT_ID_PATTERN: Final = r"^[^\x00-\x20\x7f#/]+$"
SOURCE_PATTERN: Final = r"^[^\x00-\x20\x7f#]+$"
GLOBAL_ID_PATTERN: Final = r"^[^\x00-\x20\x7f#]+/[^\x00-\x20\x7f#/]+#[A-Za-z0-9][A-Za-z0-9_.:-]*$"
TEXT_PATTERN: Final = rf"^{_PRINTABLE}*{_NOT_BLANK}{_PRINTABLE}*$"
CONTENT_PATTERN: Final = r"^[0-9a-f]{64}$"
POINTER_PATTERN: Final = r"^(/[^\x00-\x1f\x7f/]+)+$"
URL_PATTERN: Final = r"^https?://[^\x00-\x20\x7f]+$"
LANGUAGE_PATTERN: Final = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
AREA_PATTERN: Final = rf"^[A-Za-z0-9][A-Za-z0-9_.-]{{0,{limits.AREA_CODE_CHARS_MAX - 1}}}$"
INCIDENT_PATTERN: Final = rf"{SLUG_PATTERN}|{GLOBAL_ID_PATTERN}"
REFERENCE_ID_PATTERN: Final = (
    rf"^[A-Za-z0-9][A-Za-z0-9_.:/-]{{0,{limits.REFERENCE_ID_CHARS_MAX - 1}}}$"
)

WANTED: Final[dict[str, str]] = {
    CRISIS_PATTERN: "a crisis slug: 1 to 64 of a-z, 0-9 and '-', such as syria-coast-2025",
    SLUG_PATTERN: "a slug: 1 to 64 of a-z, 0-9, '_', '-' and '.', such as state_security",
    FIGURE_ID_PATTERN: "1 to 64 letters, digits, '.', '_', '-' or ':', such as civ.la",
    EVENT_ID_PATTERN: "an id without '#', '/' and spaces, such as sohr-2025-03-11",
    SOURCE_PATTERN: "a URI without '#' and spaces, such as https://desk.example.org",
    GLOBAL_ID_PATTERN: "a global figure id, source/event#figure, such as "
    "https://desk.example.org/sohr-2025-03-11#civ",
    TEXT_PATTERN: "a text with at least one visible character and no control characters",
    CONTENT_PATTERN: "a SHA-256 digest: 64 hex digits in lower case",
    POINTER_PATTERN: "a JSON pointer from the event down, such as /data/statements/0/speaker",
    URL_PATTERN: "a page address that begins with http:// or https:// and has no spaces",
    LANGUAGE_PATTERN: "a BCP 47 language tag, such as en or ar-SY",
    AREA_PATTERN: "an area code, such as SY-LA (ISO 3166-2), SY (ISO 3166-1) or SY0602 (P-code)",
    INCIDENT_PATTERN: "an incident: its slug, such as banyas-2025-03-07, or the global id of a "
    "figure about an incident without a name, such as https://desk.example.org/sohr-2025-03-11#civ",
    REFERENCE_ID_PATTERN: "an id: 1 to 64 letters, digits, '.', '_', '-', ':' or '/', "
    "such as desk/v2",
}
"""What to write where a text does not match its pattern."""

Crisis = Annotated[str, StringConstraints(pattern=CRISIS_PATTERN)]
Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN)]
FigureId = Annotated[str, StringConstraints(pattern=FIGURE_ID_PATTERN)]
EventId = Annotated[
    str, StringConstraints(pattern=EVENT_ID_PATTERN, max_length=limits.EVENT_ID_CHARS_MAX)
]
Source = Annotated[
    str, StringConstraints(pattern=SOURCE_PATTERN, max_length=limits.SOURCE_CHARS_MAX)
]
ContentDigest = Annotated[str, StringConstraints(pattern=CONTENT_PATTERN)]
"""SHA-256 of the canonical bytes of an event as sent, in hex."""

GlobalId = Annotated[
    str, StringConstraints(pattern=GLOBAL_ID_PATTERN, max_length=limits.GLOBAL_ID_CHARS_MAX)
]
Name = Annotated[str, StringConstraints(pattern=TEXT_PATTERN, max_length=limits.NAME_CHARS_MAX)]
Title = Annotated[str, StringConstraints(pattern=TEXT_PATTERN, max_length=limits.TITLE_CHARS_MAX)]
Printed = Annotated[
    str, StringConstraints(pattern=TEXT_PATTERN, max_length=limits.PRINTED_CHARS_MAX)
]
Reason = Annotated[str, StringConstraints(pattern=TEXT_PATTERN, max_length=limits.REASON_CHARS_MAX)]
Note = Annotated[str, StringConstraints(pattern=TEXT_PATTERN, max_length=limits.NOTE_CHARS_MAX)]
Words = Annotated[
    str, StringConstraints(pattern=TEXT_PATTERN, max_length=limits.STATEMENT_CHARS_MAX)
]
Url = Annotated[str, StringConstraints(pattern=URL_PATTERN, max_length=limits.URL_CHARS_MAX)]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE_PATTERN)]
AreaCode = Annotated[str, StringConstraints(pattern=AREA_PATTERN)]
IncidentRef = Annotated[
    str, StringConstraints(pattern=INCIDENT_PATTERN, max_length=limits.GLOBAL_ID_CHARS_MAX)
]
"""An incident by its slug, or by a figure that is about an incident without a name."""

ReferenceId = Annotated[str, StringConstraints(pattern=REFERENCE_ID_PATTERN)]
"""The id of a policy or of a gazetteer."""


def _dated(text: str) -> str:
    end_of(text)
    return text


def _timed(text: str) -> str:
    instant_of(text)
    return text


def _day(text: str) -> str:
    day_of(text)
    return text


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


DateText = Annotated[
    str,
    AfterValidator(_dated),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}),
]
"""An RFC 3339 date or date-time with offset, kept as sent."""

TimeText = Annotated[
    str, AfterValidator(_timed), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""An RFC 3339 date-time with offset, kept as sent."""

DayText = Annotated[str, AfterValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""An RFC 3339 date, kept as sent."""

Reference = Annotated[
    str,
    StringConstraints(
        pattern=rf"{FIGURE_ID_PATTERN}|{GLOBAL_ID_PATTERN}", max_length=limits.GLOBAL_ID_CHARS_MAX
    ),
]
"""A figure of the same report by its id, or any figure by its global id (with a `#`)."""

References = Annotated[tuple[Reference, ...], Field(strict=False, max_length=limits.REFERENCES_MAX)]

OneOrMoreReferences = Annotated[
    tuple[Reference, ...],
    Field(strict=False, max_length=limits.REFERENCES_MAX),
    BeforeValidator(_listed, json_schema_input_type=Reference | References),
]
"""References; a single one may be written without its brackets."""

AreaCodes = Annotated[
    tuple[AreaCode, ...], Field(strict=False, min_length=1, max_length=limits.AREAS_MAX)
]

NoneOrMoreAreaCodes = Annotated[
    tuple[AreaCode, ...], Field(strict=False, max_length=limits.AREAS_MAX)
]

WANTED[rf"{FIGURE_ID_PATTERN}|{GLOBAL_ID_PATTERN}"] = (
    "the id of a figure of this report, such as civ, or a global figure id, "
    "such as https://desk.example.org/sohr-2025-03-11#civ"
)
