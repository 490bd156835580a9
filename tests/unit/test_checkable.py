"""Figures that no check can be about are not read for one, and no check is another one then."""

from event_strategies import CRISES, Document
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_ways_of_folding import EXAMPLES, histories

from tollbook_projections.checkable import checkable
from tollbook_schemas.event import REPORT_FILED
from tollbook_services.testing.given import Bench


@settings(
    max_examples=EXAMPLES or 60,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(histories(), st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7), max_size=1))
def test_checks_of_now_are_those_of_all_figures(
    history: list[Document], single: set[int], cuts: set[int]
) -> None:
    changed = [
        _as_incidents(one, number in single, number in cuts) for number, one in enumerate(history)
    ]
    given_ = Bench(len(history)).given(*changed)
    answer = given_.project()

    for crisis in CRISES[:2]:
        if crisis in answer.crises:
            for view in (answer.tolls, answer.displacement):
                whole = view(crisis, known_as_of=len(given_.recorded))
                assert view(crisis)["checks"] == whole["checks"]


def test_incidents_that_nothing_is_said_of_are_left_out_but_for_one_of_each_kind() -> None:
    figures = [_filed(f"r{number}", basis="incident") for number in range(5)]
    figures += [_filed("w", basis="incident", measure="injured"), _filed("c", basis="cumulative")]

    kept = checkable(figures, [])

    assert [one["id"] for one in kept] == ["r0#f", "w#f", "c#f"]


def test_incidents_that_are_named_or_name_others_or_were_acted_on_stay() -> None:
    figures = [_filed(f"r{number}", basis="incident") for number in range(6)]
    figures.append(_filed("part", basis="incident", part_of="r2#f"))
    figures.append(_filed("total", basis="cumulative", components=["r3#f"]))

    kept = checkable(figures, [{"figure": "r5#f", "data": {}}])

    assert [one["id"] for one in kept] == ["r0#f", "r2#f", "r3#f", "r5#f", "part#f", "total#f"]


def test_a_cut_of_the_same_people_needs_all_figures() -> None:
    figures = [_filed(f"r{number}", basis="incident") for number in range(3)]
    cut = _filed("cut", basis="cumulative", role="triangulation")

    assert checkable([*figures, cut], []) == [*figures, cut]
    reviewed = {"figure": "r1#f", "data": {"role": "triangulation"}}
    assert checkable(figures, [reviewed]) == figures


def _filed(event: str, *, measure: str = "killed", **fields: object) -> Document:
    body = {"id": "f", "measure": measure, "unit": "person", **fields}
    return {"id": f"{event}#f", "event": event, "figure": body}


def _as_incidents(document: Document, single: bool, cut: bool) -> Document:  # noqa: FBT001
    """The event, where it is a report with some of its figures about single incidents, or a cut."""
    if document["type"] != REPORT_FILED:  # an opened incident lists figures by their ids
        return document
    figures = list(document["data"]["figures"])
    if single:
        figures = [
            one | {"basis": "incident"} if one["basis"] == "cumulative" else one for one in figures
        ]
    if cut:
        figures = [
            one | {"role": "triangulation"} if "components" not in one else one for one in figures
        ]
    return document | {"data": document["data"] | {"figures": figures}}
