"""Which figures are admitted for a question, and in which version (R1; section 4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tollbook_projections.consolidation.claim import BookKey, Claim, SeriesKey
from tollbook_projections.consolidation.interval import interval_of
from tollbook_projections.consolidation.region import Flow, Pairs, Region, areas_key
from tollbook_projections.filing import Document
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy
from tollbook_schemas.times import end_of, instant_of, start_of

_SEGMENT = ("status", "group", "community", "sex", "age_band")
_SERIES_BREAKS = frozenset({"definition_change", "scope_change", "rebase"})


@dataclass(frozen=True, slots=True)
class Moment:
    """The three clocks of a question; None means now.

    Attributes:
        as_of: the originators' cut-off (valid time).
        published_as_of: what had been published by then.
        known_as_of: the ledger sequence up to which events had been recorded.
    """

    as_of: datetime | None = None
    published_as_of: datetime | None = None
    known_as_of: int | None = None


NOW = Moment()


@dataclass(frozen=True, slots=True)
class Version:
    """A figure as it read after an act, or as filed where `act` is None.

    Attributes:
        body: the figure's fields, with the act's changes.
        replaced: a later act changed it in place; it is history.
    """

    body: Mapping[str, Any]
    act: Document | None
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Dossier:
    """One figure with its acts applied.

    Attributes:
        filed: the document of `filing.filed_figures`.
        versions: as filed, then after each act that changed it, in order.
        acts: the acts applied, in order of their time.
        excluded: None, or why the figure counts no more: `retracted` or `duplicate`.
    """

    filed: Document
    versions: tuple[Version, ...]
    acts: tuple[Document, ...]
    excluded: str | None
    role: str
    status: str
    forced: bool

    @property
    def id(self) -> str:
        """The global id of the figure."""
        return str(self.filed["id"])


@dataclass(frozen=True, slots=True)
class Admitted:
    """The figures of a question: dossiers by id, acts that still wait for their figure."""

    dossiers: Mapping[str, Dossier]
    waiting: tuple[Document, ...] = field(default=())


def admit(figures: Iterable[Document], acts: Iterable[Document], moment: Moment) -> Admitted:
    """The figures recorded and published by a moment, each with its acts by then applied.

    An act applies in order of its time, then source and id, whatever order it arrived in; one
    whose figure is not there waits (section 5, order). `as_of` is not applied here: it selects
    among the values of a series, see `claims_of`.
    """
    filed = {
        document["id"]: document
        for document in figures
        if _recorded(document, moment) and _published(document, moment)
    }
    by_figure: dict[str, list[Document]] = {}
    waiting = []
    for act in acts:
        if not _recorded(act, moment) or not _done(act, moment):
            continue
        if act["figure"] in filed:
            by_figure.setdefault(act["figure"], []).append(act)
        else:
            waiting.append(act)
    dossiers = {
        figure: dossier_of(document, by_figure.get(figure, ()))
        for figure, document in filed.items()
    }
    return Admitted(dossiers, tuple(waiting))


def dossier_of(filed: Document, acts: Iterable[Document]) -> Dossier:
    """A figure after its acts, in order of time, source and id."""
    body: dict[str, Any] = filed["figure"]
    ordered = sorted(acts, key=lambda act: (instant_of(act["time"]), act["event"]))
    versions = [Version(body, None)]
    excluded: str | None = None
    role, status, forced = body.get("role", "counted"), body.get("status", "reported"), False
    for act in ordered:
        data = act["data"]
        match act["act"]:
            case "retraction":
                excluded = "retracted"
            case "duplicate":
                excluded = "duplicate"
            case "review":
                status = data.get("status", status)
                role = data.get("role", role)
                forced = forced or data.get("role") == "counted"
            case kind:
                if kind == "reinstatement":
                    excluded = None
                _revise(versions, act)
    return Dossier(filed, tuple(versions), tuple(ordered), excluded, role, status, forced)


def claims_of(
    dossier: Dossier, gazetteer: Gazetteer, policy: Policy, as_of: datetime | None = None
) -> tuple[Claim, ...]:
    """The claims of a figure's live versions; none where it is retracted, a duplicate or held.

    Figures of other roles give claims too: they are checks, which `Claim.role` tells apart.
    """
    if dossier.excluded is not None or dossier.role == "held":
        return ()
    claims: list[Claim] = []
    for version in dossier.versions:
        if version.replaced:
            continue
        claims.extend(
            claim
            for claim in claim_of(dossier, version, gazetteer, policy)
            if as_of is None or claim.as_of <= as_of
        )
    return tuple(claims)


def claim_of(
    dossier: Dossier, version: Version, gazetteer: Gazetteer, policy: Policy
) -> tuple[Claim, ...]:
    """The claim a version makes; one for each area where its mode is `each`."""
    return tuple(
        _claim(dossier, version, areas, gazetteer, policy) for areas in _area_sets(version.body)
    )


def published_at(filed: Document) -> datetime:
    """When a report was published; a date stands for its end."""
    return end_of(filed["published_at"]) if filed["published_at"] else instant_of(filed["time"])


def cut_off(dossier: Dossier, version: Version) -> tuple[datetime, str, bool]:
    """The as_of of a version: the instant, its text, and whether it was assumed."""
    body = version.body
    window = body.get("window") or {}
    text = body.get("as_of") or window.get("end")
    if text is None:
        text = dossier.filed["published_at"] or dossier.filed["time"]
        return end_of(text), text, True
    return end_of(text), text, body.get("as_of") is None


def _revise(versions: list[Version], act: Document) -> None:
    """Adds the version an act makes: in place, or as a later value where it has a later as_of."""
    data = act["data"]
    changes = {
        name: data[name]
        for name in ("quantity", "segment", "areas", "as_of", "phase")
        if name in data
    }
    last = versions[-1]
    body = {**last.body, **changes}
    if "as_of" in changes and act["act"] in _SERIES_BREAKS:
        versions.append(Version(body, act))
        return
    versions[-1] = Version(last.body, last.act, replaced=True)
    versions.append(Version(body, act))


def _area_sets(body: Mapping[str, Any]) -> list[list[str]]:
    areas: list[str] = body["areas"]
    return [[area] for area in areas] if body.get("mode") == "each" else [areas]


def _claim(
    dossier: Dossier,
    version: Version,
    areas: list[str],
    gazetteer: Gazetteer,
    policy: Policy,
) -> Claim:
    body, filed = version.body, dossier.filed
    as_of, _, assumed = cut_off(dossier, version)
    interval, flags = interval_of(body["quantity"], policy)
    window = body.get("window") or {}
    start = start_of(window["start"]) if window.get("start") else None
    end = end_of(window["end"]) if window.get("end") else as_of
    event = filed["event"] if version.act is None else version.act["event"]
    own_relay = bool(filed["relayed_by"])
    return Claim(
        figure=dossier.id,
        event=event,
        series=_series_key(dossier, body, areas, start, end, gazetteer),
        order=(as_of, published_at(filed), own_relay, filed["event"], event, filed["index"]),
        start=start,
        end=end,
        as_of=as_of,
        interval=interval,
        attribution=(body.get("attribution") or {}).get("group"),
        part_of=_global(filed, body.get("part_of")),
        role=dossier.role,
        relay=own_relay,
        forced=dossier.forced,
        explained=version.act is not None or dossier.forced,
        flags=(*flags, "as_of_assumed") if assumed else flags,
    )


def _series_key(
    dossier: Dossier,
    body: Mapping[str, Any],
    areas: list[str],
    start: datetime | None,
    end: datetime,
    gazetteer: Gazetteer,
) -> SeriesKey:
    basis = body["basis"]
    nature = "stock" if basis == "stock" else "count"
    book = BookKey(dossier.filed["originator"], body["measure"], body["unit"], nature)
    flow = Flow(_end(body.get("origin"), gazetteer), _end(body.get("destination"), gazetteer))
    region = Region(
        areas_key(gazetteer.canonical(area) for area in areas),
        segment_pairs(body.get("segment") or {}),
        flow,
    )
    incident = body.get("incident")
    if basis == "incident" and incident is None:
        incident = dossier.id
    return SeriesKey(
        book=book,
        region=region,
        basis=basis,
        partial=body.get("coverage") == "partial",
        place=body.get("place"),
        incident=incident,
        dated_by=body.get("dated_by"),
        phase=body.get("phase", 0),
        window=(start, end) if basis in {"increment", "flow"} else None,
    )


def segment_pairs(segment: Mapping[str, str]) -> Pairs:
    """A segment document as pairs in slug order; `status: any` constrains nothing."""
    return tuple(
        (name, segment[name])
        for name in _SEGMENT
        if segment.get(name) is not None and (name, segment[name]) != ("status", "any")
    )


def _end(areas: list[str] | None, gazetteer: Gazetteer) -> tuple[str, ...] | None:
    return areas_key(gazetteer.canonical(area) for area in areas) if areas else None


def _global(filed: Document, reference: str | None) -> str | None:
    if reference is None or "#" in reference:
        return reference
    return f"{filed['event']}#{reference}"


def _recorded(document: Document, moment: Moment) -> bool:
    return moment.known_as_of is None or document["sequence"] <= moment.known_as_of


def _published(document: Document, moment: Moment) -> bool:
    return moment.published_as_of is None or published_at(document) <= moment.published_as_of


def _done(act: Document, moment: Moment) -> bool:
    return moment.published_as_of is None or instant_of(act["time"]) <= moment.published_as_of
