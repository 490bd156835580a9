"""Sensitive fields: which may be withheld, and the form of an event that a ledger keeps of it.

The value of such a field is stored apart and encrypted; the immutable event has a salted
commitment in its place (docs/redaction.md), so that destroying the key redacts the field and no
proof changes.
"""

import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from itertools import islice
from typing import Any, Final, Literal

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.errors import Fault
from tollbook_schemas.limits import FAULTS_MAX
from tollbook_schemas.pointers import NOTHING, escape, put, take_out, value_at

Document = dict[str, Any]

WITHHELD: Final = "[withheld]"
"""What stands in the event for a text that is kept apart."""

REDACTED: Final = "[redacted]"
"""What views say in its place once its key was destroyed."""

KEY_BYTES: Final = 32
"""Bytes of a report's key: AES-256, and as many as the digests made with it."""

PLACE_CHARS: Final = 16
"""Hex digits of the name that stands for a place: no two places of a crisis get the same."""

FieldName = Literal[
    "relayed_by",
    "title",
    "url",
    "note",
    "ext",
    "place",
    "reviewer",
    "figures.place",
    "figures.note",
    "figures.described_as",
    "figures.quantity.text",
    "figures.ext",
    "statements.speaker",
    "statements.text",
    "statements.ext",
]
"""A field of the data of every event, or of every figure or statement of a report."""

_INDEX = r"(?:0|[1-9][0-9]*)"
_INSIDE = r"(?:/[^/]+)*"
_ALLOWED: Final[Mapping[str, re.Pattern[str]]] = {
    "org.tollbook.report.filed.v1": re.compile(
        r"/data/(?:relayed_by|title|url|note)"
        rf"|/data/figures/{_INDEX}/(?:place|note|described_as|quantity/text)"
        rf"|/data/statements/{_INDEX}/(?:speaker|text)"
        rf"|(?:/data(?:/(?:figures|statements)/{_INDEX})?)?/ext{_INSIDE}"
    ),
    "org.tollbook.incident.opened.v1": re.compile(
        rf"/data/(?:title|place|url)|(?:/data)?/ext{_INSIDE}"
    ),
    "org.tollbook.figure.reviewed.v1": re.compile(rf"/data/reviewer|/ext{_INSIDE}"),
}
"""By type, what may be withheld: what no number is made of."""

_LEFT_OUT: Final = re.compile(rf"/data/url|.*/ext{_INSIDE}")
"""What is left out when it is withheld; any other text is replaced."""

_PLACE_AT: Final = re.compile(rf"/data/(?:figures/{_INDEX}/)?place")
_PLACE_NAME: Final = re.compile(rf"\[place [0-9a-f]{{{PLACE_CHARS}}}\]")

_WHAT: Final = (
    "names, places, addresses, notes, printed texts, statements and anything in an `ext` may be "
    "withheld; numbers, areas, dates and who counted are what tolls are made of"
)


def may_withhold(kind: str) -> bool:
    """Whether events of a type have fields that may be withheld."""
    return kind in _ALLOWED


def sensitive_in(document: Document) -> list[str]:
    """The JSON pointers that a producer marked as sensitive."""
    return list(document["data"].get("sensitive") or ())


def withheld_in(document: Document) -> list[str]:
    """The JSON pointers of the fields that are withheld already."""
    return [one["at"] for one in document["data"].get("withheld") or ()]


def named_in(document: Document, names: frozenset[str]) -> list[str]:
    """The JSON pointers of the fields with these names (`FieldName`) that an event has."""
    allowed = _ALLOWED.get(document["type"])
    found = (at for name in sorted(names) for at in _spots(document["data"], name))
    return [at for at in found if allowed is not None and allowed.fullmatch(at)]


def withhold(
    document: Document, spots: list[str], key: bytes, place: Callable[[str], str]
) -> dict[str, Any]:
    """Take values out of an event, in place; commitments and placeholders stand for them.

    A commitment is SHA-256 over the salt and the canonical JSON of the value; the salt is made
    with the key, so that nobody without it can try values.

    Args:
        document: a valid event; `sensitive` goes, `withheld` grows.
        spots: JSON pointers of what to take; what is withheld already stays as it is.
        key: the report's, `KEY_BYTES` long.
        place: the name that stands for a place, by the place; the same for the same place, as
            figures of one place are one series.

    Returns:
        The values by pointer.
    """
    data = document["data"]
    data.pop("sensitive", None)
    taken: dict[str, Any] = {}
    for at in dict.fromkeys(spots):
        value = value_at(document, at)
        if value is NOTHING or value is None or _stands_for_another(value):
            continue
        taken[at] = value
        if _LEFT_OUT.fullmatch(at):
            take_out(document, at, WITHHELD)
        else:
            put(document, at, place(value) if is_place(at) else WITHHELD)
    if taken:
        known = {one["at"]: one["commitment"] for one in data.get("withheld") or ()}
        known |= {at: commitment_to(salt_of(key, at), value) for at, value in taken.items()}
        data["withheld"] = [{"at": at, "commitment": known[at]} for at in sorted(known)]
    return taken


def restore(document: Document, values: Mapping[str, Any]) -> None:
    """Put withheld values back into an event, in place, marked as sensitive again."""
    data = document["data"]
    left = [one for one in data.pop("withheld", ()) if one["at"] not in values]
    if left:
        data["withheld"] = left
    for at in sorted(values):
        put(document, at, values[at])
    if values:
        data["sensitive"] = sorted(values)


def open_part(document: Document) -> bytes:
    """What of an event says nothing of withheld values: equal where only these may differ."""
    data = dict(document["data"])
    data["withheld"] = sorted(withheld_in(document))
    whole = canonical_bytes({**document, "data": data})
    return re.sub(_PLACE_NAME.pattern.encode(), WITHHELD.encode(), whole)


def is_place(at: str) -> bool:
    """Whether a field is a place: a name of its own stands for it."""
    return _PLACE_AT.fullmatch(at) is not None


def salt_of(key: bytes, at: str) -> bytes:
    """32 bytes for a field, by its JSON pointer."""
    return hmac.digest(key, b"tollbook withheld salt\n" + at.encode(), "sha256")


def commitment_to(salt: bytes, value: Any) -> str:
    """The commitment to a value, in hex: SHA-256 over the salt and its canonical JSON."""
    return sha256(salt + canonical_bytes(value)).hexdigest()


def place_name(token: str) -> str:
    """What stands in an event for a place that is withheld."""
    return f"[place {token}]"


def place_names_in(document: Document) -> list[str]:
    """The names that stand for withheld places of an event, each once."""
    values = [value_at(document, at) for at in withheld_in(document) if is_place(at)]
    return list(dict.fromkeys(one for one in values if isinstance(one, str)))


def sensitive_faults(document: Document) -> tuple[Fault, ...]:
    """What is wrong with `sensitive` and `withheld` of a valid event."""
    return tuple(islice(_faults(document), FAULTS_MAX))


def _faults(document: Document) -> Iterator[Fault]:
    allowed = _ALLOWED.get(document["type"])
    if allowed is None:
        return
    seen: list[str] = []
    for place, at in _named_spots(document):
        if not allowed.fullmatch(at):
            yield Fault(place, f"{at!r} cannot be withheld: {_WHAT}")
            continue
        other = next((one for one in seen if _overlap(one, at)), None)
        if other is not None:
            yield Fault(place, f"{at!r} is already named by {other!r}: name it once")
        seen.append(at)
        value = value_at(document, at)
        if place.startswith("/data/sensitive"):
            if value is NOTHING or value is None:
                yield Fault(place, f"there is nothing at {at!r} in this event: {_whole(at)}")
        elif value is not NOTHING and not _stands_for_another(value):
            yield Fault(place, f"{at!r} is said to be withheld, but stands there: {_NOT_BOTH}")


_NOT_BOTH: Final = (
    "name it in `sensitive` to have it kept apart; `withheld` is what a ledger writes"
)


def _whole(at: str) -> str:
    return f"a JSON pointer from the event down, such as {at if '/' in at else '/data/title'}"


def _named_spots(document: Document) -> Iterator[tuple[str, str]]:
    for number, at in enumerate(sensitive_in(document)):
        yield f"/data/sensitive/{number}", at
    for number, at in enumerate(withheld_in(document)):
        yield f"/data/withheld/{number}/at", at


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")


def _stands_for_another(value: Any) -> bool:
    return isinstance(value, str) and (value == WITHHELD or bool(_PLACE_NAME.fullmatch(value)))


def _spots(data: Document, name: str) -> Iterator[str]:
    first, _, rest = name.partition(".")
    if first in ("figures", "statements"):
        for number, _one in enumerate(data.get(first) or ()):
            at = f"/data/{first}/{number}/{rest.replace('.', '/')}"
            if value_at({"data": data}, at) not in (NOTHING, None):
                yield at
    elif data.get(name) is not None:
        yield f"/data/{escape(name)}"
