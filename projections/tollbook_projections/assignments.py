"""Which incident a figure belongs to, after incidents were opened, merged and split (R11)."""

from bisect import bisect_right, insort
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from tollbook_projections.filing import Document
from tollbook_schemas.times import instant_of

Order = tuple[datetime, str]
"""When an act applies: its event's time, then the event's id; arrival plays no part."""


class Move(NamedTuple):
    """What one act does to one figure, or to all figures of one incident."""

    order: Order
    into: str


@dataclass(slots=True)
class Assignments:
    """The acts on the incidents of one crisis, by what they name.

    An act that names a figure (opened, split, or merged by its global id) moves that figure; a
    merge that names an incident moves every figure that is in it then. A figure not filed yet
    takes no part until it is: its act waits.
    """

    figures: dict[str, list[Move]] = field(default_factory=dict)
    incidents: dict[str, list[Move]] = field(default_factory=dict)
    acts: list[Document] = field(default_factory=list)

    @classmethod
    def of(cls, acts: Iterable[Document]) -> "Assignments":
        """The assignments some acts make, in whatever order they come."""
        made = cls()
        for act in acts:
            made.add(act)
        return made

    def add(self, act: Document) -> tuple[list[str], list[str]]:
        """Takes up an act of `filing.incident_acts`; returns the figures and incidents it names."""
        self.acts.append(act)
        order = (instant_of(act["time"]), act["event"])
        named = list(_named(act))
        for name, into in named:
            kept = self.figures if "#" in name else self.incidents
            insort(kept.setdefault(name, []), Move(order, into), key=_order)
        return (
            [name for name, _ in named if "#" in name],
            [name for name, _ in named if "#" not in name],
        )

    def path(self, filed: Document) -> tuple[str, ...]:
        """The incidents a figure has belonged to, in order; the last is the one it is in.

        Empty for a figure of no incident.
        """
        at = own_incident(filed)
        path = [] if at is None else [at]
        done: Order | None = None
        named = self.figures.get(filed["id"], ())
        while True:
            merged = () if at is None else self.incidents.get(at, ())
            moves = [move for kept in (named, merged) if (move := _next(kept, done)) is not None]
            if not moves:
                return tuple(path)
            done, at = min(moves, key=_order)
            path.append(at)

    def waiting(self, filed: Container[str]) -> tuple[tuple[Document, tuple[str, ...]], ...]:
        """The acts that name figures which are not there, each with these figures."""
        found = []
        for act in self.acts:
            missing = tuple(name for name, _ in _named(act) if "#" in name and name not in filed)
            if missing:
                found.append((act, missing))
        return tuple(found)


def own_incident(filed: Document) -> str | None:
    """The incident a figure names; where it is about one without a name, its own global id."""
    body = filed["figure"]
    incident: str | None = body.get("incident")
    if incident is None and body["basis"] == "incident":
        return str(filed["id"])
    return incident


def _named(act: Document) -> Iterator[tuple[str, str]]:
    """Every figure and incident an act moves, with where to."""
    data = act["data"]
    match act["act"]:
        case "opened":
            for figure in data.get("figures", ()):
                yield figure, data["incident"]
        case "split":
            for part in data["into"]:
                for figure in part["figures"]:
                    yield figure, part["incident"]
        case _:
            for name in data["incidents"]:
                yield name, data["into"]


def _next(moves: Sequence[Move], done: Order | None) -> Move | None:
    index = 0 if done is None else bisect_right(moves, done, key=_order)
    return moves[index] if index < len(moves) else None


def _order(move: Move) -> Order:
    return move.order
