"""The view `incidents`: what is known of each incident, its history, figures and own toll."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tollbook_projections.consolidation.books import Books, Cell
from tollbook_projections.consolidation.claim import Claim
from tollbook_projections.documents import as_of_text, bounds_document, cell_document
from tollbook_projections.filing import Document
from tollbook_projections.query import Position, Query, clocks
from tollbook_projections.selection import Dossier
from tollbook_projections.solved import Solved, solved
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy
from tollbook_schemas.times import end_of, instant_of

_DESCRIBED = ("title", "kind", "place", "window", "url")
_VALUE = (
    "area",
    "name",
    "measure",
    "unit",
    "segment",
    "low",
    "best",
    "high",
    "as_of",
    "supplied_by",
    "flags",
    "originators",
)


def incidents_document(
    crisis: str,
    rows: Mapping[str, bytes],
    query: Query,
    position: Position,
    gazetteer: Gazetteer,
    policy: Policy,
) -> Document:
    """The view `incidents`: every incident of a crisis, by its first day and id.

    An incident merged into another is listed there, under `merged_from`. A figure with the basis
    `incident` that names none is an incident of its own, with the figure's id.

    Args:
        crisis: its slug, printed.
        rows: rows of the projection `figures`; tables figure, act and incident.
        query: what is asked; an incident is shown if it has a figure of the measure, originator
            and area asked for, or no figure and nothing but a moment was asked for.
        position: where these rows were read.
        gazetteer: names of areas, and what lies inside them.
        policy: the policy to consolidate with.
    """
    found = solved(rows, query, gazetteer, policy)
    described = _described(found)
    members: dict[str, list[Dossier]] = {name: [] for name in described}
    for figure in sorted(found.admitted.dossiers):
        dossier = found.admitted.dossiers[figure]
        if dossier.incident is not None and found.dated(query, dossier):
            members.setdefault(dossier.incident, []).append(dossier)
    whole = query.measure is None and query.area is None and query.originator is None
    entries = [
        _incident(name, described.get(name, {}), figures, found)
        for name, figures in members.items()
        if any(found.asked(query, one) for one in figures) or (whole and not figures)
    ]
    entries.sort(key=lambda entry: (entry["since"] is None, entry["since"] or "", entry["id"]))
    return {
        "crisis": crisis,
        **clocks(query, position),
        "policy": policy.id,
        "gazetteer": gazetteer.version,
        "incidents": entries,
    }


def _described(found: Solved) -> dict[str, dict[str, Any]]:
    """What acts say of each incident that is left, and every act on it, in order of time."""
    incidents: dict[str, dict[str, Any]] = {}
    acts = sorted(
        found.admitted.assignments.acts,
        key=lambda act: (instant_of(act["time"]), act["event"]),
    )
    for act in acts:
        for name, said in _says(act):
            left = _left(found, name)
            if left is None:
                continue
            entry = incidents.setdefault(left, {"merged_from": [], "history": []})
            if left == name:
                entry.update(said)
            elif name not in entry["merged_from"]:
                entry["merged_from"].append(name)
            step = _history(act)
            if step not in entry["history"]:
                entry["history"].append(step)
    return incidents


def _says(act: Document) -> list[tuple[str, dict[str, Any]]]:
    """The incidents an act names, each with what the act says of it."""
    data = act["data"]
    match act["act"]:
        case "opened":
            said = {name: data[name] for name in (*_DESCRIBED, "areas") if name in data}
            return [(data["incident"], said | {"said_at": act["time"]})]
        case "merged":
            return [(data["into"], {}), *((name, {}) for name in data["incidents"])]
        case _:
            parts = [
                (part["incident"], {"title": part["title"]} if "title" in part else {})
                for part in data["into"]
            ]
            return [(data["incident"], {}), *parts]


def _left(found: Solved, name: str) -> str | None:
    """The incident that an incident, or the figure it is named by, is part of in the end."""
    dossier = found.admitted.dossiers.get(name)
    if dossier is not None:
        return dossier.incident
    if "#" in name:
        return None
    member = {"id": "", "figure": {"incident": name, "basis": "incident"}}
    return found.admitted.assignments.path(member)[-1]


def _history(act: Document) -> Document:
    data = act["data"]
    figures = list(data.get("figures", ()))
    parts = data["into"] if act["act"] == "split" else []
    into = [part["incident"] for part in parts] or [data.get("into", data.get("incident"))]
    return {
        "act": act["act"],
        "incidents": data["incidents"] if act["act"] == "merged" else [data["incident"]],
        "into": into,
        "figures": figures + [figure for part in parts for figure in part["figures"]],
        "reason": data["reason"],
        "event": act["event"],
        "time": act["time"],
        "recorded_at": act["recorded_at"],
        "sequence": act["sequence"],
    }


def _incident(
    name: str, said: Mapping[str, Any], figures: list[Dossier], found: Solved
) -> Document:
    cells = _cells(figures, found)
    areas = _said_areas(said, found) or sorted(
        {code for one in figures for claim in found.said(one) for code in claim.region.areas}
    )
    window = said.get("window")
    starts = [window.get("start") or window.get("end")] if window else _starts(figures, found)
    return {
        "id": name,
        "named": "#" not in name,
        **{field: said.get(field) for field in _DESCRIBED},
        "areas": areas,
        "names": [found.gazetteer.name(code) for code in areas],
        "since": min(starts, default=None),
        "merged_from": said.get("merged_from", []),
        "history": said.get("history", []),
        "originators": sorted({one.filed["originator"] for one in figures}),
        "flags": sorted({flag for cell in cells for flag in cell.merged.flags}),
        "values": [_value(cell, found) for cell in cells],
        "figures": [_member(one, found) for one in figures],
    }


def _said_areas(said: Mapping[str, Any], found: Solved) -> list[str]:
    """The areas an act gave, in today's codes: as they were at the end of the incident."""
    window = said.get("window") or {}
    moment = window.get("end") or window.get("start") or said.get("said_at")
    codes = tuple(said.get("areas", ()))
    return list(found.gazetteer.areas_at(codes, end_of(moment))) if codes and moment else []


def _starts(figures: list[Dossier], found: Solved) -> list[str]:
    claims = [claim for one in figures for claim in found.said(one)]
    return [_day(claim.start or claim.as_of) for claim in claims]


def _day(instant: datetime) -> str:
    return instant.date().isoformat()


def _cells(figures: list[Dossier], found: Solved) -> list[Cell]:
    """The incident's own toll (R11): its figures as if there were no others.

    One cell for each measure, unit, segment and way, in the narrowest area that holds them all;
    of each country where the incident reaches over a border.
    """
    books = Books(found.gazetteer, found.policy, lattice=found.books.lattice)
    books.lattice = found.books.lattice
    for one in figures:
        if one.id in found.claims:
            claims = found.books.claims.get(one.id, ())
            books.replace(one.id, [_alone(claim) for claim in claims])
    cells: list[Cell] = []
    for kind in books.kinds():
        made = [cell for cell in books.cells(kind) if cell.key.kind == "area"]
        areas = _around({code for cell in made for code in cell.key.region.areas}, found.gazetteer)
        cells += [cell for cell in made if cell.key.region.areas[0] in areas]
    return cells


def _alone(claim: Claim) -> Claim:
    """A claim about an incident as a claim about all there is: the incident's own lattice."""
    return claim._replace(series=claim.series._replace(incident=None))


def _around(codes: set[str], gazetteer: Gazetteer) -> set[str]:
    """The narrowest area that holds all of some areas, else the countries they lie in."""
    chains = [(code, *gazetteer.ancestors(code)) for code in sorted(codes)]
    # cells exist for every ancestor too: only the areas named last in their chain matter
    deepest = [
        chain
        for chain in chains
        if not any(other is not chain and chain[0] in other[1:] for other in chains)
    ]
    for code in deepest[0] if deepest else ():
        if all(code in chain for chain in deepest):
            return {code}
    return {chain[-1] for chain in deepest}


def _value(cell: Cell, found: Solved) -> Document:
    document = cell_document(cell, found.gazetteer)
    return {name: document[name] for name in _VALUE}


def _member(one: Dossier, found: Solved) -> Document:
    body = one.versions[-1].body
    claim = found.claims.get(one.id)
    return {
        "figure": one.id,
        "originator": one.filed["originator"],
        "measure": body["measure"],
        "unit": body["unit"],
        "quantity": body["quantity"],
        "interval": bounds_document(claim.interval) if claim and claim.interval else None,
        "as_of": as_of_text(claim.as_of) if claim else None,
        "counts": claim is not None and claim.role == "counted",
        "standing": one.excluded or one.role,
        "was_in": list(found.admitted.assignments.path(one.filed)[:-1]),
        "url": one.filed["url"],
    }
