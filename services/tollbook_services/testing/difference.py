"""Rows that differ, said so that a person sees where: only the members that are not the same."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

SHOWN_MAX: Final = 5
"""Rows shown: the first ones tell where to look; all of them are counted."""

CHARS_MAX: Final = 400
"""Characters shown of one side of a row."""


def difference(
    expected: Mapping[str, Mapping[str, bytes]], found: Mapping[str, Mapping[str, bytes]]
) -> str:
    """The first rows, by crisis and key, that two ways of folding left different."""
    places = [
        (crisis, key)
        for crisis in sorted({*expected, *found})
        for key in sorted({*expected.get(crisis, {}), *found.get(crisis, {})})
        if expected.get(crisis, {}).get(key) != found.get(crisis, {}).get(key)
    ]
    lines = [f"rows that differ: {len(places)}"]
    for crisis, key in places[:SHOWN_MAX]:
        left, right = _sides(expected.get(crisis, {}).get(key), found.get(crisis, {}).get(key))
        lines += [f"  {crisis} {key}", f"    all at once:   {left}", f"    the other way: {right}"]
    if len(places) > SHOWN_MAX:
        lines.append(f"  and {len(places) - SHOWN_MAX} more")
    return "\n".join(lines)


def _sides(left: bytes | None, right: bytes | None) -> tuple[str, str]:
    one, other = _document(left), _document(right)
    if one is None or other is None or one == other:
        return _text(left), _text(right)
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return _members(one, names), _members(other, names)


def _document(row: bytes | None) -> dict[str, Any] | None:
    """The object in a row; None where it is none."""
    try:
        document = orjson.loads(row or b"null")
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _members(document: Mapping[str, Any], names: list[str]) -> str:
    shown = {name: document[name] for name in names if name in document}
    return _text(orjson.dumps(shown))


def _text(row: bytes | None) -> str:
    if row is None:
        return "no such row"
    text = row.decode(errors="replace")
    return text if len(text) <= CHARS_MAX else f"{text[:CHARS_MAX]}... ({len(text)} characters)"
