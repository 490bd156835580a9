"""Checks of other cuts of the same people: who died, and when, against how many."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from tollbook_projections.consolidation.books import DATED_BY, Books, Kind, kind_of
from tollbook_projections.consolidation.check import Check, Said, disjoint_sum, kind_counted
from tollbook_projections.consolidation.claim import Claim, SeriesKey
from tollbook_projections.consolidation.interval import ZERO, Interval
from tollbook_projections.consolidation.region import Lattice, segment_inside
from tollbook_projections.consolidation.series import Series
from tollbook_projections.consolidation.solver import Solver
from tollbook_projections.consolidation.span import END


def checks_of_cuts(said: Said, books: Books, wanted: set[Kind]) -> Iterator[Check]:
    """Every figure of role `triangulation`, and every second way of dating, against a count.

    A cut by who died of a figure of its own report is held against that figure; any other one
    against the toll of its area and segment then.
    """
    cuts = [
        claim
        for _, claim in sorted(said.claims.items())
        if claim.role == "triangulation" and claim.interval is not None
    ]
    wholes = _wholes(said.claims.values())
    split: dict[str, list[Claim]] = defaultdict(list)
    others: list[Claim] = []
    for cut in cuts:
        whole = _whole_of(cut, wholes.get(_share(cut), ()))
        if whole is None:
            others.append(cut)
        else:
            split[whole.figure].append(cut)
    for figure, parts in split.items():
        yield from _of_split(said.claims[figure], parts, said, books.lattice)
    yield from _against_tolls(others, books)
    yield from _of_other_datings(books, wanted)


_Share = tuple[str, SeriesKey, object, object]


def _share(claim: Claim) -> _Share:
    """What a cut has in common with the figure it splits: all but the segment."""
    series = claim.series._replace(region=claim.region._replace(segment=()))
    return claim.figure.rpartition("#")[0], series, claim.start, claim.end


def _wholes(claims: Iterable[Claim]) -> Mapping[_Share, list[Claim]]:
    found: dict[_Share, list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.role == "counted" and claim.interval is not None:
            found[_share(claim)].append(claim)
    return found


def _whole_of(cut: Claim, wholes: Iterable[Claim]) -> Claim | None:
    """The figure that a cut splits: the narrowest whose segment holds it."""
    around = [one for one in wholes if segment_inside(cut.region.segment, one.region.segment)]
    return max(around, key=lambda one: (len(one.region.segment), one.figure), default=None)


def _of_split(whole: Claim, cuts: list[Claim], said: Said, lattice: Lattice) -> Iterator[Check]:
    """The parts of a figure, each of other people, must not come to more than its best.

    Not all of them need be given, so that they may come to less. A part without a segment of its
    own is what could not be told apart: it is of other people than the parts that could.
    """
    told = [cut for cut in cuts if cut.region != whole.region]
    computed = disjoint_sum(told, lattice) or ZERO
    for cut in cuts:
        if cut.region == whole.region:
            computed += cut.interval or ZERO
    names = tuple(cut.figure for cut in cuts)
    stated = whole.interval or ZERO
    slack = said.tolerance((whole.figure, *names)) * stated.point // 100
    limit = stated.high if stated.best is None else stated.best
    holds = stated.high is None or limit is None or computed.low <= limit + slack
    kind = kind_counted(whole)
    yield Check("triangulation", whole.figure, kind, stated, computed, holds, names)


def _against_tolls(cuts: Iterable[Claim], books: Books) -> Iterator[Check]:
    """Another cut of the same people: the sum over one dated_by against the toll then.

    The windows given need not be all of them, so their sum must not exceed the toll.
    """
    groups: dict[tuple[object, ...], list[Claim]] = defaultdict(list)
    for claim in cuts:
        key = (claim.series.book, claim.region, claim.series.dated_by, claim.as_of)
        groups[key].append(claim)
    for members in groups.values():
        first = members[0]
        toll = _toll_then(books, first)
        if toll is None:
            continue
        stated = ZERO
        for claim in members:
            stated += claim.interval or ZERO
        names = tuple(claim.figure for claim in members)
        holds = toll.high is None or stated.low <= toll.high
        kind = kind_counted(first)
        yield Check("triangulation", first.figure, kind, stated, toll, holds, (), names)


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
        toll.figures,
        stated.figures,
    )


def _toll_then(books: Books, claim: Claim) -> Interval | None:
    book = books.books.get(claim.series.book)
    for sheet in book.sheets.values() if book else ():
        solver = Solver(sheet, books.lattice, stock=claim.series.book.nature == "stock")
        if solver.grid.inside(claim.region):
            return solver.then(claim.region, claim.as_of)
    return None
