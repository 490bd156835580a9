"""Whatever events come, the read models are the same in every way of folding them."""

import os

from event_strategies import CRISES, Document, acts, references, reports
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tollbook_services.testing.answer import Answer
from tollbook_services.testing.given import Bench

EXAMPLES = int(os.environ.get("TOLLBOOK_STATEFUL_EXAMPLES", "0"))
"""As many examples by hand, each time others; in the suite a few that are always the same."""


@st.composite
def histories(draw: st.DrawFn) -> list[Document]:
    """Reports of two crises and acts on them, in any order."""
    filed = draw(st.lists(reports(), min_size=1, max_size=8))
    crises = [{**one, "subject": CRISES[one["subject"] != CRISES[0]]} for one in filed]
    governed = references((*CRISES[:2], "tollbook-ledger-0"))
    done = draw(st.lists(acts(len(filed), CRISES[:2]) | governed, max_size=6))
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
    assert [one.errors for one in given_.rejected] == []

    answer = given_.project()

    for crisis in answer.crises:
        for view in (answer.tolls, answer.displacement):
            assert by_id(view(crisis)) == by_id(view(crisis, known_as_of=len(given_.recorded)))
        views_can_be_made(answer, crisis)
