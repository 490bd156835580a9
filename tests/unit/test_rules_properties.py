"""Properties of consolidation over hidden worlds: order, clocks, bounds, sums and folding."""

from typing import Any

from figures_builder import between, fig, quantity
from hidden_world import DAYS, date, document, true_figures, worlds
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tollbook_projections.consolidation.books import Cell
from tollbook_projections.consolidation.consolidate import Consolidation, consolidate
from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.filing import Document
from tollbook_projections.selection import NOW, Moment, admit
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy

GAZETTEER = default_gazetteer()
POLICY = default_policy()
WORLDLY = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[list[Document], list[Document]]:
    """Figures of a hidden world, some relayed, and acts on them in order of recording."""
    figures = draw(true_figures(draw(worlds()), originators=2))
    for one in figures:
        if draw(st.integers(0, 3)) == 0:
            one["relayed_by"] = "Agency"
    acts = [
        draw(acts_on(draw(st.sampled_from(figures)), len(figures) + place))
        for place in range(draw(st.integers(0, 4)))
    ]
    numbers = draw(st.permutations(range(1, len(figures) + len(acts) + 1)))
    for one, sequence in zip((*figures, *acts), numbers, strict=True):
        one["sequence"] = sequence
    return figures, acts


@st.composite
def acts_on(draw: st.DrawFn, figure: Document, number: int) -> Document:
    """An act on a figure, at any time."""
    kinds = ("retraction", "reinstatement", "duplicate", "review", "correction", "rebase")
    kind = draw(st.sampled_from(kinds))
    data: dict[str, Any] = {"figure": figure["id"], "reason": "said so"}
    match kind:
        case "review":
            data |= {"role": draw(st.sampled_from(("counted", "held"))), "reviewer": "desk"}
        case "correction":
            data |= {"quantity": quantity(draw(st.integers(0, 60)))}
        case "rebase":
            data |= {"quantity": quantity(draw(st.integers(0, 60))), "as_of": date(DAYS)}
    return {
        "act": kind,
        "figure": figure["id"],
        "data": data,
        "crisis": "hidden",
        "event": f"https://desk.example/act-{number}",
        "time": f"{date(draw(st.integers(1, DAYS + 3)))}T12:00:00Z",
        "sequence": number,
        "recorded_at": f"{date(DAYS)}T12:00:00Z",
    }


def told(figures: list[Document], acts: list[Document], moment: Moment = NOW) -> Consolidation:
    return consolidate(admit(figures, acts, moment).dossiers, GAZETTEER, POLICY, as_of=moment.as_of)


@WORLDLY
@given(ledgers(), st.randoms(use_true_random=False))
def test_arrival_order_never_matters(
    ledger: tuple[list[Document], list[Document]], shuffler: Any
) -> None:
    # given: the same documents, recorded in another order
    figures, acts = list(ledger[0]), list(ledger[1])
    before = told(figures, acts)
    everything = [dict(one) for one in (*figures, *acts)]
    shuffler.shuffle(everything)
    for sequence, one in enumerate(everything, 1):
        one["sequence"] = sequence

    # when
    after = told(
        [one for one in everything if "act" not in one], [one for one in everything if "act" in one]
    )

    # then
    assert after == before


@WORLDLY
@given(ledgers(), st.integers(0, 14))
def test_known_as_of_is_consolidating_what_had_been_recorded(
    ledger: tuple[list[Document], list[Document]], known: int
) -> None:
    figures, acts = ledger
    first = [one for one in figures if one["sequence"] <= known]
    done = [one for one in acts if one["sequence"] <= known]

    assert told(figures, acts, Moment(known_as_of=known)) == told(first, done)


@WORLDLY
@given(ledgers())
def test_low_best_and_high_are_in_order_in_every_cell(
    ledger: tuple[list[Document], list[Document]],
) -> None:
    for cell in told(*ledger).cells:
        assert_ordered(cell.merged.interval, cell.merged.flags)
        assert ("open_high" in cell.merged.flags) == (cell.merged.interval.high is None)
        for value in cell.originators.values():
            assert_ordered(value.interval, value.flags)


def assert_ordered(interval: Interval, flags: frozenset[str]) -> None:
    if "bounds_disordered" in flags:
        return
    assert interval.low >= 0
    if interval.best is not None:
        assert interval.low <= interval.best
    if interval.high is not None:
        assert interval.point <= interval.high


@WORLDLY
@given(ledgers())
def test_no_area_has_a_cell_that_no_figure_names_or_lies_inside(
    ledger: tuple[list[Document], list[Document]],
) -> None:
    figures, acts = ledger
    named = {GAZETTEER.canonical(code) for one in figures for code in one["figure"]["areas"]}
    reached = named | {above for code in named for above in GAZETTEER.ancestors(code)}

    for cell in told(figures, acts).cells:
        if cell.key.kind == "area":
            assert cell.key.region.areas[0] in reached


@WORLDLY
@given(ledgers())
def test_no_cell_rests_on_anything_that_was_not_filed(
    ledger: tuple[list[Document], list[Document]],
) -> None:
    figures, acts = ledger
    ids = {one["id"] for one in figures}

    for cell in told(figures, acts).cells:
        assert cell.merged.figures <= ids
        assert set(cell.originators) <= {one["originator"] for one in figures}


@st.composite
def one_day(draw: st.DrawFn) -> list[Document]:
    """A scope of several areas and some of its parts, all as of one day, true or not."""
    scope = draw(
        st.sampled_from((["SY-LA", "SY-TA"], ["SY-LA", "SY-TA", "SY-HM"], ["SY0602", "SY-TA"]))
    )
    parts = draw(st.lists(st.sampled_from(scope), unique=True))
    bodies = [fig("f", draw(st.integers(0, 60)), scope, as_of=date(3))]
    for area in parts:
        low, more = draw(st.integers(0, 30)), draw(st.integers(0, 9))
        printed = draw(
            st.sampled_from(
                (quantity(low), between(low, low + more), between(low, low + more, low))
            )
        )
        bodies.append(fig("f", printed, area, as_of=date(3)))
    return [document(number, body, "monitor-1", 3) for number, body in enumerate(bodies)]


@settings(max_examples=150, deadline=None)
@given(one_day())
def test_parts_and_the_unallocated_rest_make_the_figure(figures: list[Document]) -> None:
    # given: everything as of one day
    body = figures[0]["figure"]
    scope = tuple(sorted(body["areas"]))
    answer = told(figures, [])
    bucket = only(answer, "unallocated", scope)
    assume("conflict" not in bucket.merged.flags)

    # then
    parts = [only(answer, "area", (area,)).merged.interval.point for area in scope]
    rest = bucket.merged.interval.best
    assert rest is not None
    assert sum(parts) + rest == body["quantity"]["value"]


@settings(max_examples=150, deadline=None)
@given(one_day())
def test_a_conflict_is_shown_where_the_parts_exceed_the_figure(figures: list[Document]) -> None:
    body = figures[0]["figure"]
    answer = told(figures, [])
    lows = sum(
        one["figure"]["quantity"].get("from", one["figure"]["quantity"].get("value", 0))
        for one in figures[1:]
    )

    bucket = only(answer, "unallocated", tuple(sorted(body["areas"])))

    assert ("conflict" in bucket.merged.flags) == (lows > body["quantity"]["value"])


def only(answer: Consolidation, kind: str, areas: tuple[str, ...]) -> Cell:
    (cell,) = (
        one for one in answer.cells if one.key.kind == kind and one.key.region.areas == areas
    )
    return cell
