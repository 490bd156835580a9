"""Events of every kind for Hypothesis: small, valid, and about the same few things."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tollbook_services.testing import events

Document = dict[str, Any]

CRISES = ("coast-2025", "flood-2025", "quake-2024", "war-2006")
INCIDENTS = ("bridge", "market", "school")
DESKS = ("sohr", "snhr", "un")
AREAS = ("SY", "SY-LA", "SY-TA", "SY06", "LB2", "LB-BI", "LB-BH", "LB")
DAYS = tuple(f"2006-03-{number:02d}" for number in range(1, 13))
SEGMENTS: tuple[Document, ...] = (
    {},
    {},
    {"status": "civilian"},
    {"status": "combatant"},
    {"status": "civilian", "sex": "female"},
    {"status": "combatant", "group": "state_security"},
    {"age_band": "child"},
    {"age_band": "0-17", "sex": "female"},
)
MORE: tuple[Document, ...] = (
    {},
    {},
    {},
    {"coverage": "partial"},
    {"place": "the bridge"},
    {"mode": "each"},
    {"phase": 1},
    {"originator": "snhr"},
    {"role": "held"},
    {"dated_by": "documentation"},
    {"attribution": {"group": "state_security"}},
)
GOVERNORATES = (("LB2", "Bekaa", ("LB21", "LB22", "LB23")), ("LB5", "North", ("LB51", "LB52")))

_NUMBERS = st.integers(0, 40)
_QUALIFIERS = ("at_least", "more_than", "approximately", "up_to")
QUANTITIES = st.one_of(
    _NUMBERS,
    st.sampled_from(("dozens", "several", "none_reported", "unquantified", "unknown")),
    st.tuples(_NUMBERS, st.integers(40, 80)),
    st.builds(
        lambda how, value: {"qualifier": how, "value": value},
        st.sampled_from(_QUALIFIERS),
        _NUMBERS,
    ),
)


@st.composite
def figures(draw: st.DrawFn, name: str) -> Document:
    """A figure of any kind that two reports may disagree about."""
    day = draw(st.sampled_from(DAYS))
    fields: Document = {"as_of": day, "segment": draw(st.sampled_from(SEGMENTS))}
    fields |= draw(st.sampled_from(MORE))
    window = {"start": DAYS[0], "end": day}
    match draw(st.sampled_from(("cumulative", "cumulative", "increment", "incident", "moved"))):
        case "increment":
            fields |= {"basis": "increment", "window": {"start": day, "end": day}}
        case "incident":
            fields["basis"] = "incident"
            if draw(st.booleans()):
                fields["incident"] = draw(st.sampled_from(INCIDENTS))
        case "moved":
            fields |= {
                "measure": "displaced",
                "unit": draw(st.sampled_from(("person", "household"))),
            }
            fields["basis"] = draw(st.sampled_from(("cumulative", "stock", "flow")))
            fields |= {"window": window} if fields["basis"] == "flow" else {}
            fields["origin"] = draw(st.lists(st.sampled_from(AREAS), min_size=1, max_size=2))
    areas = draw(st.lists(st.sampled_from(AREAS), min_size=1, max_size=2, unique=True))
    return events.figure(name, draw(QUANTITIES), *areas, **fields)


@st.composite
def reports(draw: st.DrawFn) -> Document:
    """A report of one to three figures; its id is given when it is sent."""
    made = [draw(figures(f"f{number}")) for number in range(draw(st.integers(1, 3)))]
    if len(made) > 1:
        match draw(st.sampled_from(("", "part", "restates", "total"))):
            case "part":
                made[1] = made[0] | {"id": "f1", "part_of": "f0", "areas": ["SY-LA"]}
            case "restates":
                made[1] |= {"role": "restates", "restates": "f0"}
            case "total":
                components = [one["id"] for one in made[1:]]
                made[0] |= {"role": "check_total", "components": components}
    return events.report(
        "",
        *made,
        by=draw(st.sampled_from(DESKS)),
        day=draw(st.sampled_from(DAYS)),
        crisis=draw(st.sampled_from(CRISES)),
    )


def lebanon(name: str, crisis: str, day: str) -> Document:
    """Two governorates as they were drawn before today's eight."""
    areas = [
        {"code": code, "name": what, "level": 1, "parent": None} for code, what, _ in GOVERNORATES
    ] + [
        {"code": one, "name": one, "level": 2, "parent": code}
        for code, _, inside in GOVERNORATES
        for one in inside
    ]
    return events.gazetteer(
        name, "own-lbn/1983", "LBN", *areas, crisis=crisis, day=day, valid_from="1983-01-01"
    )


@st.composite
def acts(draw: st.DrawFn, number_max: int, crises: Sequence[str] = CRISES) -> Document:
    """An act of any kind on figures of the events `e0` and following, whether there or not."""
    day, crisis = draw(st.sampled_from(DAYS)), draw(st.sampled_from(crises))
    fields: Document = {"day": day, "crisis": crisis}
    numbers = draw(st.lists(st.integers(0, number_max), min_size=2, max_size=3, unique=True))
    one, other, *_ = named = [f"e{number}#f{draw(st.integers(0, 1))}" for number in numbers]
    incident, into = draw(st.permutations(INCIDENTS))[:2]
    made = (
        lambda: events.revised("", one, draw(QUANTITIES), **fields),
        lambda: events.revised("", one, kind="reclassification", areas=["SY-TA"], **fields),
        lambda: events.retracted("", one, **fields),
        lambda: events.reinstated("", one, **fields),
        lambda: events.duplicate("", one, other, **fields),
        lambda: events.reviewed("", one, role=draw(st.sampled_from(("held", "counted"))), **fields),
        lambda: events.incident_opened("", incident, *named, **fields),
        lambda: events.incidents_merged("", into, incident, **fields),
        lambda: events.incidents_merged("", into, *named, **fields),
        lambda: events.incident_split("", incident, {into: named}, **fields),
    )
    return draw(st.sampled_from(made))()


@st.composite
def references(draw: st.DrawFn, crises: Sequence[str] = CRISES) -> Document:
    """A policy or a gazetteer."""
    day, crisis = draw(st.sampled_from(DAYS)), draw(st.sampled_from(crises))
    if draw(st.booleans()):
        return lebanon("", crisis, day)
    dozens = draw(st.integers(12, 60))
    return events.policy(
        "",
        f"desk/{dozens}",
        source_rank=draw(st.permutations(DESKS)),
        lexical={"dozens": {"from": dozens, "to": dozens + 30}},
        crisis=crisis,
        day=day,
    )
