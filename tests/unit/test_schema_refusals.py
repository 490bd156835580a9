"""Bad input: every fault has a pointer to its place and says what would be right."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tollbook_schemas.errors import Fault
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.limits import (
    AREAS_MAX,
    FAULTS_MAX,
    FIGURES_MAX,
    INTEGER_MAX,
    REASON_CHARS_MAX,
)
from tollbook_schemas.parse import ParsedEvent, parse_event

WORLD = default_gazetteer()
FIGURE = "/data/figures/0"


def report() -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": "https://desk.example.org",
        "id": "sohr-2025-03-11",
        "subject": "syria-coast-2025",
        "time": "2025-03-11T20:00:00Z",
        "data": {
            "originator": "sohr",
            "published_at": "2025-03-11",
            "figures": [figure("civ"), figure("sec")],
            "statements": [
                {"id": "st1", "speaker": "A spokesman", "kind": "claim", "text": "We deny it."}
            ],
        },
    }


def figure(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "measure": "killed",
        "unit": "person",
        "segment": {"status": "civilian"},
        "quantity": {"qualifier": "at_least", "value": 1225},
        "areas": ["SY-LA", "SY-TA"],
        "basis": "cumulative",
        "window": {"start": "2025-03-06", "end": "2025-03-11"},
        "as_of": "2025-03-11",
    }


def revision() -> dict[str, Any]:
    return {
        **report(),
        "type": "org.tollbook.figure.revised.v1",
        "data": {
            "figure": "https://desk.example.org/sohr-2025-03-11#civ",
            "kind": "correction",
            "reason": "A list was counted twice.",
            "quantity": {"qualifier": "exactly", "value": 1220},
        },
    }


def faults(document: dict[str, Any] | bytes) -> tuple[Fault, ...]:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    parsed = parse_event(raw, WORLD)
    assert isinstance(parsed, tuple), "the document was taken"
    return parsed


def the_fault(document: dict[str, Any] | bytes) -> Fault:
    (found,) = faults(document)
    return found


def with_value(
    pointer: str, value: object, document: dict[str, Any] | None = None
) -> dict[str, Any]:
    changed = document or report()
    *path, last = pointer[1:].split("/")
    node: Any = changed
    for step in path:
        node = node[int(step) if isinstance(node, list) else step]
    node[int(last) if isinstance(node, list) else last] = value
    return changed


def without(pointer: str, document: dict[str, Any]) -> dict[str, Any]:
    *path, last = pointer[1:].split("/")
    node: Any = document
    for step in path:
        node = node[int(step) if isinstance(node, list) else step]
    del node[last]
    return document


def test_the_documents_these_tests_spoil_are_taken_as_they_are() -> None:
    for document in (report(), revision()):
        assert isinstance(parse_event(json.dumps(document).encode(), WORLD), ParsedEvent)


@pytest.mark.parametrize(
    ("pointer", "value", "hint"),
    [
        (f"{FIGURE}/areas/1", "SY-LX", "unknown area 'SY-LX': did you mean"),
        (f"{FIGURE}/areas/1", "Latakia", "did you mean SY-LA (Latakia)?"),
        (f"{FIGURE}/areas/1", "XX", "give an ISO 3166-1, ISO 3166-2 or P-code"),
        (f"{FIGURE}/measure", "kiled", "unknown measure 'kiled' (did you mean 'killed'?)"),
        (f"{FIGURE}/measure", "deaths", "it must be one of killed, injured, missing"),
        (f"{FIGURE}/unit", "persons", "did you mean 'person'"),
        (f"{FIGURE}/quantity/value", 745.0, "745.0 is not a whole number"),
        (f"{FIGURE}/quantity/value", 1e3, "counts are integers such as 745"),
        (f"{FIGURE}/quantity/value", -5, "-5 is too small"),
        (f"{FIGURE}/quantity/value", "745", "must be a whole number such as 745, not '745'"),
        (f"{FIGURE}/quantity/value", True, "must be a whole number such as 745, not true"),
        (f"{FIGURE}/quantity/value", INTEGER_MAX + 1, "whole numbers go up to 9007199254740991"),
        (f"{FIGURE}/quantity/value", 10**400, "is out of range"),
        (f"{FIGURE}/quantity/value", float("nan"), "NaN is not JSON"),
        (f"{FIGURE}/quantity/value", float("inf"), "Infinity is not JSON"),
        (f"{FIGURE}/quantity/value", float("-inf"), "-Infinity is not JSON"),
        (f"{FIGURE}/window/end", "2025-03-05", "ends (2025-03-05) before it starts (2025-03-06)"),
        (
            f"{FIGURE}/window/end",
            "2025-03-05T23:59:59Z",
            "must be the same day as `start` or later",
        ),
        (f"{FIGURE}/window/start", "2025-03", "is a partial date, the day is missing"),
        (f"{FIGURE}/as_of", "2025-03-11T20:00:00", "has no offset from UTC: add Z"),
        ("/data/published_at", "2025-03-11T20:00", "has no offset from UTC: add Z"),
        ("/time", "2025-03-11T20:00:00", "has no offset from UTC: add Z"),
        ("/time", "2025-03-11", "write 2025-03-11T00:00:00Z"),
        (f"{FIGURE}/mesure", "killed", "unknown field 'mesure' (did you mean 'measure'?)"),
        ("/data/as_of", "2025-03-11", "`as_of` belongs to a figure"),
        ("/sequence", 1, "unknown field 'sequence'"),
        ("/recordedtime", "2025-03-11T20:00:00Z", "unknown field 'recordedtime'"),
        (f"{FIGURE}/quantity/from_", 1, "unknown field 'from_' (did you mean 'from'?)"),
        ("/type", "org.tollbook.report.filed.v2", "did you mean 'org.tollbook.report.filed.v1'"),
        ("/specversion", "0.3", "it must be 1.0"),
        ("/subject", "Syria Coast", "is not a crisis slug: 1 to 64 of a-z, 0-9 and '-'"),
        ("/source", "https://desk#1", "without '#' and spaces"),
        ("/id", "2025/03/11", "without '#', '/' and spaces"),
        ("/data/originator", "SOHR", "is not a slug"),
        ("/data/url", "javascript:alert(1)", "begins with http:// or https://"),
        ("/data/title", " \n", "at least one visible character"),
        ("/data/title", "a\x1b[31mb", "no control characters"),
        ("/data/title", "x" * 501, "501 characters are more than the 500 allowed"),
        ("/data/figures", {}, "it must be a list [...], not an object"),
        ("/data", [], "it must be an object {...}, not a list"),
        (f"{FIGURE}/segment", None, "it must be an object {...}, not null"),
        (f"{FIGURE}/note", 7, "it must be a text in quotes, not 7"),
        (f"{FIGURE}/areas", [], "empty: give at least one"),
        (f"{FIGURE}/areas", ["SY"] * (AREAS_MAX + 1), "501 items are more than the 500 allowed"),
        (f"{FIGURE}/window", {}, "a window needs a `start` or an `end`"),
        (f"{FIGURE}/phase", -1, "-1 is too small"),
    ],
)
def test_a_wrong_value_is_pointed_at_with_what_would_be_right(
    pointer: str, value: object, hint: str
) -> None:
    found = the_fault(with_value(pointer, value))

    assert found.pointer == pointer
    assert hint in found.message


def test_a_range_that_runs_backwards_is_pointed_at_its_lower_end() -> None:
    backwards = {"qualifier": "between", "from": 30, "to": 20}

    found = the_fault(with_value(f"{FIGURE}/quantity", backwards))

    assert found.pointer == f"{FIGURE}/quantity/from"
    assert "write from 20 to 30" in found.message


def test_a_missing_reason_is_pointed_at_with_what_to_give() -> None:
    found = the_fault(without("/data/reason", revision()))

    assert found.pointer == "/data/reason"
    assert found.message == "`reason` is missing: 1 to 2,000 characters saying why"


@pytest.mark.parametrize("reason", ["", "   ", "x" * (REASON_CHARS_MAX + 1)])
def test_a_reason_must_say_something_within_its_limit(reason: str) -> None:
    assert the_fault(with_value("/data/reason", reason, revision())).pointer == "/data/reason"


@pytest.mark.parametrize(
    ("pointer", "hint"),
    [
        ("/subject", "the crisis, a slug such as syria-coast-2025"),
        ("/time", "an RFC 3339 date-time"),
        ("/data", "what happened, by `type`"),
        ("/data/published_at", "the date or date-time of publication"),
        (f"{FIGURE}/basis", "one of cumulative, increment, incident, stock, flow"),
        (f"{FIGURE}/areas", "a list of ISO 3166-1"),
        (f"{FIGURE}/quantity/qualifier", "one of exactly, approximately"),
    ],
)
def test_a_missing_field_is_pointed_at_with_its_meaning(pointer: str, hint: str) -> None:
    found = the_fault(without(pointer, report()))

    assert found.pointer == pointer
    assert "is missing: " in found.message
    assert hint in found.message


def test_a_figure_id_used_twice_is_pointed_at_its_second_use() -> None:
    found = the_fault(with_value("/data/figures/1/id", "civ"))

    assert found.pointer == "/data/figures/1/id"
    assert "already used by /data/figures/0: give each its own id" in found.message


@pytest.mark.parametrize(
    ("pointer", "value", "at", "hint"),
    [
        (f"{FIGURE}/part_of", "all", f"{FIGURE}/part_of", "no figure 'all' in this report"),
        (f"{FIGURE}/components", ["sec", "cif"], f"{FIGURE}/components/1", "did you mean 'civ'"),
        (f"{FIGURE}/restates", ["nobody"], f"{FIGURE}/restates/0", "source/event#figure"),
        (f"{FIGURE}/restates", "nobody", f"{FIGURE}/restates", "no figure 'nobody'"),
        (f"{FIGURE}/components", ["civ"], f"{FIGURE}/components/0", "refers to itself"),
        (f"{FIGURE}/part_of", "civ", f"{FIGURE}/part_of", "would be a part of itself"),
        (f"{FIGURE}/pair", "p1", f"{FIGURE}/pair", "no other figure of this report has the pair"),
        ("/data/statements/0/about", ["x"], "/data/statements/0/about/0", "no figure 'x'"),
    ],
)
def test_a_reference_into_the_report_must_lead_to_one_of_its_figures(
    pointer: str, value: object, at: str, hint: str
) -> None:
    found = the_fault(with_value(pointer, value))

    assert found.pointer == at
    assert hint in found.message


def test_parts_that_go_round_in_a_circle_are_told_once() -> None:
    document = with_value(f"{FIGURE}/part_of", "sec")
    document = with_value("/data/figures/1/part_of", "civ", document)

    assert "would be a part of itself" in the_fault(document).message


def test_a_report_without_figures_and_statements_says_nothing_and_is_refused() -> None:
    document = report()
    document["data"] |= {"figures": [], "statements": []}

    found = the_fault(document)

    assert found.pointer == "/data"
    assert "at least one figure or statement" in found.message


def test_every_fault_of_a_document_is_told_in_document_order() -> None:
    document = with_value(f"{FIGURE}/measure", "kiled")
    document = with_value("/data/figures/1/quantity/value", -1, document)
    document = with_value("/subject", "No slug", document)

    assert [found.pointer for found in faults(document)] == [
        "/subject",
        f"{FIGURE}/measure",
        "/data/figures/1/quantity/value",
    ]


def spoilt_measure(name: str) -> dict[str, Any]:
    return figure(name) | {"measure": "kiled"}


def spoilt_reference(name: str) -> dict[str, Any]:
    return figure(name) | {"part_of": "nobody"}


def spoilt_area(name: str) -> dict[str, Any]:
    return figure(name) | {"areas": [f"ZZ-{name}"]}


@pytest.mark.parametrize("spoil", [spoilt_measure, spoilt_reference, spoilt_area])
def test_a_document_full_of_faults_is_answered_briefly(
    spoil: Callable[[str], dict[str, Any]],
) -> None:
    document = report()
    document["data"]["figures"] = [spoil(f"f{number}") for number in range(1_000)]

    assert FAULTS_MAX <= len(faults(document)) <= FAULTS_MAX + 1


def test_a_report_has_at_most_so_many_figures() -> None:
    bare = {
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "unknown"},
        "areas": ["SY"],
        "basis": "stock",
    }
    document = report()
    document["data"]["figures"] = [{"id": f"f{n}", **bare} for n in range(FIGURES_MAX + 1)]

    (found,) = faults(document)

    assert found.pointer == "/data/figures"
    assert "5,001 items are more than the 5,000 allowed" in found.message


@pytest.mark.parametrize(
    ("pointer", "value", "hint"),
    [
        ("/data/figure", "civ", "is not a global figure id, source/event#figure"),
        ("/data/kind", "update", "unknown kind 'update'"),
        ("/data/kind", "retraction", "it must be one of correction, clarification"),
        ("/data/areas", ["SY-LX"], "unknown area 'SY-LX'"),
        ("/data/as_of", "2025-3-1", "neither an RFC 3339 date nor a date-time"),
        ("/data/figures", [], "unknown field 'figures'"),
    ],
)
def test_a_wrong_revision_is_pointed_at(pointer: str, value: object, hint: str) -> None:
    found = the_fault(with_value(pointer, value, revision()))

    assert found.pointer.startswith(pointer)
    assert hint in found.message


def test_a_correction_must_change_something() -> None:
    found = the_fault(without("/data/quantity", revision()))

    assert found.pointer == "/data"
    assert "a correction must change something" in found.message


def test_a_figure_is_no_duplicate_of_itself() -> None:
    name = "https://desk.example.org/sohr-2025-03-11#civ"
    document = revision() | {"type": "org.tollbook.figure.marked_duplicate.v1"}
    document["data"] = {"figure": name, "of": name, "reason": "Printed twice."}

    found = the_fault(document)

    assert found.pointer == "/data/of"
    assert "name the other figure" in found.message
