"""Searches areas by name or code, and says why each one was found."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tollbook_schemas.area import Area
from tollbook_schemas.area_index import Likeness, Match
from tollbook_schemas.errors import UsageError
from tollbook_schemas.gazetteer import Gazetteer

FOUND_MAX: Final = 100
"""Areas one search answers: more than have one name; `Centre` is the name of a dozen."""

_LEFT_OUT: Final = {
    Likeness.SAME: "",
    Likeness.SPACED: ", but for articles and spaces",
    Likeness.KIND: ", but for words of kind",
    Likeness.KIND_SPACED: ", but for words of kind, articles and spaces",
}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Search:
    """What was searched, and what came of it.

    Attributes:
        document: `search`, `code` of the one area that an importer would take (or None),
            `ambiguous`, `areas`, `nearest` and `gazetteer`.
        found: whether an area has the name or the code.
    """

    document: Document
    found: bool


def search(
    gazetteer: Gazetteer, text: str, inside: str | None, levels: Collection[int] | None
) -> Search:
    """The areas of a name or code, those an importer would take first.

    Args:
        gazetteer: what is known.
        text: a code or a name.
        inside: a code or a name of the area around, which has to be clear.
        levels: the levels asked for.

    Raises:
        UsageError: `inside` is no area, or several.
    """
    around = None if inside is None else _clear(gazetteer, inside)
    answer = gazetteer.find(text, inside=around, levels=levels)
    matches = gazetteer.matches(text, inside=around, levels=levels)
    rows: dict[str, Document] = {}
    if answer.area is not None and answer.area.code not in {one.area.code for one in matches}:
        rows[answer.area.code] = _row(gazetteer, answer.area, f"code {text.strip()}")
    for area, why in _in_order(answer.area, answer.candidates, matches):
        rows.setdefault(area.code, _row(gazetteer, area, why))
    found = bool(rows)
    nearest = () if found else answer.candidates
    document = {
        "search": text,
        "code": answer.area.code if answer.area else None,
        "ambiguous": answer.ambiguous,
        "areas": list(rows.values())[:FOUND_MAX],
        "nearest": [_row(gazetteer, area, "a name or place like it") for area in nearest],
        "gazetteer": gazetteer.version,
    }
    return Search(document, found)


def _clear(gazetteer: Gazetteer, text: str) -> str:
    found = gazetteer.find(text)
    if found.area is None:
        near = ", ".join(f"{one.code} ({one.name})" for one in found.candidates)
        wrong = "is the name of several areas" if found.ambiguous else "is no area"
        hint = f": use one of {near}" if near else ": use an ISO 3166 code or a P-code"
        raise UsageError(f"--inside {text!r} {wrong}{hint}")
    return found.area.code


def _in_order(
    area: Area | None, candidates: Collection[Area], matches: Collection[Match]
) -> Iterator[tuple[Area, str]]:
    """The area that is meant or those that may be, then all others with the name."""
    first = {area.code} if area else {one.code for one in candidates}
    ordered = sorted(matches, key=lambda match: match.area.code not in first)
    yield from ((match.area, _why(match)) for match in ordered)


def _why(match: Match) -> str:
    return f"{match.standing.name.lower()} name {match.name}{_LEFT_OUT[match.likeness]}"


def _row(gazetteer: Gazetteer, area: Area, why: str) -> Document:
    around = gazetteer.ancestors(area.code)
    return {
        "code": area.code,
        "name": area.name,
        "level": area.level,
        "inside": [{"code": one, "name": gazetteer.name(one)} for one in around],
        "same": list(gazetteer.codes(area.code)),
        "why": why,
    }
