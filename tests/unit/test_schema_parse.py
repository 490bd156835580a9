"""What a good event becomes: typed, canonical, and the same when read back from the ledger."""

import json
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tollbook_schemas.editorial import (
    FigureMarkedDuplicate,
    FigureRetracted,
    FigureReviewed,
    FigureRevised,
)
from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.event import Event, figure_id
from tollbook_schemas.filed import filed_event, filed_of
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.limits import INTEGER_MAX
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_schemas.quantity import Quantity
from tollbook_schemas.report import ReportFiled
from tollbook_schemas.segment import EVERYONE
from tollbook_schemas.times import instant_of

WORLD = default_gazetteer()
FIGURE = "https://desk.example.org/e1#civ"


def envelope(kind: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": f"org.tollbook.{kind}.v1",
        "source": "https://desk.example.org",
        "id": "e1",
        "subject": "syria-coast-2025",
        "time": "2025-03-11T23:00:00+03:00",
        "data": data,
        **more,
    }


def figure(**more: Any) -> dict[str, Any]:
    return {
        "id": "civ",
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "exactly", "value": 658},
        "areas": ["SY06"],
        "basis": "cumulative",
        **more,
    }


def report(*figures: dict[str, Any], **more: Any) -> dict[str, Any]:
    filed = {"originator": "sohr", "published_at": "2025-03-11", "figures": list(figures), **more}
    return envelope("report.filed", filed)


def parsed(document: dict[str, Any]) -> ParsedEvent:
    result = parse_event(json.dumps(document).encode(), WORLD)
    assert isinstance(result, ParsedEvent), result
    return result


def event_of(document: dict[str, Any]) -> Event:
    return Event.model_validate(orjson.loads(parsed(document).canonical))


def test_a_report_becomes_figures_with_their_defaults() -> None:
    event = event_of(report(figure()))

    assert isinstance(event.data, ReportFiled)
    (found,) = event.data.figures
    assert found.quantity == Quantity(qualifier="exactly", value=658)
    assert found.segment == EVERYONE
    assert (found.mode, found.coverage, found.role) == ("union", "complete", "counted")
    assert (found.status, found.phase, found.window) == ("reported", 0, None)
    assert found.origin == found.destination == found.components == found.restates == ()


def test_dates_and_areas_stay_as_they_were_sent() -> None:
    sent = figure(as_of="2025-03-08T11:55:00Z", areas=["SY06", "LBN"], window={"end": "2025-03-08"})

    event = event_of(report(sent))

    assert isinstance(event.data, ReportFiled)
    (found,) = event.data.figures
    assert (found.as_of, found.areas) == ("2025-03-08T11:55:00Z", ("SY06", "LBN"))


def test_an_event_knows_its_key_crisis_instant_and_figure_ids() -> None:
    result, event = parsed(report(figure())), event_of(report(figure()))

    assert result.key == event.key == ("https://desk.example.org", "e1")
    assert result.crisis == event.crisis == "syria-coast-2025"
    assert event.instant == instant_of("2025-03-11T20:00:00Z")
    assert isinstance(event.data, ReportFiled)
    assert figure_id(event, event.data.figures[0]) == FIGURE
    assert figure_id(event, "civ") == f"{event.global_id}#civ"


@pytest.mark.parametrize(
    ("kind", "data", "model"),
    [
        (
            "figure.revised",
            {"figure": FIGURE, "kind": "rebase", "reason": "A new register.", "phase": 2},
            FigureRevised,
        ),
        (
            "figure.revised",
            {"figure": FIGURE, "kind": "reinstatement", "reason": "It held."},
            FigureRevised,
        ),
        ("figure.retracted", {"figure": FIGURE, "reason": "Withdrawn."}, FigureRetracted),
        (
            "figure.marked_duplicate",
            {"figure": FIGURE, "of": "https://a/b#c", "reason": "The same list."},
            FigureMarkedDuplicate,
        ),
        (
            "figure.reviewed",
            {"figure": FIGURE, "role": "held", "reviewer": "A. Editor", "reason": "Stale."},
            FigureReviewed,
        ),
    ],
)
def test_each_type_has_its_data(kind: str, data: dict[str, Any], model: type) -> None:
    assert isinstance(event_of(envelope(kind, data)).data, model)


def test_everything_optional_may_be_given() -> None:
    whole = figure(
        segment={"status": "civilian", "community": "alawite", "sex": "female"},
        mode="each",
        originator="snhr",
        incident="jableh-1",
        window={"start": "2025-03-06", "end": "2025-03-08"},
        as_of="2025-03-08",
        origin=["SY-LA"],
        destination=["LBN"],
        place="Hmeimim air base",
        precision="place",
        coverage="partial",
        role="check_total",
        components=["b", "https://a/x#y"],
        restates="b",
        part_of="https://a/x#z",
        pair="p1",
        phase=2,
        attribution={"group": "state_security", "status": "claimed"},
        described_as="Alawite",
        dated_by="occurrence",
        status="verified",
        note="As printed.",
        ext={"row": 7, "tags": ["a", None, True]},
    )
    other = figure(id="b", pair="p1", basis="increment")
    statement = {
        "id": "st1",
        "speaker": "A spokesman",
        "kind": "claim",
        "text": "Nobody was hurt.",
        "about": ["civ", "https://a/x#y"],
        "stance": "denies",
        "said_at": "2025-03-08",
        "ext": {},
    }
    more = {"relayed_by": "Shafaq News", "url": "https://a.example/b", "title": "T"}
    document = report(whole, other, statements=[statement], language="ar-SY", note="N", **more)

    event = event_of(document | {"ext": {"a": "b"}, "datacontenttype": "application/json"})

    assert isinstance(event.data, ReportFiled)
    assert event.data.figures[0].restates == ("b",)
    assert event.data.statements[0].about == ("civ", "https://a/x#y")
    assert event.data.figures[0].ext == {"row": 7, "tags": ["a", None, True]}


def test_a_pair_may_also_name_the_other_figure() -> None:
    parsed(report(figure(pair="b"), figure(id="b", pair="civ", unit="family")))


def test_a_byte_order_mark_is_not_part_of_the_document() -> None:
    raw = json.dumps(report(figure())).encode()

    with_mark = parse_event(b"\xef\xbb\xbf" + raw, WORLD)

    assert with_mark == parse_event(raw, WORLD)


def test_order_and_spacing_of_the_sent_bytes_do_not_change_the_canonical_ones() -> None:
    document = report(figure(note="für alle"))
    backwards = dict(reversed(document.items()))

    first = parse_event(json.dumps(document, indent=3).encode(), WORLD)
    second = parse_event(orjson.dumps(backwards), WORLD)

    assert isinstance(first, ParsedEvent)
    assert first == second
    assert first.canonical == rfc8785.dumps(document)


def test_stored_bytes_with_their_recorded_time_become_the_same_event() -> None:
    result = parsed(report(figure()))
    document = orjson.loads(result.canonical)
    document["recordedtime"] = "2025-03-12T00:00:00.123Z"

    stored = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)

    assert filed_event(stored) == filed_of(event_of(report(figure())))


def test_a_stored_event_is_read_even_when_its_area_is_no_longer_known() -> None:
    event = filed_event(orjson.dumps(report(figure(areas=["SY99"]))))

    assert event.data["figures"][0]["areas"] == ["SY99"]


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"[]",
        b"{}",
        b'{"recordedtime": "x"}',
        b"\xff",
        orjson.dumps(report(figure()) | {"data": []}),
        orjson.dumps(report(figure()) | {"data": []}).replace(b"filed.v1", b"filed.v0"),
    ],
)
def test_damaged_stored_bytes_fail_the_check(stored: bytes) -> None:
    with pytest.raises(CheckFailedError):
        filed_event(stored)


def test_an_event_cannot_be_changed() -> None:
    event = event_of(report(figure()))

    with pytest.raises(ValidationError):
        event.subject = "another"  # type: ignore[misc]


COUNTS = st.integers(0, INTEGER_MAX)
QUANTITIES = st.one_of(
    st.builds(lambda n: {"qualifier": "exactly", "value": n}, COUNTS),
    st.builds(lambda n: {"qualifier": "at_least", "value": n, "text": f"at least {n}"}, COUNTS),
    st.builds(
        lambda n, m: {"qualifier": "between", "from": min(n, m), "to": max(n, m)}, COUNTS, COUNTS
    ),
    st.sampled_from(["tens", "dozens"]).map(lambda word: {"qualifier": "lexical", "word": word}),
    st.just({"qualifier": "none_reported"}),
)
FIGURES = st.fixed_dictionaries(
    {
        "measure": st.sampled_from(["killed", "displaced", "houses_destroyed"]),
        "unit": st.sampled_from(["person", "family", "house"]),
        "quantity": QUANTITIES,
        "areas": st.lists(st.sampled_from(["SY", "SY06", "SY-TA", "LBN"]), min_size=1, max_size=4),
        "basis": st.sampled_from(["cumulative", "increment", "stock"]),
    },
    optional={
        "segment": st.sampled_from([{}, {"status": "civilian"}, {"sex": "female"}]),
        "as_of": st.dates().map(str),
        "note": st.text(
            st.characters(min_codepoint=33, exclude_categories=["Cs", "Cc"]), min_size=1
        ),
        "ext": st.dictionaries(st.sampled_from("abc"), st.none() | st.text("äö🚢\n\x7f")),
    },
)


@given(st.lists(FIGURES, min_size=1, max_size=5))
def test_every_report_is_canonical_and_survives_being_stored(figures: list[dict[str, Any]]) -> None:
    numbered = [{**found, "id": f"f{number}"} for number, found in enumerate(figures)]
    document = report(*numbered)

    result = parsed(document)

    assert result.canonical == rfc8785.dumps(document)
    stored = orjson.dumps(
        {**document, "recordedtime": "2025-03-12T00:00:00Z"}, option=orjson.OPT_SORT_KEYS
    )
    event = event_of(document)
    assert filed_event(stored) == filed_of(event)
    dumped = event.model_dump(mode="json", exclude_none=True)
    assert Event.model_validate(dumped) == event
