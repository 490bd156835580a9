"""From bytes to a JSON document, or to the faults that keep them from being one."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Never

from tollbook_schemas.errors import Fault
from tollbook_schemas.limits import DOCUMENT_BYTES_MAX, FAULTS_MAX, INTEGER_MAX
from tollbook_schemas.nesting import nesting_fault
from tollbook_schemas.pointers import escape

_BOM: Final = b"\xef\xbb\xbf"
_INTEGER_DIGITS_MAX: Final = 17
"""Digits with sign of the largest integer; a longer number is not even read."""

_ESCAPE_CHARS: Final = 6
"""Characters of the longest escape in a JSON text, \\u0000."""

_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
"""An escape that may be half of a pair: only the slow reading tells."""

_TOO_DEEP: Final = Fault("", "nested deeper than any event: send a CloudEvents object")


@dataclass(frozen=True, slots=True)
class _Odd:
    """A number that the contract has no place for."""

    text: str
    hint: str


class _Repeating(dict[str, Any]):
    """An object in which a name occurs more than once."""

    repeated: str = ""


class _OddityError(ValueError):
    """The fast reading met something that needs the slow one, which finds its place."""


def decode_document(raw: bytes) -> dict[str, Any] | tuple[Fault, ...]:
    """The JSON object that the bytes hold, or what is wrong with them.

    Refused: more than `DOCUMENT_BYTES_MAX` bytes, invalid UTF-8, anything but one JSON object,
    cut-off JSON, numbers with a fraction or exponent, NaN and Infinity, integers from 2^53 on,
    repeated names, names outside ASCII, and half surrogate pairs.
    """
    if len(raw) > DOCUMENT_BYTES_MAX:
        return (size_fault(len(raw)),)
    raw = raw.removeprefix(_BOM)
    try:
        text = raw.decode()
        if _SURROGATE.search(text):
            return _examine(raw)
        document = _FAST.decode(text)
    except (UnicodeDecodeError, _OddityError, json.JSONDecodeError):
        return _examine(raw)
    except RecursionError:
        return _too_deep(text)
    return _object(document)


def size_fault(size: int) -> Fault:
    """Why a document of so many bytes is refused."""
    text = f"{size:,} bytes are more than the {DOCUMENT_BYTES_MAX:,} of one event"
    return Fault("", f"{text}: split the report")


def _object(document: Any) -> dict[str, Any] | tuple[Fault, ...]:
    if isinstance(document, dict):
        return document
    return (Fault("", f"an event is a JSON object, this is {_kind(document)}"),)


def _examine(raw: bytes) -> dict[str, Any] | tuple[Fault, ...]:
    text = raw.decode(errors="surrogateescape")
    try:
        document = _SLOW.decode(text)
        found = tuple(islice(_defects(document, ""), FAULTS_MAX))
    except json.JSONDecodeError as error:
        return (*_bad_bytes(raw), _syntax(error))
    except RecursionError:
        return _too_deep(text)
    return found or _bad_bytes(raw) or _object(document)


def _too_deep(text: str) -> tuple[Fault, ...]:
    return (nesting_fault(text) or _TOO_DEEP,)


def _bad_bytes(raw: bytes) -> tuple[Fault, ...]:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return ()  # cut off inside a character: the syntax fault says so
        text = f"invalid UTF-8 at byte {error.start} (0x{raw[error.start]:02x}): send UTF-8"
        return (Fault("", text),)
    return ()


def _syntax(error: json.JSONDecodeError) -> Fault:
    document = error.doc.rstrip()
    where = f"line {error.lineno}, column {error.colno}"
    if not document:
        return Fault("", "empty: send one JSON object")
    if _cut_off(document, error):
        line = document.count("\n") + 1
        where = f"line {line}, column {len(document) - document.rfind(chr(10)) - 1}"
        text = "the JSON ends in the middle of the document, after"
        return Fault("", f"{text} {where}: the file seems cut off; send it whole")
    if error.msg == "Extra data":
        text = f"more text follows after the JSON object, at {where}"
        return Fault("", f"{text}: send one object at a time, or JSON Lines")
    return Fault("", f"not JSON at {where}: {error.msg[:1].lower()}{error.msg[1:]}")


def _cut_off(document: str, error: json.JSONDecodeError) -> bool:
    rest = document[error.pos :]
    return (
        not rest
        or error.msg.startswith("Unterminated string")
        or (error.msg.startswith("Invalid \\") and len(rest) <= _ESCAPE_CHARS)
        or any(word.startswith(rest) for word in ("true", "false", "null"))
    )


def _defects(value: Any, pointer: str) -> Iterator[Fault]:
    match value:
        case _Odd(text, hint):
            yield Fault(pointer, f"{text} {hint}")
        case str():
            yield from _bad_text(value, pointer)
        case dict():
            if isinstance(value, _Repeating):
                place = f"{pointer}/{escape(value.repeated)}"
                yield Fault(place, "this name occurs twice in its object: keep one of them")
            for name, item in value.items():
                if not name.isascii():
                    text = f"the name {name!a} is not ASCII: use A-Z, a-z, 0-9 and '_' in names"
                    yield Fault(pointer, text)
                else:
                    yield from _defects(item, f"{pointer}/{escape(name)}")
        case list():
            for position, item in enumerate(value):
                yield from _defects(item, f"{pointer}/{position}")
        case _:
            return


def _bad_text(value: str, pointer: str) -> Iterator[Fault]:
    for position, character in enumerate(value):
        if "\udc80" <= character <= "\udcff":
            text = f"invalid UTF-8 (byte 0x{ord(character) - 0xDC00:02x}) at character"
            yield Fault(pointer, f"{text} {position + 1}: send UTF-8")
            return
        if "\ud800" <= character <= "\udfff":
            text = f"half of a surrogate pair (\\u{ord(character):04x}) at character"
            yield Fault(pointer, f"{text} {position + 1}: send both halves, or the character")
            return


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case list():
            return "an array: send its items one by one"
        case str():
            return "a text"
        case _:
            return "a number"


def _integer(text: str) -> int | _Odd:
    if len(text) <= _INTEGER_DIGITS_MAX:
        number = int(text)
        if -INTEGER_MAX <= number <= INTEGER_MAX:
            return number
    shown = text if len(text) <= 2 * _INTEGER_DIGITS_MAX else f"{text[:_INTEGER_DIGITS_MAX]}..."
    return _Odd(shown, f"is out of range: whole numbers go up to {INTEGER_MAX} (2^53 - 1)")


def _float(text: str) -> _Odd:
    shown = text if len(text) <= 2 * _INTEGER_DIGITS_MAX else f"{text[:_INTEGER_DIGITS_MAX]}..."
    hint = "is not a whole number: counts are integers such as 745; send a decimal as a text"
    return _Odd(shown, hint)


def _constant(text: str) -> _Odd:
    return _Odd(text, "is not JSON: leave it out, or use qualifier unknown for an unknown number")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeating = _Repeating(found)
    names = [name for name, _ in pairs]
    repeating.repeated = next(name for name in names if names.count(name) > 1)
    return repeating


def _fast_integer(text: str) -> int:
    number = _integer(text)
    if isinstance(number, _Odd):
        raise _OddityError
    return number


def _fast_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs) or not "".join(found).isascii():
        raise _OddityError
    return found


def _odd(_: str) -> Never:
    raise _OddityError


_FAST: Final = json.JSONDecoder(
    object_pairs_hook=_fast_pairs, parse_int=_fast_integer, parse_float=_odd, parse_constant=_odd
)
_SLOW: Final = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
