"""Reading: what the versions of a figure claim, under one gazetteer and one policy."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from tollbook_projections.consolidation.claim import BookKey, Claim, SeriesKey
from tollbook_projections.consolidation.interval import interval_of
from tollbook_projections.consolidation.region import (
    Areas,
    Flow,
    Lattice,
    Pairs,
    Region,
    age_band_of,
    areas_key,
)
from tollbook_projections.filing import Document
from tollbook_projections.selection import (
    REVISED_FIELDS,
    Dossier,
    Version,
    cut_off_of,
    published_at,
)
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy
from tollbook_schemas.times import end_of, start_of

_SEGMENT: Final = ("status", "group", "community", "sex", "age_band")
_WINDOWED: Final = frozenset({"increment", "flow"})


class _Standing(NamedTuple):
    """Which version of a figure a claim is, and what acts made of the figure."""

    event: str
    version: int
    role: str
    forced: bool
    explained: bool
    incident: str | None


class Reading:
    """Turns figures into claims. What repeats (books, regions, series) is kept once.

    Attributes:
        lattice: of the gazetteer, for all books that are made of these claims.
    """

    def __init__(self, gazetteer: Gazetteer, policy: Policy) -> None:
        """Take what areas and words mean."""
        self.gazetteer = gazetteer
        self.policy = policy
        self.lattice = Lattice(gazetteer)
        self._books: dict[tuple[str, str, str, str], BookKey] = {}
        self._regions: dict[tuple[object, ...], Region] = {}
        self._series: dict[SeriesKey, SeriesKey] = {}

    def claims(self, dossier: Dossier, as_of: datetime | None = None) -> tuple[Claim, ...]:
        """The claims of a figure's live versions; none where it is retracted, a duplicate or held.

        Figures of other roles give claims too: they are checks, which `Claim.role` tells apart.
        """
        if dossier.excluded is not None or dossier.role == "held":
            return ()
        return tuple(
            claim
            for version in dossier.versions
            if version.replaced_by is None
            for claim in self.version_claims(dossier, version)
            if as_of is None or claim.as_of <= as_of
        )

    def version_claims(self, dossier: Dossier, version: Version) -> tuple[Claim, ...]:
        """The claim a version makes; one for each area where its mode is `each`."""
        act = version.act
        event = dossier.filed["event"] if act is None else act["event"]
        explained = act is not None or dossier.forced
        forced = dossier.forced or _stated_by_editor(dossier.filed["figure"], version.body)
        standing = _Standing(
            event, version.number, dossier.role, forced, explained, dossier.incident
        )
        return self._claims(dossier.filed, version.body, standing)

    def filed_claims(self, filed: Document, incident: str | None) -> tuple[Claim, ...]:
        """The same as `claims` for a figure that no act is about.

        Args:
            filed: the document of `filing.filed_figures`.
            incident: the one it belongs to.
        """
        body = filed["figure"]
        role = body.get("role", "counted")
        if role == "held":
            return ()
        standing = _Standing(
            filed["event"], 0, role, forced=False, explained=False, incident=incident
        )
        return self._claims(filed, body, standing)

    def _claims(
        self, filed: Document, body: Mapping[str, Any], standing: _Standing
    ) -> tuple[Claim, ...]:
        areas: list[str] = body["areas"]
        if body.get("mode") == "each":
            return tuple(self._claim(filed, body, (area,), standing) for area in areas)
        return (self._claim(filed, body, tuple(areas), standing),)

    def _claim(
        self,
        filed: Document,
        body: Mapping[str, Any],
        areas: tuple[str, ...],
        standing: _Standing,
    ) -> Claim:
        text, assumed = cut_off_of(filed, body)
        as_of = end_of(text)
        interval, flags = interval_of(body["quantity"], self.policy)
        start, end = _window(body, as_of)
        relay = bool(filed["relayed_by"])
        basis = body["basis"]
        series = SeriesKey(
            self._book(filed["originator"], body["measure"], body["unit"], basis),
            self._region(areas, body, as_of),
            basis,
            body.get("coverage") == "partial",
            body.get("place"),
            standing.incident,
            body.get("dated_by"),
            body.get("phase", 0),
            (start, end) if basis in _WINDOWED else None,
        )
        if series.window is None and series.incident is None:
            series = self._series.setdefault(series, series)
        return Claim(
            filed["id"],
            standing.event,
            series,
            (as_of, published_at(filed), relay, filed["event"], standing.version, filed["index"]),
            start,
            end,
            as_of,
            interval,
            _attributed(body),
            _global(filed, body.get("part_of")),
            standing.role,
            relay,
            standing.forced,
            standing.explained,
            (*flags, "as_of_assumed") if assumed else flags,
        )

    def _book(self, originator: str, measure: str, unit: str, basis: str) -> BookKey:
        nature = "stock" if basis == "stock" else "count"
        key = (originator, measure, unit, nature)
        known = self._books.get(key)
        if known is None:
            known = self._books[key] = BookKey(*key)
        return known

    def _region(self, areas: tuple[str, ...], body: Mapping[str, Any], as_of: datetime) -> Region:
        """Where and who: areas as they were meant at the figure's cut-off, in today's codes."""
        segment = body.get("segment")
        origin, destination = body.get("origin"), body.get("destination")
        codes = self.gazetteer.areas_at(areas, as_of)
        key: tuple[object, ...] = (codes, tuple(segment.items()) if segment else ())
        flow = Flow(None, None)
        if origin or destination:
            flow = Flow(self._end(origin, as_of), self._end(destination, as_of))
            key = (*key, flow)
        known = self._regions.get(key)
        if known is None:
            pairs = segment_pairs(segment or {})
            known = self._regions[key] = Region(self._outermost(codes), pairs, flow)
        return known

    def _outermost(self, codes: tuple[str, ...]) -> Areas:
        """The areas without those that lie in another of them, which say nothing more.

        With them two regions would lie in each other and be two.
        """
        if len(codes) == 1:
            return codes
        around = self.gazetteer.ancestors
        return areas_key(code for code in codes if not set(codes).intersection(around(code)))

    def _end(self, areas: list[str] | None, as_of: datetime) -> Areas | None:
        return self._outermost(self.gazetteer.areas_at(tuple(areas), as_of)) if areas else None


def segment_pairs(segment: Mapping[str, str]) -> Pairs:
    """A segment document as pairs in slug order; `status: any` constrains nothing.

    A band of ages has one name: `0-17` is `child`.
    """
    return tuple(
        (name, age_band_of(segment[name]) if name == "age_band" else segment[name])
        for name in _SEGMENT
        if segment.get(name) is not None and (name, segment[name]) != ("status", "any")
    )


def _stated_by_editor(filed: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Whether acts made another claim of a figure: that one is no relay's any more (R16)."""
    return any(filed.get(name) != body.get(name) for name in REVISED_FIELDS)


def _window(body: Mapping[str, Any], as_of: datetime) -> tuple[datetime | None, datetime]:
    """Start (None where not given) and end (else the cut-off) of what a figure speaks about."""
    window = body.get("window")
    if not window:
        return None, as_of
    start, end = window.get("start"), window.get("end")
    return start_of(start) if start else None, end_of(end) if end else as_of


def _attributed(body: Mapping[str, Any]) -> str | None:
    attribution = body.get("attribution")
    return attribution.get("group") if attribution else None


def _global(filed: Document, reference: str | None) -> str | None:
    if reference is None or "#" in reference:
        return reference
    return f"{filed['event']}#{reference}"
