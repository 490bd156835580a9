"""Which figures are admitted for a question, and in which version (R1; section 4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from tollbook_projections.assignments import Assignments, own_incident
from tollbook_projections.filing import Document
from tollbook_schemas.times import end_of, instant_of

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


REVISED_FIELDS: Final = ("quantity", "segment", "areas", "as_of", "phase")
"""What `figure.revised` can change of a figure."""


@dataclass(frozen=True, slots=True)
class Version:
    """A figure as it read after an act, or as filed where `act` is None.

    Attributes:
        body: the figure's fields, with the act's changes.
        number: 0 as filed, then 1 and so on, in the order of the acts that made them.
        replaced_by: the number of the version that took its place; None while it is live.
    """

    body: Mapping[str, Any]
    act: Document | None = None
    number: int = 0
    replaced_by: int | None = None

    def live_at(self, number: int) -> bool:
        """Whether it was there, and nothing had taken its place, once a version was made."""
        later = self.replaced_by is None or self.replaced_by > number
        return self.number <= number and later


@dataclass(frozen=True, slots=True)
class Dossier:
    """One figure with its acts applied.

    Attributes:
        filed: the document of `filing.filed_figures`.
        versions: as filed, then after each act that changed it, in order.
        acts: the acts applied, in order of their time.
        excluded: None, or why the figure counts no more: `retracted` or `duplicate`.
        incident: the incident it belongs to after all acts on incidents; None for none.
    """

    filed: Document
    versions: tuple[Version, ...]
    acts: tuple[Document, ...]
    excluded: str | None
    role: str
    status: str
    forced: bool
    incident: str | None

    @property
    def id(self) -> str:
        """The global id of the figure."""
        return str(self.filed["id"])


@dataclass(frozen=True, slots=True)
class Admitted:
    """The figures of a question.

    Attributes:
        dossiers: by the figures' global ids.
        waiting: acts whose figure is not there.
        assignments: the acts on incidents that the question knows.
        waiting_incidents: such acts that name figures which are not there, with these figures.
    """

    dossiers: Mapping[str, Dossier]
    waiting: tuple[Document, ...] = ()
    assignments: Assignments = field(default_factory=Assignments)
    waiting_incidents: tuple[tuple[Document, tuple[str, ...]], ...] = ()


def admit(
    figures: Iterable[Document],
    acts: Iterable[Document],
    moment: Moment,
    incidents: Iterable[Document] = (),
) -> Admitted:
    """The figures recorded and published by a moment, each with its acts by then applied.

    An act applies in order of its time, then source and id, whatever order it arrived in; one
    whose figure is not there waits (section 5, order). `as_of` is not applied here: it selects
    among the values of a series, see `Reading.claims`.

    Args:
        figures: documents of `filing.filed_figures`.
        acts: documents of `filing.acts`.
        moment: the three clocks.
        incidents: documents of `filing.incident_acts`.
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
    assignments = Assignments.of(
        act for act in incidents if _recorded(act, moment) and _done(act, moment)
    )
    dossiers = {
        figure: dossier_of(document, by_figure.get(figure, ()), assignments)
        for figure, document in filed.items()
    }
    return Admitted(dossiers, tuple(waiting), assignments, assignments.waiting(filed))


def dossier_of(
    filed: Document, acts: Iterable[Document], assignments: Assignments | None = None
) -> Dossier:
    """A figure after its acts, in order of time, source and id."""
    body: dict[str, Any] = filed["figure"]
    ordered = sorted(acts, key=lambda act: (instant_of(act["time"]), act["event"]))
    versions = [Version(body)]
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
                _revise(filed, versions, act)
    path = assignments.path(filed) if assignments is not None else ()
    incident = path[-1] if path else own_incident(filed)
    return Dossier(filed, tuple(versions), tuple(ordered), excluded, role, status, forced, incident)


def published_at(filed: Document) -> datetime:
    """When a report was published; a date stands for its end."""
    return end_of(filed["published_at"]) if filed["published_at"] else instant_of(filed["time"])


def cut_off(dossier: Dossier, version: Version) -> tuple[datetime, str, bool]:
    """The as_of of a version: the instant, its text, and whether it was assumed."""
    text, assumed = cut_off_of(dossier.filed, version.body)
    return end_of(text), text, assumed


def cut_off_of(filed: Document, body: Mapping[str, Any]) -> tuple[str, bool]:
    """The text of a figure's as_of and whether it was assumed: the window's end, else published."""
    text = body.get("as_of")
    if text is not None:
        return text, False
    window = body.get("window") or {}
    return window.get("end") or filed["published_at"] or filed["time"], True


def _revise(filed: Document, versions: list[Version], act: Document) -> None:
    """Adds the version an act makes, in place of the last one.

    A break of the series that gives an as_of keeps the last one. In either case a figure says
    one thing of one moment: what it said of that very moment is replaced.
    """
    data = act["data"]
    changes = {name: data[name] for name in REVISED_FIELDS if name in data}
    body, number = {**versions[-1].body, **changes}, len(versions)
    keeps = "as_of" in changes and act["act"] in _SERIES_BREAKS
    moment = _moment(filed, body)
    for one in versions:
        same = _moment(filed, one.body) == moment or (one is versions[-1] and not keeps)
        if same and one.replaced_by is None:
            versions[one.number] = replace(one, replaced_by=number)
    versions.append(Version(body, act, number))


def _moment(filed: Document, body: Mapping[str, Any]) -> datetime:
    return end_of(cut_off_of(filed, body)[0])


def _recorded(document: Document, moment: Moment) -> bool:
    return moment.known_as_of is None or document["sequence"] <= moment.known_as_of


def _published(document: Document, moment: Moment) -> bool:
    return moment.published_as_of is None or published_at(document) <= moment.published_as_of


def _done(act: Document, moment: Moment) -> bool:
    return moment.published_as_of is None or instant_of(act["time"]) <= moment.published_as_of
