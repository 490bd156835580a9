"""Households said in persons, by a named rule and marked as derived; added to nothing (R15)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from tollbook_projections.consolidation.interval import interval_of
from tollbook_projections.consolidation.region import areas_key
from tollbook_projections.filing import Document
from tollbook_projections.selection import Dossier
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy

HOUSEHOLDS: Final = frozenset({"household", "family"})
"""Units whose cells can be said in persons."""


class Ratio(NamedTuple):
    """So many persons are so many households, by a rule; `figures` state it, if any do."""

    rule: str
    persons: int
    households: int
    figures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """The same people in two units, as one report states them.

    Attributes:
        households: the global id of the figure that counts households.
        count: how many.
        persons: the figure that counts persons, and how many.
        origin: where the households came from, joined with `+`; None for anywhere.
    """

    households: str
    count: int
    persons: tuple[str, int]
    origin: str | None


def with_persons(
    cells: Iterable[Document],
    dossiers: Mapping[str, Dossier],
    gazetteer: Gazetteer,
    policy: Policy,
) -> list[Document]:
    """The cells, those of households with what they come to in persons as `persons`.

    The first of these rules that applies: `pair`, the ratio that the reports of the cell's own
    figures state; `observed`, the ratio of all pairs of the crisis with the same origin; the size
    that the policy gives for the area they came from, else are in; its generic size.

    Args:
        cells: documents of `documents.cell_document`; they are left as they are.
        dossiers: the figures the question admits, of which those with a `pair` tell ratios.
        gazetteer: gives the canonical code of an origin, and what lies around an area.
        policy: household sizes.
    """
    pairs = list(_pairs(dossiers, gazetteer, policy))
    return [
        cell | {"persons": _persons(cell, _ratio(cell, pairs, gazetteer, policy))}
        if cell["unit"] in HOUSEHOLDS
        else cell
        for cell in cells
    ]


def _persons(cell: Document, ratio: Ratio) -> Document:
    """Bounds rounded outwards, best to the nearest person."""
    many, few = ratio.persons, ratio.households
    low, best, high = cell["low"], cell["best"], cell["high"]
    return {
        "low": low * many // few,
        "best": None if best is None else (2 * best * many + few) // (2 * few),
        "high": None if high is None else -(-high * many // few),
        "rule": ratio.rule,
        "ratio": {"persons": many, "households": few},
        "figures": sorted(ratio.figures),
    }


def _ratio(cell: Document, pairs: list[Pair], gazetteer: Gazetteer, policy: Policy) -> Ratio:
    own = [pair for pair in pairs if pair.households in cell["figures"]]
    if own and len({pair.households for pair in own}) == cell["figures_total"]:
        return _together("pair", own)
    same_origin = [pair for pair in pairs if pair.origin == cell["origin"]]
    if same_origin:
        return _together("observed", same_origin)
    for code in _around(cell["origin"] or cell["area"], gazetteer):
        size = policy.household_size_by_area.get(code)
        if size is not None:
            return Ratio(f"area-{code}-{size}", size, 1)
    return Ratio(policy.household_rule, policy.household_size, 1)


def _together(rule: str, pairs: list[Pair]) -> Ratio:
    """One ratio of several pairs: all their persons to all their households."""
    figures = {name for pair in pairs for name in (pair.households, pair.persons[0])}
    return Ratio(
        rule,
        sum(pair.persons[1] for pair in pairs),
        sum(pair.count for pair in pairs),
        tuple(sorted(figures)),
    )


def _around(areas: str, gazetteer: Gazetteer) -> tuple[str, ...]:
    """A single area and those around it, nearest first; nothing for several areas."""
    return () if "+" in areas else (areas, *gazetteer.ancestors(areas))


def _pairs(dossiers: Mapping[str, Dossier], gazetteer: Gazetteer, policy: Policy) -> Iterator[Pair]:
    """Every household figure that its report also gives in persons, both with a point value."""
    groups: dict[tuple[str, str], list[str]] = {}
    for figure in sorted(dossiers):
        dossier = dossiers[figure]
        body = dossier.versions[-1].body
        if dossier.excluded is None:
            event = dossier.filed["event"]
            for label in {body.get("pair", body["id"]), body["id"]}:
                groups.setdefault((event, label), []).append(figure)
    for figures in groups.values():
        by_unit: dict[bool, list[tuple[str, int]]] = {True: [], False: []}
        for figure in figures:
            body = dossiers[figure].versions[-1].body
            interval, _ = interval_of(body["quantity"], policy)
            if interval is not None and interval.best and body["unit"] in {"person", *HOUSEHOLDS}:
                by_unit[body["unit"] == "person"].append((figure, interval.best))
        if len(by_unit[True]) == len(by_unit[False]) == 1:
            (name, count), persons = by_unit[False][0], by_unit[True][0]
            yield Pair(name, count, persons, _origin(dossiers[name], gazetteer))


def _origin(dossier: Dossier, gazetteer: Gazetteer) -> str | None:
    codes = dossier.versions[-1].body.get("origin")
    return "+".join(areas_key(map(gazetteer.canonical, codes))) if codes else None
