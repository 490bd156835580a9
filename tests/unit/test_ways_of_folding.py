"""Whatever events come, the read models are the same in every way of folding them."""

import os
from typing import Any

from event_strategies import CRISES, DAYS, DESKS, INCIDENTS, QUANTITIES, lebanon, reports
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tollbook_services.testing import events as build
from tollbook_services.testing.answer import Answer
from tollbook_services.testing.given import Bench

EXAMPLES = int(os.environ.get("TOLLBOOK_STATEFUL_EXAMPLES", "0"))
"""As many examples by hand, each time others; in the suite a few that are always the same."""

Document = dict[str, Any]


@st.composite
def acts(draw: st.DrawFn, reports_: int) -> Document:
    """An act of any kind on figures and incidents of so many reports, or on none that is there."""
    day, crisis = draw(st.sampled_from(DAYS)), draw(st.sampled_from(CRISES[:2]))
    fields: Document = {"day": day, "crisis": crisis}
    numbers = draw(st.lists(st.integers(0, reports_), min_size=2, max_size=3, unique=True))
    one, other, *_ = named = [f"e{number}#f0" for number in numbers]
    incident, into = draw(st.permutations(INCIDENTS))[:2]
    ledger = {"day": day, "crisis": draw(st.sampled_from((crisis, "tollbook-ledger-0")))}
    rank = draw(st.permutations(DESKS))
    made = (
        lambda: build.revised("", one, draw(QUANTITIES), **fields),
        lambda: build.revised("", one, kind="reclassification", areas=["SY-TA"], **fields),
        lambda: build.retracted("", one, **fields),
        lambda: build.reinstated("", one, **fields),
        lambda: build.duplicate("", one, other, **fields),
        lambda: build.reviewed("", one, role="held", **fields),
        lambda: build.incident_opened("", incident, *named, **fields),
        lambda: build.incidents_merged("", into, incident, **fields),
        lambda: build.incidents_merged("", into, *named, **fields),
        lambda: build.incident_split("", incident, {into: named}, **fields),
        lambda: build.policy("", "desk/v2", source_rank=rank, **ledger),
        lambda: lebanon("", ledger["crisis"], day),
    )
    return draw(st.sampled_from(made))()


@st.composite
def histories(draw: st.DrawFn) -> list[Document]:
    """Reports of two crises and acts on them, in any order."""
    filed = draw(st.lists(reports(), min_size=1, max_size=8))
    crises = [{**one, "subject": CRISES[one["subject"] != CRISES[0]]} for one in filed]
    done = draw(st.lists(acts(len(filed)), max_size=5))
    named = [{**one, "id": f"e{number}"} for number, one in enumerate(crises)]
    named += [{**one, "id": f"a{number}"} for number, one in enumerate(done)]
    return draw(st.permutations(named))


def by_id(document: Document) -> dict[str, Document]:
    return {cell["id"]: cell for cell in document["cells"]}


def views_can_be_made(answer: Answer, crisis: str) -> None:
    for view in (answer.incidents, answer.sources, answer.revisions, answer.conflicts):
        assert view(crisis)["crisis"] == crisis


@settings(
    max_examples=EXAMPLES or 40,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(histories())
def test_rows_are_the_same_in_every_way_and_live_cells_are_those_solved_anew(
    history: list[Document],
) -> None:
    given_ = Bench(len(history)).given(*history)
    assert not given_.rejected, given_.rejected

    answer = given_.project()

    for crisis in answer.crises:
        for view in (answer.tolls, answer.displacement):
            assert by_id(view(crisis)) == by_id(view(crisis, known_as_of=len(given_.recorded)))
        views_can_be_made(answer, crisis)
