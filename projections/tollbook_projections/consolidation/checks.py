"""Checks: what figures say of each other (sum, increment, bound, restates, triangulation).

A check that fails is a value with both sides, shown beside the tolls; it never stops anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tollbook_projections.consolidation.books import DATED_BY, Books, Kind, kind_of
from tollbook_projections.consolidation.claim import Claim
from tollbook_projections.consolidation.interval import ZERO, Interval
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.series import Series
from tollbook_projections.consolidation.solver import Solver
from tollbook_projections.consolidation.span import END
from tollbook_projections.consolidation.windows import ADJACENT
from tollbook_projections.filing import Document
from tollbook_projections.selection import Dossier
from tollbook_schemas.policy import Policy

_BOUNDS = frozenset({"at_least", "more_than", "up_to", "less_than"})


@dataclass(frozen=True, slots=True)
class Check:
    """Two sides of one claim.

    Attributes:
        kind: sum, part, increment, bound, restates or triangulation.
        figure: the figure whose statement is checked.
        stated: what it says.
        computed: what the other figures make; None where one of them is not known.
        against: the figures on the computed side.
    """

    kind: str
    figure: str
    counted: Kind
    stated: Interval
    computed: Interval | None
    holds: bool
    against: tuple[str, ...]


def checks_of(
    books: Books, dossiers: Mapping[str, Dossier], kinds: Iterable[Kind], policy: Policy
) -> list[Check]:
    """Every check among the admitted figures of some kinds, in order of figure."""
    wanted = set(kinds)
    claims = {
        figure: versions[-1]
        for figure, versions in books.claims.items()
        if figure in dossiers and kind_of(versions[-1].series.book) in wanted
    }
    found: list[Check] = []
    for figure in sorted(claims):
        body = dossiers[figure].versions[-1].body
        found.extend(_of_components(figure, body, claims, dossiers, policy))
        found.extend(_of_restated(figure, body, claims, dossiers))
    found.extend(_of_parts(claims, dossiers, books, policy))
    found.extend(_of_increments(books, wanted))
    found.extend(_of_triangulation(claims, books))
    found.extend(_of_other_datings(books, wanted))
    return sorted(found, key=lambda check: (check.figure, check.kind, check.against))


def _of_components(
    figure: str,
    body: Mapping[str, Any],
    claims: Mapping[str, Claim],
    dossiers: Mapping[str, Dossier],
    policy: Policy,
) -> Iterator[Check]:
    """A total against the components it is exhaustively made of, in any report (R10)."""
    names = _globals(dossiers[figure].filed, body.get("components", ()))
    stated = claims[figure].interval
    if not names or stated is None:
        return
    computed = _sum(names, claims)
    qualifier = body["quantity"]["qualifier"]
    holds = computed is not None and _agrees(
        stated, qualifier, computed, _about((figure, *names), dossiers, policy)
    )
    kind = "bound" if qualifier in _BOUNDS else "sum"
    yield Check(kind, figure, _kind(claims[figure]), stated, computed, holds, names)


def _of_restated(
    figure: str,
    body: Mapping[str, Any],
    claims: Mapping[str, Claim],
    dossiers: Mapping[str, Dossier],
) -> Iterator[Check]:
    """A looser repetition: only its low bound is checked."""
    names = _globals(dossiers[figure].filed, body.get("restates", ()))
    stated = claims[figure].interval
    if not names or stated is None:
        return
    computed = _sum(names, claims)
    holds = computed is not None and (computed.high is None or computed.high >= stated.low)
    yield Check("restates", figure, _kind(claims[figure]), stated, computed, holds, names)


def _of_parts(
    claims: Mapping[str, Claim],
    dossiers: Mapping[str, Dossier],
    books: Books,
    policy: Policy,
) -> Iterator[Check]:
    """Parts that tile a figure's areas must match it; others must not exceed it."""
    parts: dict[str, list[str]] = defaultdict(list)
    for figure, claim in claims.items():
        whole = claim.part_of
        if whole is None or whole not in claims:
            continue
        if claim.series.basis == claims[whole].series.basis:
            parts[whole].append(figure)
    for whole, unordered in parts.items():
        body = dossiers[whole].versions[-1].body
        stated = claims[whole].interval
        if stated is None or body.get("components"):
            continue
        names = tuple(sorted(unordered))
        computed = _disjoint_sum([claims[name] for name in names], books)
        if computed is None:
            continue
        kind = _kind(claims[whole])
        if _tiles(claims[whole].region, [claims[name] for name in names]):
            about = _about((whole, *names), dossiers, policy)
            holds = _agrees(stated, body["quantity"]["qualifier"], computed, about)
            yield Check("sum", whole, kind, stated, computed, holds, names)
        else:
            holds = stated.high is None or computed.low <= stated.high
            yield Check("part", whole, kind, stated, computed, holds, names)


def _of_increments(books: Books, wanted: set[Kind]) -> Iterator[Check]:
    """Earlier base + increment = base at the increment's end (R5)."""
    for key in sorted(books.books, key=lambda key: (key.originator, kind_of(key))):
        if kind_of(key) not in wanted:
            continue
        for sheet in books.books[key].sheets.values():
            for node in sheet.nodes.values():
                for series in node.increments.values():
                    check = _increment(series, node.base, kind_of(key))
                    if check is not None:
                        yield check


def _increment(series: Series, base: Series, kind: Kind) -> Check | None:
    series.settle()
    if not series.steps:
        return None
    step = series.steps[-1]
    after = base.at(step.end)
    if step.start is None or after is None or after.as_of != step.end:
        return None
    before = base.at(step.start)
    if before is None or step.start - before.as_of > ADJACENT:
        return None
    computed = before.interval + step.interval
    holds = _overlap(after.interval, computed)
    against = (*before.figures, *after.figures)
    return Check("increment", step.figures[0], kind, after.interval, computed, holds, against)


def _of_triangulation(claims: Mapping[str, Claim], books: Books) -> Iterator[Check]:
    """Another cut of the same people: the sum over one dated_by against the toll then.

    The windows given need not be all of them, so their sum must not exceed the toll.
    """
    groups: dict[tuple[object, ...], list[Claim]] = defaultdict(list)
    for claim in claims.values():
        if claim.role == "triangulation" and claim.interval is not None:
            key = (claim.series.book, claim.region, claim.series.dated_by, claim.as_of)
            groups[key].append(claim)
    for members in groups.values():
        first = min(members, key=lambda claim: claim.figure)
        toll = _toll_then(books, first)
        if toll is None:
            continue
        stated = ZERO
        for claim in members:
            stated += claim.interval or ZERO
        names = tuple(sorted(claim.figure for claim in members))
        holds = toll.high is None or stated.low <= toll.high
        yield Check("triangulation", first.figure, _kind(first), stated, toll, holds, names)


def _of_other_datings(books: Books, wanted: set[Kind]) -> Iterator[Check]:
    """What the same originator counts by another dating, against the toll then (R17)."""
    for key in sorted(books.books, key=lambda key: (key.originator, kind_of(key))):
        if kind_of(key) not in wanted:
            continue
        sheets = books.books[key].sheets
        ordered = sorted(sheets, key=lambda sheet: (sheet[1], DATED_BY.index(sheet[0])))
        for place, (dated_by, phase) in enumerate(ordered):
            for region, node in sheets[dated_by, phase].nodes.items():
                first = next(
                    (
                        sheets[other].nodes[region]
                        for other in ordered[:place]
                        if other[1] == phase and region in sheets[other].nodes
                    ),
                    None,
                )
                check = _dated(node.base, first.base, kind_of(key)) if first else None
                if check is not None:
                    yield check


def _dated(other: Series, used: Series, kind: Kind) -> Check | None:
    stated = other.at(END)
    toll = used.at(stated.as_of) if stated is not None else None
    if stated is None or toll is None:
        return None
    holds = toll.interval.high is None or stated.interval.low <= toll.interval.high
    return Check(
        "triangulation",
        stated.figures[0],
        kind,
        stated.interval,
        toll.interval,
        holds,
        stated.figures,
    )


def _toll_then(books: Books, claim: Claim) -> Interval | None:
    book = books.books.get(claim.series.book)
    for sheet in book.sheets.values() if book else ():
        solver = Solver(sheet, books.lattice, stock=claim.series.book.nature == "stock")
        if solver.grid.inside(claim.region):
            return solver.then(claim.region, claim.as_of)
    return None


def _sum(names: tuple[str, ...], claims: Mapping[str, Claim]) -> Interval | None:
    total = ZERO
    for name in names:
        claim = claims.get(name)
        if claim is None or claim.interval is None:
            return None
        total += claim.interval
    return total


def _disjoint_sum(parts: list[Claim], books: Books) -> Interval | None:
    """The sum of parts that cannot overlap; of parts that can, the larger (section 5)."""
    total = ZERO
    taken: list[Region] = []
    for part in sorted(parts, key=lambda claim: (-(claim.interval or ZERO).low, claim.figure)):
        if part.interval is None:
            return None
        if all(books.lattice.disjoint(part.region, other) for other in taken):
            taken.append(part.region)
            total += part.interval
    return total


def _tiles(whole: Region, parts: list[Claim]) -> bool:
    """Whether parts of the same people name each of the areas once and nothing else."""
    same = all(
        (part.region.segment, part.region.flow) == (whole.segment, whole.flow)
        and part.series.place is None
        for part in parts
    )
    areas = sorted(area for part in parts for area in part.region.areas)
    return same and tuple(areas) == whole.areas and len(parts) > 1


def _agrees(stated: Interval, qualifier: str, computed: Interval, percent: int) -> bool:
    """Whether two sides can both be right; "about" may miss by the policy's percentage."""
    slack = percent * max(stated.point, computed.point) // 100
    match qualifier:
        case "more_than":
            return computed.high is None or computed.high > stated.low
        case "less_than" | "up_to" | "at_least":
            return _overlap(stated, computed)
    low, high = computed.low - slack, computed.high
    if stated.high is not None and stated.high < low:
        return False
    return high is None or high + slack >= stated.low


def _overlap(left: Interval, right: Interval) -> bool:
    return (left.high is None or right.low <= left.high) and (
        right.high is None or left.low <= right.high
    )


def _about(names: Iterable[str], dossiers: Mapping[str, Dossier], policy: Policy) -> int:
    """The tolerance in percent: the policy's where a number is approximate, else none."""
    quantities = [
        dossiers[name].versions[-1].body["quantity"] for name in names if name in dossiers
    ]
    about = any(quantity["qualifier"] == "approximately" for quantity in quantities)
    return policy.approximately_tolerance if about else 0


def _globals(filed: Document, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name if "#" in name else f"{filed['event']}#{name}" for name in names)


def _kind(claim: Claim) -> Kind:
    return kind_of(claim.series.book)
