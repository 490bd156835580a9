"""What the change feed says of a step: the cells that differ, and the events that moved them."""

from datetime import UTC, datetime

import orjson

from tollbook_projections.changes import CAUSES_MAX, change_documents
from tollbook_projections.projection import Recorded, RowChange
from tollbook_schemas.filed import FiledEvent

NOON = datetime(2025, 3, 11, 12, tzinfo=UTC)
PREFIX = "org.tollbook."


def recorded(sequence: int, kind: str, crisis: str = "flood-2025", **data) -> Recorded:
    event = FiledEvent(PREFIX + kind, "https://d.example", f"e{sequence}", crisis, "", data)
    return Recorded(0, sequence, NOON, event)


def report(sequence: int, measure: str = "killed", crisis: str = "flood-2025") -> Recorded:
    figures = [{"id": "f", "measure": measure, "unit": "person"}]
    return recorded(sequence, "report.filed.v1", crisis, figures=figures)


def cell(best: int, *figures: str, measure: str = "killed") -> bytes:
    document = dict.fromkeys(("kind", "area", "nature", "segment", "origin", "destination"), "x")
    counts = {"low": best, "best": best, "high": best, "flags": []}
    return orjson.dumps(
        document | counts | {"measure": measure, "unit": "person", "figures": figures}
    )


def told(before: bytes | None, after: bytes | None, *page: Recorded, key: str = "cell/a"):
    change = RowChange("flood-2025", key, after, before)
    return [orjson.loads(one) for one in change_documents([change], page, "p1.x")]


def causes(before: bytes | None, after: bytes | None, *page: Recorded) -> list[int]:
    (document,) = told(before, after, *page)
    return [one["sequence"] for one in document["causes"]]


def test_rows_of_other_tables_and_cells_that_stayed_are_not_told():
    assert told(None, cell(1), report(1), key="figure/a") == []
    assert told(cell(1), cell(1), report(1)) == []


def test_a_cell_that_appears_or_goes_has_null_on_the_other_side():
    (appeared,) = told(None, cell(1), report(1))
    (gone,) = told(cell(1), None, report(1))
    assert (appeared["before"], appeared["after"]["best"]) == (None, 1)
    assert (gone["before"]["best"], gone["after"]) == (1, None)
    assert gone["cell"]["measure"] == "killed"


def test_a_decision_about_the_quarantine_moves_no_cell():
    about = {"source": "https://d.example", "id": "e1", "content": "5e" * 32, "reason": "two"}
    accepted = recorded(3, "quarantine.accepted.v1", **about, **{"as": "e2"})
    after = cell(2, "https://d.example/e2#f")
    assert causes(None, after, report(1), report(2), accepted) == [2]
    assert causes(None, cell(1), report(1), accepted) == [1]


def test_the_causes_are_the_events_about_the_figures_the_cell_rests_on():
    after = cell(2, "https://d.example/e2#f")
    assert causes(None, after, report(1), report(2), report(3)) == [2]


def test_a_retraction_is_found_by_the_figure_the_cell_rested_on_before():
    figure = "https://d.example/e1#f"
    act = recorded(5, "figure.retracted.v1", figure=figure, reason="withdrawn")
    (document,) = told(cell(2, figure), None, report(4), act)
    assert [(one["sequence"], one["reason"]) for one in document["causes"]] == [(5, "withdrawn")]


def test_without_such_events_those_of_the_same_measure_are_named_then_all_of_the_crisis():
    page = (report(1), report(2, "injured"), report(3, crisis="quake-2024"))
    assert causes(None, cell(1), *page) == [1]
    assert causes(None, cell(1, measure="missing"), *page) == [1, 2]


def test_what_governs_the_crisis_or_all_crises_is_among_the_causes():
    policy = recorded(2, "policy.published.v1", "tollbook-ledger-0", reason="new ranks")
    merged = recorded(3, "incidents.merged.v1", reason="one and the same")
    other = recorded(4, "policy.published.v1", "quake-2024", reason="elsewhere")
    assert causes(cell(1), cell(2), report(1, "injured"), policy, merged, other) == [2, 3]


def test_of_many_causes_the_latest_are_named_and_all_are_counted():
    page = [report(number) for number in range(1, CAUSES_MAX + 6)]
    (document,) = told(None, cell(1), *page)
    assert [one["sequence"] for one in document["causes"]] == list(range(6, CAUSES_MAX + 6))
    assert document["causes_total"] == CAUSES_MAX + 5


def test_a_change_names_the_figures_that_came_and_went_and_counts_them():
    before, after = cell(2, "d/e1#f", "d/e2#f"), cell(2, "d/e2#f", "d/e3#f")
    (document,) = told(before, after, report(3))
    assert document["before"] == document["after"]
    assert document["figures"] == {"added": ["d/e3#f"], "removed": ["d/e1#f"], "total": 2}


def test_a_report_among_the_causes_names_who_counted():
    filed = recorded(1, "report.filed.v1", originator="sohr", figures=[])
    act = recorded(2, "figure.retracted.v1", figure="x", reason="withdrawn")
    (document,) = told(None, cell(1), filed, act)
    assert [one["originator"] for one in document["causes"]] == ["sohr", None]
