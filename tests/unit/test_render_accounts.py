"""Tables and CSV of the views that account for numbers, as text of 100 columns."""

import io
from typing import Any

import pytest
from figures_builder import act, fig, gid, incident_opened, incidents_merged, report
from rich.console import Console, RenderableType
from view_kit import WORLD, explained, view

from tollbook_services.render import conflicts, explanation, incidents, sources


def text(*parts: RenderableType) -> str:
    out = io.StringIO()
    console = Console(file=out, width=100, markup=False, highlight=False, emoji=False)
    for part in parts:
        console.print(part)
    return out.getvalue()


def flat(*parts: RenderableType) -> str:
    return " ".join(text(*parts).split())


EVENTS = (
    report("a", 6, fig("f", 300, "SY-LA")),
    report("b", 8, fig("f", 250, "SY-LA")),
    report("c", 9, fig("both", 1383, ["SY-LA", "SY-TA"]), by="snhr", relayed_by="Old News"),
)


def test_an_explanation_begins_with_the_number_and_shows_each_sum() -> None:
    document = explained("SY-TA", *EVENTS)

    shown = flat(*explanation.explanation_parts(document, WORLD.name))

    assert shown.startswith("Killed, persons: Tartous, all: low 0, best -, high 1,383")
    assert "snhr: figures in order of their cut-off" in shown
    assert "1,383 c#both (exactly 1383)" in shown
    assert "across originators" in shown


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        ({"bound": "high", "operation": "less", "value": 685}, "745  a#f\n- 60  step 1\n= 685"),
        ({"bound": "high", "operation": "add", "value": 805}, "745  a#f\n+ 60  step 1\n= 805"),
        (
            {"bound": "high", "operation": "least", "value": 60},
            "the least of\n745  a#f\n60  step 1\n= 60",
        ),
        (
            {"bound": "high", "operation": "most", "value": 745},
            "the greatest of\n745  a#f\n60  step 1\n= 745",
        ),
        ({"bound": "best", "operation": "none", "value": None}, "745  a#f\n60  step 1\n= none"),
        ({"bound": "high", "operation": "none", "value": None}, "745  a#f\n60  step 1\n= open"),
    ],
)
def test_a_step_is_written_as_a_sum_on_paper(step: dict[str, Any], shown: str) -> None:
    terms = [
        {"says": "a#f", "value": 745, "step": None, "figures": []},
        {"says": "Tartous", "value": 60, "step": 1, "figures": []},
    ]

    assert explanation.arithmetic(step | {"terms": terms}) == shown


def test_an_explanation_that_does_not_agree_says_so() -> None:
    document = explained("SY-TA", *EVENTS) | {"agrees": False}

    assert "do not lead to the value" in flat(*explanation.explanation_parts(document, WORLD.name))


def test_csv_of_an_explanation_has_one_line_a_term() -> None:
    document = explained("SY-TA", *EVENTS)

    rows = list(explanation.csv_rows(document))

    terms = sum(max(1, len(step["terms"])) for step in document["steps"])
    assert len(rows) == terms
    assert set(rows[0]) >= set(explanation.CSV_COLUMNS)


def test_incidents_show_their_toll_and_what_was_said_of_them() -> None:
    document = view(
        "incidents",
        report("a", 8, fig("f", 12, "SY-LA", basis="incident", incident="one")),
        report("z", 7, fig("f", 2, "SY-LA", basis="incident")),
        incident_opened("o", 9, "two", title="The square"),
        incidents_merged("m", 10, ["one"], "two"),
    )

    shown = flat(incidents.incident_table(document["incidents"]))

    assert "2025-03-07 z#f Latakia Killed, persons, all 2 2 2 sohr" in shown
    assert "The square (two)" in shown
    assert "merged one into two: said so" in shown
    rows = list(incidents.csv_rows(document))
    assert [(row["id"], row["low"], row["figures"]) for row in rows] == [
        (gid("z#f"), 2, [gid("z#f")]),
        ("two", 12, [gid("a#f")]),
    ]


def test_an_incident_that_no_figure_counts_for_says_so() -> None:
    document = view("incidents", incident_opened("o", 9, "empty"))

    assert "no figure counts" in flat(incidents.incident_table(document["incidents"]))
    assert [row["low"] for row in incidents.csv_rows(document)] == [None]


def test_sources_show_falls_and_the_reasons_of_corrections() -> None:
    document = view(
        "sources", *EVENTS, act("clarification", "x", 10, "b#f", reason="Two were counted twice")
    )

    acts = sources.act_table(document["sources"])

    assert acts is not None
    assert "sohr 2025-03-10 12:00 clarification b#f Two were counted twice" in flat(acts)
    assert "Old News" in flat(sources.source_table(document["sources"]))
    row = next(row for row in sources.csv_rows(document) if row["originator"] == "sohr")
    assert (row["corrections"], row["revisions_down"]) == (1, 1)


def test_conflicts_show_both_sides_and_what_would_settle_them() -> None:
    document = view("conflicts", *EVENTS, more=([],))

    shown = flat(conflicts.conflict_table(document["conflicts"]))
    rows = list(conflicts.csv_rows(document))

    assert "unexplained" in shown
    assert "300 the value before" in shown
    assert [row["low"] for row in rows if row["kind"] == "unexplained_fall"] == [300, 250]
    assert conflicts.summary(document["conflicts"]) == "1 conflict."
    assert conflicts.summary([]) == "Everything fits."


def test_a_strangers_text_cannot_steer_the_terminal() -> None:
    document = view("sources", *EVENTS)
    document["sources"][0]["originator"] = "\x1b[31mred\x1b[0m"
    document["sources"][0]["corrections"] = [
        {"kind": "correction", "figure": "\x1b#f", "reason": "\u202e", "time": "2025-03-10"}
    ]

    acts = sources.act_table(document["sources"])

    assert acts is not None
    shown = text(acts, sources.source_table(document["sources"]))
    assert not {"\x1b", "\u202e"} & set(shown)
