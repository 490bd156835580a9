"""The view `explain`: the steps that lead to one number, and how a cell is asked for."""

import pytest
from figures_builder import (
    CIVILIAN,
    PRO_REGIME,
    SECURITY,
    act,
    at_least,
    fig,
    gid,
    increment,
    report,
)
from view_kit import AT, WORLD, demo_rows, explained

from tollbook_projections import views
from tollbook_projections.explanation.trail import Operation, worked_out
from tollbook_projections.filing import CELL_ROW, Document, decode, encode
from tollbook_projections.query import Position, Query
from tollbook_schemas.errors import UsageError
from tollbook_schemas.policy import default_policy

COAST = ["SY-LA", "SY-TA"]


def values(results: Document) -> tuple[object, ...]:
    return tuple(results[bound]["value"] for bound in ("low", "best", "high"))


def last(document: Document, bound: str) -> Document:
    """The step that made a bound of the cell."""
    (found,) = [step for step in document["steps"] if step["n"] == document["value"][bound]["step"]]
    return found


def rules(document: Document, bound: str) -> set[str]:
    """The rules on the way to a bound."""
    steps = {step["n"]: step for step in document["steps"]}
    waiting = [document["value"][bound]["step"]]
    found: set[str] = set()
    while waiting:
        step = steps[waiting.pop()]
        found.add(step["rule"])
        waiting += [term["step"] for term in step["terms"] if term["step"]]
    return found


def standings(document: Document) -> dict[str, str]:
    return {
        figure["figure"].rpartition("/")[2]: figure["standing"]
        for one in document["originators"]
        for figure in one["considered"]
    }


def test_every_cell_of_the_demo_crisis_can_be_recomputed_with_a_pencil() -> None:
    rows = demo_rows()
    cells = [decode(row) for key, row in rows.items() if key.startswith(CELL_ROW)]
    assert len(cells) > 100

    for cell in cells:
        asked = (Query(), cell["id"], Position(22, AT), WORLD, default_policy())
        document = views.explain_document("coast", rows, *asked)

        assert document["agrees"]
        assert values(document["value"]) == (cell["low"], cell["best"], cell["high"])
        assert_recomputed(document)


def assert_recomputed(document: Document) -> None:
    """Each step's value follows from its terms, each term from a figure or an earlier step."""
    results: dict[int, int | None] = {}
    figures = {
        figure["figure"]: figure["interval"]
        for one in document["originators"]
        for figure in one["considered"]
    }
    for step in document["steps"]:
        operation: Operation = step["operation"]
        for term in step["terms"]:
            if term["step"] is not None:
                assert term["value"] == results[term["step"]]
            if len(term["figures"]) == 1 and term["figures"][0] in figures and term["value"]:
                interval = figures[term["figures"][0]]
                assert term["value"] in interval.values()
        assert step["value"] == worked_out(operation, [term["value"] for term in step["terms"]])
        results[step["n"]] = step["value"]


def test_what_a_total_leaves_a_part_is_told_with_the_disjoint_minimum() -> None:
    document = explained(
        "SY-LA",
        report("a", 8, fig("both", 745, COAST), fig("ta", at_least(60), "SY-TA", place="Baniyas")),
    )

    assert values(document["value"]) == (0, None, 685)
    (less,) = [step for step in document["steps"] if step["operation"] == "less"]
    assert less["rule"] == "R8"
    assert [term["value"] for term in less["terms"]] == [745, 60]


def test_a_sum_of_segments_names_each_of_them() -> None:
    document = explained(
        "killed|person|count|area|SY|all||",
        report(
            "a",
            8,
            fig("civ", 745, "SY", segment=CIVILIAN),
            fig("sec", 125, "SY", segment=SECURITY),
            fig("pro", 148, "SY", segment=PRO_REGIME),
        ),
    )

    assert values(document["value"]) == (1018, 1018, 1018)
    assert "R10" in rules(document, "best")


def test_a_later_increment_is_added_to_the_base() -> None:
    document = explained(
        "SY-LA",
        report("a", 8, fig("f", 100, "SY-LA")),
        report("b", 9, increment("g", 7, "SY-LA", 9, 9)),
    )

    assert values(document["value"]) == (107, 107, 107)
    adds = [step for step in document["steps"] if step["operation"] == "add"]
    assert [term["value"] for term in adds[0]["terms"]] == [100, 7]


def test_the_unallocated_part_is_the_total_less_its_parts() -> None:
    document = explained(
        "*|*|*|unallocated|*|*|*|*",
        report("a", 8, fig("both", 100, COAST), fig("la", 30, "SY-LA")),
    )

    assert document["cell"]["area"] == "SY-LA+SY-TA"
    assert values(document["value"]) == (70, 70, 70)
    assert "R6" in rules(document, "best")


def test_why_there_is_no_point_value_is_told() -> None:
    document = explained(
        "SY-LA",
        report("a", 8, fig("la", 30, "SY-LA")),
        report("b", 9, fig("sy", 100, "SY")),
    )

    assert values(document["value"]) == (30, None, 100)
    assert "R7" in {step["rule"] for step in document["steps"] if step["operation"] == "none"}


def test_the_source_that_gave_best_is_named_across_originators() -> None:
    document = explained(
        "SY-LA",
        report("a", 8, fig("f", 10, "SY-LA")),
        report("b", 9, fig("f", 14, "SY-LA"), by="snhr"),
    )

    assert values(document["value"]) == (10, 14, 14)
    assert last(document, "best")["says"].startswith("snhr")
    assert last(document, "low")["operation"] == "least"
    assert last(document, "high")["operation"] == "most"


def test_each_figure_says_what_became_of_it() -> None:
    document = explained(
        "SY-LA",
        report(
            "a", 6, fig("f", 10, "SY-LA"), fig("x", 3, "SY-LA", role="restates", restates=["f"])
        ),
        report("b", 8, fig("f", 20, "SY-LA")),
        report("c", 9, fig("f", 10, "SY-LA"), relayed_by="Old News"),
        report("d", 9, fig("f", 99, "SY-LA")),
        act("retracted", "t", 10, "d#f", reason="a typing error"),
        report("e", 9, fig("f", "unknown", "SY-LA")),
    )

    assert standings(document) == {
        "a#f": "superseded",
        "a#x": "restates",
        "b#f": "current",
        "c#f": "stale_relay",
        "d#f": "retracted",
        "e#f": "unknown",
    }
    retracted = next(
        figure
        for figure in document["originators"][0]["considered"]
        if figure["figure"] == gid("d#f")
    )
    assert "a typing error" in retracted["why"]


def test_a_figure_that_a_newer_total_holds_already_is_not_needed() -> None:
    document = explained(
        "SY",
        report("a", 8, fig("la", 30, "SY-LA")),
        report("b", 9, fig("sy", 100, "SY")),
    )

    assert standings(document) == {"a#la": "not_needed", "b#sy": "current"}


def test_an_explanation_of_another_day_leaves_later_figures_out() -> None:
    events = (report("a", 6, fig("f", 10, "SY-LA")), report("b", 8, fig("f", 20, "SY-LA")))

    known = explained("SY-LA", *events, query=Query(known_as_of=1))

    assert values(known["value"]) == (10, 10, 10)
    assert standings(known) == {"a#f": "current"}


def test_a_stored_cell_that_differs_from_its_steps_is_said_to_differ() -> None:
    rows = demo_rows()
    key = "cell/killed|person|count|area|SY|all||"
    rows[key] = encode(decode(rows[key]) | {"low": 1})

    asked = (Query(), key.removeprefix(CELL_ROW), Position(22, AT), WORLD, default_policy())

    assert views.explain_document("coast", rows, *asked)["agrees"] is False


@pytest.mark.parametrize(
    "asked",
    [
        "killed|person|count|area|SY-LA|status=civilian||",
        "*|*|*|*|SY-LA|civilian|*|*",
        "*|*|*|*|SY06|status=civilian|*|*",
    ],
)
def test_a_cell_is_found_by_its_id_and_by_some_of_its_fields(asked: str) -> None:
    events = report("a", 8, fig("f", 10, "SY-LA", segment=CIVILIAN))

    assert explained(asked, events)["cell"]["segment"] == "civilian"


def test_several_cells_are_listed_to_choose_from() -> None:
    events = report("a", 8, fig("f", 10, "SY-LA", segment=CIVILIAN))

    with pytest.raises(
        UsageError, match=r"fits 2 cells: say which with --segment, or give one of 'ki"
    ):
        explained("SY-LA", events)


def test_what_tells_several_cells_apart_is_named() -> None:
    events = report("a", 8, fig("f", 10, "SY-LA"), fig("i", 20, "SY-LA", measure="injured"))

    with pytest.raises(UsageError, match=r"fits 2 cells: say which with --measure, or give"):
        explained("SY-LA", events)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("killed|person|count|area|SY-LA|status=civilians||", "did you mean 'killed"),
        ("SY-HM", "there are 'killed|person|count|area|SY|"),
        ("a|b", "no cell 'a|b'"),
    ],
)
def test_a_cell_that_is_not_there_gets_a_hint(asked: str, says: str) -> None:
    events = report("a", 8, fig("f", 10, "SY-LA", segment=CIVILIAN))

    with pytest.raises(UsageError) as caught:
        explained(asked, events)

    assert says in str(caught.value)


def test_a_question_that_no_figure_answers_says_so() -> None:
    with pytest.raises(UsageError, match="no figure answers"):
        explained("SY-LA", report("a", 8, fig("f", 1, "SY-LA")), query=Query(measure="injured"))


@pytest.mark.parametrize(
    ("operation", "terms", "result"),
    [
        ("add", [2, 3], 5),
        ("add", [2, None], None),
        ("less", [10, 3, 4], 3),
        ("less", [3, 10], 0),
        ("less", [None, 1], None),
        ("less", [10, None], 0),
        ("most", [2, 3], 3),
        ("most", [2, None], None),
        ("least", [2, None], 2),
        ("least", [], None),
        ("take", [7], 7),
        ("none", [7], None),
    ],
)
def test_each_operation_does_what_it_says(
    operation: Operation, terms: list[int | None], result: int | None
) -> None:
    assert worked_out(operation, terms) == result


def test_a_figure_that_was_taken_back_again_says_the_reason_that_holds() -> None:
    document = explained(
        "SY-LA",
        report("a", 8, fig("f", 100, "SY-LA"), fig("g", 10, "SY-LA", place="Baniyas")),
        act("retracted", "b", 9, "a#f", reason="a typing error"),
        act("reinstatement", "c", 10, "a#f", reason="it was none"),
        act("retracted", "d", 11, "a#f", reason="counted twice"),
    )

    (taken_back,) = [
        one for one in document["originators"][0]["considered"] if one["figure"].endswith("a#f")
    ]
    assert taken_back["standing"] == "retracted"
    assert taken_back["why"] == "R1: retracted: counted twice"


def test_a_duplicate_says_why_it_is_one() -> None:
    document = explained(
        "SY-LA",
        report("a", 8, fig("f", 100, "SY-LA"), fig("g", 10, "SY-LA", place="Baniyas")),
        act("marked_duplicate", "b", 9, "a#f", of="a#g", reason="the same dead"),
    )

    (repeated,) = [
        one for one in document["originators"][0]["considered"] if one["figure"].endswith("a#f")
    ]
    assert (repeated["standing"], repeated["why"]) == ("duplicate", "R1: duplicate: the same dead")


def test_a_part_counted_after_its_total_began_and_ended_is_told_as_itself() -> None:
    first = {"start": "2025-03-01", "end": "2025-03-11"}
    later = {"start": "2025-03-12", "end": "2025-03-23"}
    document = explained(
        "killed|person|count|area|SY|all||",
        report("a", 12, fig("both", at_least(100), COAST, window=first, as_of="2025-03-11")),
        report("b", 24, fig("ta", 50, "SY-TA", window=later, as_of="2025-03-23")),
    )

    assert document["agrees"]
    assert document["value"]["low"]["value"] == 150
