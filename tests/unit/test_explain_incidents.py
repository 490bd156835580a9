"""The view `explain` of incidents with narrower figures, and of what was counted before a total."""

from typing import Any

import pytest
from figures_builder import day, fig, increment, report
from view_kit import explained

from tollbook_projections.explanation.trail import worked_out
from tollbook_projections.filing import Document

FEMALE = {"sex": "female"}


def killed(name: str, value: Any, incident: str, area: str | list[str], **fields: Any) -> Document:
    window = {"start": day(9), "end": day(9)}
    at = {"basis": "incident", "incident": incident, "window": window, "as_of": day(9)}
    return fig(name, value, area, **at, **fields)


REPORTS = (
    report(
        "a",
        9,
        killed("t", 10, "one", "SY"),
        killed("p", 4, "one", "SY-LA"),
        killed("f", 3, "one", "SY", segment=FEMALE),
    ),
    report("b", 9, killed("p", 2, "two", "SY-LA"), killed("f", 1, "three", "SY", segment=FEMALE)),
    report("c", 9, killed("w", 5, "four", ["SY-TA", "SY-HM"]), killed("t", 1, "five", "SY-TA")),
    report("d", 9, killed("g", 2, "six", "SY"), killed("f", 1, "six", "SY", segment=FEMALE)),
)


@pytest.mark.parametrize(
    ("kind", "area", "segment", "told"),
    [
        ("area", "SY", "all", (21, None, 21)),
        ("area", "SY", "female", (4, None, 21)),
        ("area", "SY-LA", "all", (4, None, 15)),
        ("unallocated", "SY-HM+SY-TA", "all", (5, 5, 5)),
    ],
)
def test_the_steps_lead_to_what_incidents_come_to(
    kind: str, area: str, segment: str, told: tuple[int | None, ...]
) -> None:
    document = explained(f"killed|person|count|{kind}|{area}|{segment}||", *REPORTS)

    assert document["agrees"]
    assert tuple(document["value"][bound]["value"] for bound in ("low", "best", "high")) == told
    for step in document["steps"]:
        terms = [term["value"] for term in step["terms"]]
        assert step["value"] == worked_out(step["operation"], terms)


def test_the_steps_lead_to_a_total_with_what_was_counted_before_it() -> None:
    window = {"start": day(8), "end": day(12)}
    document = explained(
        "killed|person|count|area|SY-LA|all||",
        report("a", 12, fig("t", 100, "SY-LA", window=window)),
        report("b", 12, increment("i", 10, "SY-LA", 1, 5), increment("j", 4, "SY-LA", 4, 6)),
    )

    assert document["agrees"]
    assert document["value"]["low"]["value"] == 110
    assert document["value"]["best"]["value"] is None
    assert document["value"]["high"]["value"] == 114
