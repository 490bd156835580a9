"""Scopes that overlap in every way, folded one report at a time: each state is solved anew."""

from itertools import combinations
from typing import Any

from figures_builder import CIVILIAN, COMBATANT, SECURITY, at_least, day, fig, recorded, report
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tollbook_projections.figures import FigureFold
from tollbook_projections.filing import Document
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy

PROVINCES = ("SY-HI", "SY-HM", "SY-LA", "SY-TA")
SCOPES = tuple(scope for size in (1, 2, 3) for scope in combinations(PROVINCES, size))
SEGMENTS: tuple[dict[str, str], ...] = ({}, CIVILIAN, COMBATANT, SECURITY)
DAYS = 6

Deaths = dict[tuple[str, int], list[int]]
"""By province and by number of the narrowest segment, from the first day on."""

NARROWEST = (CIVILIAN, SECURITY)

FIVE_THAT_ASKED_EACH_OTHER = [
    fig("all", 72, ["SY-HI", "SY-HM", "SY-TA"], as_of=day(6)),
    fig("civ", 6, "SY-HI", segment=CIVILIAN, as_of=day(4)),
    fig("civ2", at_least(8), ["SY-HI", "SY-TA"], segment=CIVILIAN, as_of=day(3)),
    fig("com", at_least(23), ["SY-HI", "SY-HM"], segment=COMBATANT, as_of=day(3)),
    fig("sec", at_least(4), "SY-HI", segment=SECURITY, as_of=day(2)),
]


@st.composite
def true_totals(draw: st.DrawFn) -> list[Document]:
    """Totals of scopes that overlap, all true of the same hidden deaths, in any order."""
    counts = st.lists(st.integers(0, 9), min_size=DAYS, max_size=DAYS)
    deaths = {
        (province, who): draw(counts) for province in PROVINCES for who in range(len(NARROWEST))
    }
    found = []
    for number in range(draw(st.integers(3, 8))):
        scope = draw(st.sampled_from(SCOPES))
        segment = draw(st.sampled_from(SEGMENTS))
        last = draw(st.integers(1, DAYS))
        value: Any = truth(deaths, scope, segment, last)
        quantity = value if draw(st.booleans()) else at_least(value)
        found.append(fig(f"f{number}", quantity, list(scope), segment=segment, as_of=day(last)))
    return found


def truth(deaths: Deaths, scope: tuple[str, ...], segment: dict[str, str], last: int) -> int:
    """How many there were in a scope by the end of a day."""
    return sum(
        sum(counts[:last])
        for (province, who), counts in deaths.items()
        if province in scope and segment.items() <= NARROWEST[who].items()
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(FIVE_THAT_ASKED_EACH_OTHER)
@example(FIVE_THAT_ASKED_EACH_OTHER[::-1])
@given(true_totals())
def test_scopes_that_overlap_are_folded_one_report_at_a_time(figures: list[Document]) -> None:
    # given: a fold whose cells are made after every report
    events = recorded(report(f"r{number}", DAYS, one) for number, one in enumerate(figures))
    rows: dict[str, bytes] = {}
    fold = FigureFold(default_gazetteer(), default_policy())

    for number, event in enumerate(events, 1):
        # when
        fold.apply(event)
        for change in fold.drain():
            if change.value is None:
                rows.pop(change.key, None)
            else:
                rows[change.key] = change.value

        # then: it did not stop, and says what a fold of these reports at once does
        at_once = FigureFold(default_gazetteer(), default_policy())
        for earlier in events[:number]:
            at_once.apply(earlier)
        assert rows == {change.key: change.value for change in at_once.drain()}
