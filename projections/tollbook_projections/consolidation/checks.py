"""Checks: what figures say of each other (sum, increment, bound, restates, triangulation).

A check that fails is a value with both sides, shown beside the tolls; it never stops anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from tollbook_projections.consolidation.books import Books, Kind, kind_of
from tollbook_projections.consolidation.check import (
    Check,
    Said,
    disjoint_sum,
    kind_counted,
    overlap,
)
from tollbook_projections.consolidation.claim import Claim
from tollbook_projections.consolidation.cuts import checks_of_cuts
from tollbook_projections.consolidation.interval import ZERO, Interval
from tollbook_projections.consolidation.region import Region
from tollbook_projections.consolidation.series import Series
from tollbook_projections.consolidation.windows import ADJACENT
from tollbook_projections.selection import Dossier
from tollbook_schemas.policy import Policy

_BOUNDS = frozenset({"at_least", "more_than", "up_to", "less_than"})


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
    bodies = {
        figure: dossiers[figure].versions[claim.version].body for figure, claim in claims.items()
    }
    said = Said(claims, bodies, policy)
    found: list[Check] = []
    for figure in sorted(claims):
        found.extend(_of_components(figure, said))
        found.extend(_of_restated(figure, said))
    found.extend(_of_parts(said, books))
    found.extend(_of_increments(books, wanted))
    found.extend(checks_of_cuts(said, books, wanted))
    return sorted(found, key=lambda check: (check.figure, check.kind, check.against))


def _of_components(figure: str, said: Said) -> Iterator[Check]:
    """A total against the components it is exhaustively made of, in any report (R10)."""
    claims, body = said.claims, said.bodies[figure]
    names = globals_of(figure, body.get("components", ()))
    stated = claims[figure].interval
    if not names or stated is None:
        return
    computed = _sum(names, claims)
    qualifier = body["quantity"]["qualifier"]
    holds = computed is not None and _agrees(
        stated, qualifier, computed, said.tolerance((figure, *names))
    )
    kind = "bound" if qualifier in _BOUNDS else "sum"
    yield Check(kind, figure, kind_counted(claims[figure]), stated, computed, holds, names)


def _of_restated(figure: str, said: Said) -> Iterator[Check]:
    """A looser repetition: only its low bound is checked."""
    claims = said.claims
    names = globals_of(figure, said.bodies[figure].get("restates", ()))
    stated = claims[figure].interval
    if not names or stated is None:
        return
    computed = _sum(names, claims)
    holds = computed is not None and (computed.high is None or computed.high >= stated.low)
    yield Check("restates", figure, kind_counted(claims[figure]), stated, computed, holds, names)


def _of_parts(said: Said, books: Books) -> Iterator[Check]:
    """Parts that tile a figure's areas must match it; others must not exceed it."""
    claims = said.claims
    parts: dict[str, list[str]] = defaultdict(list)
    for figure, claim in claims.items():
        whole = claim.part_of
        if whole is None or whole not in claims:
            continue
        if claim.series.basis == claims[whole].series.basis:
            parts[whole].append(figure)
    for whole, unordered in parts.items():
        body = said.bodies[whole]
        stated = claims[whole].interval
        if stated is None or body.get("components"):
            continue
        names = tuple(sorted(unordered))
        computed = disjoint_sum([claims[name] for name in names], books.lattice)
        if computed is None:
            continue
        kind = kind_counted(claims[whole])
        if _tiles(claims[whole].region, [claims[name] for name in names]):
            about = said.tolerance((whole, *names))
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
    holds = overlap(after.interval, computed)
    against = (*before.figures, *step.figures)
    figure, stated = step.figures[0], after.interval
    return Check("increment", figure, kind, stated, computed, holds, against, after.figures)


def _sum(names: tuple[str, ...], claims: Mapping[str, Claim]) -> Interval | None:
    total = ZERO
    for name in names:
        claim = claims.get(name)
        if claim is None or claim.interval is None:
            return None
        total += claim.interval
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
            return overlap(stated, computed)
    low, high = computed.low - slack, computed.high
    if stated.high is not None and stated.high < low:
        return False
    return high is None or high + slack >= stated.low


def globals_of(figure: str, names: Iterable[str]) -> tuple[str, ...]:
    """The global ids of figures that a figure names; without a `#`, of its own report."""
    event = figure.rpartition("#")[0]
    return tuple(name if "#" in name else f"{event}#{name}" for name in names)
