"""A hidden world for soundness tests: deaths by area, segment and day, and true figures of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from tollbook_projections.filing import Document

DAYS = 6
LEAVES = ("SY0600", "SY0602", "SY-TA", "SY-HM", "LB-AK")
AREA_SETS = (
    ("SY0600",),
    ("SY0602",),
    ("SY-LA",),
    ("SY-TA",),
    ("SY-HM",),
    ("SY",),
    ("LB-AK",),
    ("SY-LA", "SY-TA"),
    ("SY-TA", "SY-HM"),
    ("SY-LA", "SY-HM"),
    ("SY0602", "SY-TA"),
    ("SY-LA", "SY-TA", "SY-HM"),
    ("SY-LA", "LB-AK"),
    ("SY", "LB"),
)
PARENT = {"SY0600": ("SY-LA", "SY"), "SY0602": ("SY-LA", "SY"), "LB-AK": ("LB",)}
PEOPLE: tuple[Mapping[str, str], ...] = (
    {"status": "civilian", "sex": "female", "age_band": "child"},
    {"status": "civilian", "sex": "male", "age_band": "adult"},
    {"status": "combatant", "group": "state_security", "sex": "male"},
    {"status": "combatant", "group": "pro_former_regime", "sex": "male"},
)
SEGMENTS: tuple[Mapping[str, str], ...] = (
    {},
    {"status": "civilian"},
    {"status": "combatant"},
    {"sex": "female"},
    {"status": "civilian", "sex": "female"},
    {"status": "civilian", "age_band": "child"},
    {"status": "combatant", "group": "state_security"},
    {"status": "combatant", "group": "pro_former_regime"},
)
WORDS = {"several": (3, 9), "dozens": (12, 99), "scores": (20, 199), "hundreds": (100, 999)}

Death = tuple[str, int, int]
"""Leaf area, index into PEOPLE, day from 1."""


Incident = Mapping[Death, int]
"""Deaths of one place and day, of one or several kinds of people."""


@dataclass(frozen=True)
class World:
    """How many died where, who they were, and when; and which of them in which incident.

    Attributes:
        restart: the last day of the first phase; counters begin at nought the day after. 0 for
            counters that never restart.
    """

    deaths: Mapping[Death, int]
    incidents: tuple[Incident, ...]
    restart: int = 0

    def phase(self, day: int) -> int:
        """The phase in which a day is counted."""
        return int(bool(self.restart) and day > self.restart)

    def begins(self, day: int) -> int:
        """The first day that a counter of this day counts."""
        return self.restart + 1 if self.phase(day) else 1

    def ends(self) -> tuple[int, ...]:
        """The last day of each phase."""
        return (self.restart, DAYS) if self.restart else (DAYS,)

    def truth(
        self,
        areas: tuple[str, ...],
        segment: Mapping[str, str],
        first: int = 1,
        last: int = DAYS,
    ) -> int:
        """Deaths in some areas and one segment from one day to another."""
        return sum(
            count
            for (leaf, who, day), count in self.deaths.items()
            if first <= day <= last and lies_in(leaf, areas) and is_one(PEOPLE[who], segment)
        )


def lies_in(leaf: str, areas: tuple[str, ...]) -> bool:
    """Whether a leaf area is one of the areas or inside one."""
    return any(area in {leaf, *PARENT.get(leaf, ("SY",))} for area in areas)


def is_one(person: Mapping[str, str], segment: Mapping[str, str]) -> bool:
    """Whether a person belongs to a segment."""
    return all(person.get(name) == value for name, value in segment.items())


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A small crisis; about a third of its deaths happen in identified incidents."""
    keys = st.tuples(st.sampled_from(LEAVES), st.integers(0, len(PEOPLE) - 1), st.integers(1, DAYS))
    deaths = draw(st.dictionaries(keys, st.integers(0, 40), max_size=14))
    incidents: dict[tuple[str, int], dict[Death, int]] = {}
    for key, count in deaths.items():
        if draw(st.integers(0, 2)) == 0:
            incidents.setdefault((key[0], key[2]), {})[key] = draw(st.integers(0, count))
    return World(deaths, tuple(incidents.values()))


@st.composite
def restarted_worlds(draw: st.DrawFn) -> World:
    """A crisis in which all counters restart once: later figures are of new deaths only."""
    return replace(draw(worlds()), restart=draw(st.integers(1, DAYS - 1)))


@st.composite
def true_figures(draw: st.DrawFn, world: World, originators: int = 1) -> list[Document]:
    """Figures that are true of a world, in any shape, in any order."""
    count = draw(st.integers(1, 9))
    found = []
    for number in range(count):
        body, day = draw(true_bodies(world))
        originator = f"monitor-{draw(st.integers(1, originators))}"
        published = draw(st.integers(day, DAYS + 1))
        found.append(document(number, body, originator, published))
    return list(draw(st.permutations(found)))


def document(number: int, body: dict[str, Any], originator: str, published: int) -> Document:
    """A filed figure as the read models keep it."""
    event = f"https://desk.example/{number}"
    return {
        "id": f"{event}#f",
        "figure": {"id": "f", "measure": "killed", "unit": "person"} | body,
        "originator": originator,
        "report_originator": originator,
        "relayed_by": None,
        "published_at": date(published),
        "url": None,
        "index": 0,
        "crisis": "hidden",
        "event": event,
        "time": f"{date(published)}T12:00:00Z",
        "sequence": number + 1,
        "recorded_at": f"{date(published)}T12:00:00Z",
    }


def date(day: int) -> str:
    """Day 1 is 1 March."""
    return f"2025-03-{day:02d}"


@st.composite
def true_bodies(draw: st.DrawFn, world: World) -> tuple[dict[str, Any], int]:
    """One true figure, and the day it was counted."""
    shape = draw(st.sampled_from(("cumulative", "cumulative", "increment", "incident")))
    if shape == "incident" and world.incidents:
        return draw(incident_bodies(world))
    areas = draw(st.sampled_from(AREA_SETS))
    segment = draw(st.sampled_from(SEGMENTS))
    last = draw(st.integers(1, DAYS))
    begins = world.begins(last)
    windowed = shape == "increment" or draw(st.integers(0, 3)) == 0
    first = draw(st.integers(begins, last)) if windowed else begins
    value = world.truth(areas, segment, first, last)
    body: dict[str, Any] = {
        "segment": dict(segment),
        "areas": list(areas),
        "basis": "increment" if shape == "increment" else "cumulative",
        "as_of": date(last),
    } | phase_of(world, last)
    if shape == "increment" or first > begins or draw(st.booleans()):
        body["window"] = {"start": date(first), "end": date(last)}
    floor = draw(st.sampled_from((None, None, None, "partial", "place")))
    if floor is not None:
        value = draw(st.integers(0, value))
        body |= {"coverage": "partial"} if floor == "partial" else {"place": "A village"}
    body["quantity"] = draw(true_quantities(value))
    return body, last


def phase_of(world: World, day: int) -> dict[str, int]:
    """The phase as a figure names it; the first needs no name."""
    return {"phase": world.phase(day)} if world.phase(day) else {}


@st.composite
def incident_bodies(draw: st.DrawFn, world: World) -> tuple[dict[str, Any], int]:
    """A figure about one incident: all of it, in its own area or a wider one, or a segment of it.

    A segment that nobody in it belongs to is told as well, as nobody.
    """
    number = draw(st.integers(0, len(world.incidents) - 1))
    parts = world.incidents[number]
    leaf, who, day = next(iter(parts))
    areas = draw(st.sampled_from([areas for areas in AREA_SETS if lies_in(leaf, areas)]))
    wider = [segment for segment in SEGMENTS if is_one(PEOPLE[who], segment)]
    segment = dict(draw(st.sampled_from(wider)))
    value = sum(count for (_, one, _), count in parts.items() if is_one(PEOPLE[one], segment))
    body = {
        "segment": segment,
        "areas": list(areas),
        "basis": "incident",
        "incident": f"incident-{number}",
        "as_of": date(day),
        "window": {"start": date(day), "end": date(day)},
        "quantity": draw(true_quantities(value)),
    } | phase_of(world, day)
    return body, day


@st.composite
def misnamed(draw: st.DrawFn, figures: list[Document]) -> tuple[list[Document], list[Document]]:
    """The figures with incidents named wrongly, and the acts that put them right.

    An incident goes by other names (merged by those), by none (opened with, or merged by, the
    figure), or shares a name with others (split, each with its figures).
    """
    named: list[Document] = []
    data: list[tuple[str, dict[str, Any]]] = []
    shared: dict[str, list[str]] = {}
    for figure in figures:
        body = dict(figure["figure"])
        own: str | None = body.get("incident")
        way = "right" if own is None else draw(st.sampled_from(WAYS))
        if own is not None and way != "right":
            body["incident"] = {"alias": f"alias-of-{own}", "shared": "some-attack"}.get(way)
            merging = {"incidents": [body["incident"] or figure["id"]], "into": own}
            if way == "opened":
                data.append(("opened", {"incident": own, "figures": [figure["id"]]}))
            elif way == "shared":
                shared.setdefault(own, []).append(figure["id"])
            else:
                data.append(("merged", merging))
        named.append(figure | {"figure": body})
    if shared:
        into = [{"incident": name, "figures": ids} for name, ids in shared.items()]
        data.append(("split", {"incident": "some-attack", "into": into}))
    acts = [incident_act(number, act, one) for number, (act, one) in enumerate(data)]
    return named, list(draw(st.permutations(acts)))


WAYS = ("right", "alias", "opened", "unnamed", "shared")
"""How an incident is named in a figure."""


def incident_act(number: int, act: str, data: dict[str, Any]) -> Document:
    """An act on incidents as the read models keep it."""
    return {
        "act": act,
        "data": data | {"reason": "said so"},
        "crisis": "hidden",
        "event": f"https://desk.example/act-{number}",
        "time": f"{date(DAYS)}T13:{number:02d}:00Z",
        "sequence": 100 + number,
        "recorded_at": f"{date(DAYS)}T13:{number:02d}:00Z",
    }


@st.composite
def true_quantities(draw: st.DrawFn, value: int) -> dict[str, Any]:
    """A quantity that is true of a value, in any of the printed forms."""
    choices: list[dict[str, Any]] = [
        {"qualifier": "exactly", "value": value},
        {"qualifier": "exactly", "value": value},
        {"qualifier": "approximately", "value": value},
        {"qualifier": "at_least", "value": draw(st.integers(0, value))},
        {"qualifier": "up_to", "value": value + draw(st.integers(0, 9))},
        {"qualifier": "less_than", "value": value + 1 + draw(st.integers(0, 9))},
        {"qualifier": "unquantified"},
        {"qualifier": "unknown"},
        {
            "qualifier": "between",
            "from": draw(st.integers(0, value)),
            "to": value + draw(st.integers(0, 9)),
        },
    ]
    if value:
        choices.append({"qualifier": "more_than", "value": draw(st.integers(0, value - 1))})
    else:
        choices.append({"qualifier": "none_reported"})
    choices += [
        {"qualifier": "lexical", "word": word}
        for word, (low, high) in WORDS.items()
        if low <= value <= high
    ]
    return draw(st.sampled_from(choices))
