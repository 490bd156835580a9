"""Events of older versions: read as the current one, kept as they were sent."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.event import DATA_MODELS
from tollbook_schemas.filed import filed_event
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.lift import OLD_TYPES, lift, upcast
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_schemas.report_v0 import report_from_v0

WORLD = default_gazetteer()
SOURCE = "https://desk.example.org"
COAST = Path(__file__).parents[3] / "shared" / "data" / "coast-2025" / "figures.json"
V1_OF_V0 = "(as lifted from org.tollbook.report.filed.v0 to org.tollbook.report.filed.v1)"


def figure(name: str = "B1.civ", **more: Any) -> dict[str, Any]:
    return {
        "figure_id": name,
        "source": "sohr",
        "published_on": "2025-03-09",
        "as_of": "2025-03-08T18:00Z",
        "measure": "killed",
        "unit": "person",
        "segment": "civilian",
        "qualifier": "exact",
        "value": 745,
        "scope": ["SY06", "SY10"],
        "basis": "cumulative",
        "window_from": "2025-03-06",
        "window_to": "2025-03-08",
        "url": "https://news.example/a",
        "status": "alleged",
        **more,
    }


def report(*figures: dict[str, Any], **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v0",
        "source": SOURCE,
        "id": "old",
        "subject": "syria-coast-2025",
        "time": "2025-03-11T20:00:00Z",
        "data": {"figures": list(figures), **data},
    }


def lifted(**more: Any) -> dict[str, Any]:
    found: dict[str, Any] = upcast(report(figure(**more)))["data"]["figures"][0]
    return found


def test_a_flat_report_becomes_a_report_of_version_1() -> None:
    document = upcast(report(figure(bulletin="B1"), relayed_by="A Paper"))

    assert document["type"] == "org.tollbook.report.filed.v1"
    assert document["data"] == {
        "originator": "sohr",
        "relayed_by": "A Paper",
        "published_at": "2025-03-09",
        "url": "https://news.example/a",
        "figures": [
            {
                "id": "B1.civ",
                "measure": "killed",
                "unit": "person",
                "segment": {"status": "civilian"},
                "quantity": {"qualifier": "exactly", "value": 745},
                "areas": ["SY06", "SY10"],
                "basis": "cumulative",
                "window": {"start": "2025-03-06", "end": "2025-03-08"},
                "as_of": "2025-03-08T18:00:00Z",
                "status": "alleged",
                "ext": {"bulletin": "B1"},
            }
        ],
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"segment": None}, {"segment": {}}),
        ({"segment": "all"}, {"segment": {}}),
        ({"segment": "combatant"}, {"segment": {"status": "combatant"}}),
        (
            {"segment": "gov_security"},
            {"segment": {"status": "combatant", "group": "state_security"}},
        ),
        (
            {"segment": "pro_assad_fighter"},
            {"segment": {"status": "combatant", "group": "pro_former_regime"}},
        ),
        (
            {"qualifier": "lexical", "value": "dozens"},
            {"quantity": {"qualifier": "lexical", "word": "dozens", "text": "dozens"}},
        ),
        (
            {"qualifier": "unquantified", "value": "large groups"},
            {"quantity": {"qualifier": "unquantified", "text": "large groups"}},
        ),
        ({"measure": "incident"}, {"measure": "incidents"}),
        ({"basis": "incremental"}, {"basis": "increment"}),
        ({"window_from": None}, {"window": {"end": "2025-03-08"}}),
        (
            {"perpetrator": "gov_security"},
            {"attribution": {"group": "state_security", "status": "alleged"}},
        ),
        ({"community": "alawite"}, {"described_as": "alawite"}),
        (
            {"label": "massacres", "term": "raids"},
            {"described_as": "massacres", "ext": {"term": "raids"}},
        ),
        ({"status": "claimed"}, {"status": "reported", "ext": {"status_in_source": "claimed"}}),
        ({"role": "stale_relay"}, {"role": "counted", "ext": {"role_in_source": "stale_relay"}}),
        ({"scope": ["SY06", "?The port"]}, {"areas": ["SY06"], "place": "The port"}),
        ({"breakdown": {"women": 3}}, {"ext": {"breakdown": {"women": 3}}}),
    ],
)
def test_each_old_word_has_its_new_one(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = lifted(**old)

    assert found | new == found
    assert not set(old) & set(found) - set(new)


def test_a_place_without_a_code_lies_where_its_whole_does() -> None:
    whole, part = figure(), figure("B1.village", scope=["?Al-Tuwaimah"], part_of="B1.civ")

    found = upcast(report(whole, part))["data"]["figures"][1]

    assert (found["areas"], found["place"]) == (["SY06", "SY10"], "Al-Tuwaimah")


def test_another_counter_than_that_of_the_first_figure_stays_with_its_figure() -> None:
    first, other = upcast(report(figure(), figure("b", source="reuters")))["data"]["figures"]

    assert "originator" not in first
    assert other["originator"] == "reuters"


def test_an_old_event_is_admitted_and_kept_as_it_was_sent() -> None:
    document = report(figure())

    parsed = parse_event(json.dumps(document, indent=1).encode(), WORLD)

    assert isinstance(parsed, ParsedEvent), parsed
    assert parsed.canonical == canonical_bytes(document)
    assert (parsed.key, parsed.crisis) == ((SOURCE, "old"), "syria-coast-2025")


def test_a_stored_old_event_reaches_the_folds_in_its_current_version() -> None:
    document = report(figure(restates=["https://a.example/e#x"], role="restates"))

    event = filed_event(canonical_bytes(document | {"recordedtime": "2026-01-01T00:00:00Z"}))

    assert event.kind == "org.tollbook.report.filed.v1"
    assert event.data == upcast(document)["data"]


@pytest.mark.parametrize(
    ("change", "pointer", "hint"),
    [
        ({"qualifier": "exakt"}, "/data/figures/0/quantity/qualifier", "did you mean 'exactly'"),
        ({"value": 7.5}, "/data/figures/0/value", "7.5 is not a whole number"),
        ({"value": -1}, "/data/figures/0/quantity/value", "-1 is too small"),
        ({"segment": "soldiers"}, "/data/figures/0/segment", "it must be an object"),
        ({"scope": ["SY99"]}, "/data/figures/0/areas/0", "unknown area 'SY99'"),
        ({"scope": ["?Nowhere"]}, "/data/figures/0/areas", "empty: give at least one"),
        ({"sope": ["SY06"]}, "/data/figures/0/sope", "unknown field 'sope'"),
        ({"id": "B1.civ"}, "/data/figures/0/figure_id", "unknown field 'figure_id'"),
        ({"quantity": 1}, "/data/figures/0/quantity (twice)", "unknown field 'quantity (twice)'"),
        ({"part_of": "nobody"}, "/data/figures/0/part_of", "no figure 'nobody' in this report"),
    ],
)
def test_what_is_wrong_with_an_old_event_is_told_as_it_was_lifted(
    change: dict[str, Any], pointer: str, hint: str
) -> None:
    found = parse_event(json.dumps(report(figure(**change))).encode(), WORLD)

    assert isinstance(found, tuple), "the event was taken"
    (fault,) = found
    assert fault.pointer == pointer
    assert hint in fault.message
    assert fault.message.endswith(V1_OF_V0) or "not a whole number" in hint


def test_figures_of_another_day_or_page_are_another_report() -> None:
    other = figure("b", published_on="2025-03-10", url="https://news.example/b")

    found = parse_event(json.dumps(report(figure(), other)).encode(), WORLD)

    assert isinstance(found, tuple)
    assert [fault.pointer for fault in found] == [
        "/data/figures/1/published_on",
        "/data/figures/1/url",
    ]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["?x", "exact", "all", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON_VALUES)
def test_data_that_are_no_report_are_lifted_without_a_failure(data: Any) -> None:
    report_from_v0(data)
    report_from_v0({"figures": data, "statements": data})


@given(st.sampled_from(sorted(figure())), JSON_VALUES)
def test_whatever_stands_in_an_old_field_is_taken_or_pointed_at(name: str, value: Any) -> None:
    raw = json.dumps(report(figure(**{name: value}))).encode()

    found = parse_event(raw, WORLD)

    assert isinstance(found, ParsedEvent) or all(fault.message for fault in found)


@given(st.sampled_from([*sorted(figure()), "role", "term", "x"]), JSON_VALUES.filter(bool))
def test_lifting_loses_nothing_that_was_said(name: str, value: Any) -> None:
    """Every text and number of the old figure is in the new one, in some place."""
    new = orjson.dumps(upcast(report(figure(), figure("b", **{name: value})))["data"])

    for said in texts(value):
        assert orjson.dumps(said.removeprefix("?"))[1:-1] in new


def texts(value: Any) -> list[str]:
    match value:
        case str():
            return [] if value in ("exact", "all") else [value]
        case dict():
            return [text for item in value.values() for text in texts(item)]
        case list():
            return [text for item in value for text in texts(item)]
        case _:
            return []


def test_what_is_current_is_not_copied() -> None:
    document = report() | {"type": "org.tollbook.report.filed.v1"}

    assert lift(document) is document
    assert upcast(document) is document


def test_a_single_reference_reaches_the_folds_as_a_list() -> None:
    figures = [{"id": "a", "restates": "b"}, {"id": "b"}]
    document = report() | {"type": "org.tollbook.report.filed.v1", "data": {"figures": figures}}

    assert lift(document)["data"]["figures"] == [{"id": "a", "restates": ["b"]}, {"id": "b"}]
    assert figures[0]["restates"] == "b"


def test_no_type_is_both_old_and_current() -> None:
    assert OLD_TYPES.isdisjoint(DATA_MODELS)


@pytest.mark.skipif(not COAST.exists(), reason="the shared data are not beside this checkout")
def test_every_figure_of_the_coast_as_it_was_kept_first_is_admitted() -> None:
    """The file holds several publications; each becomes one event of version 0."""
    publications: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    home: dict[str, str] = {}
    for one in json.loads(COAST.read_bytes())["figures"]:
        place = (one["published_on"], one["url"], one.get("relayed_by"))
        publications[place].append(one)
        home[one["figure_id"]] = f"r{list(publications).index(place)}"
    measures: Counter[str] = Counter()
    for number, figures in enumerate(publications.values()):
        for one in figures:
            for field in {"components", "restates"} & set(one):
                one[field] = [
                    name if home[name] == f"r{number}" else f"{SOURCE}/{home[name]}#{name}"
                    for name in one[field]
                ]
        document = report(*figures) | {"id": f"r{number}"}

        parsed = parse_event(json.dumps(document).encode(), WORLD)

        assert isinstance(parsed, ParsedEvent), parsed
        for one in upcast(document)["data"]["figures"]:
            measures[one["measure"]] += one["quantity"].get("value", 0)

    assert measures["killed"] == 19_181
    assert measures["displaced_across_border"] == 35_219
    assert measures["incidents"] == 166
