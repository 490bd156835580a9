"""The fast reading of reports: it accepts only what the full examination accepts, byte for byte."""

import json
from copy import deepcopy
from importlib.resources import files
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from tollbook_schemas.event import Event
from tollbook_schemas.fast import fast_document, fast_made
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.limits import DEPTH_MAX, DOCUMENT_BYTES_MAX, INTEGER_MAX
from tollbook_schemas.mirror import mirror_of
from tollbook_schemas.parse import ParsedEvent, examine, parse_event, parse_made
from tollbook_schemas.report import ReportFiled

WORLD = default_gazetteer()
LINES = files("tollbook_services").joinpath("data/coast-2025.jsonl").read_bytes().splitlines()


def figure(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "measure": "killed",
        "unit": "person",
        "segment": {"status": "civilian"},
        "quantity": {"qualifier": "exactly", "value": 658},
        "areas": ["SY-LA", "SY06"],
        "basis": "cumulative",
        "window": {"start": "2025-03-06", "end": "2025-03-11T20:00:00Z"},
        "as_of": "2025-03-11",
        **more,
    }


def report() -> dict[str, Any]:
    figures = [
        figure("all", components=["civ", "https://a.example/e#x"], role="check_total"),
        figure("civ", part_of="all", quantity={"qualifier": "between", "from": 1, "to": 9}),
        figure("fam", unit="family", pair="p", origin=["SY"], destination=["LB"]),
        figure("per", pair="p", quantity={"qualifier": "lexical", "word": "dozens"}),
        figure("rest", restates=["civ"], attribution={"group": "x", "status": "claimed"}),
        figure("few", quantity={"qualifier": "less_than", "value": 3, "text": "under 3"}),
    ]
    said = {"id": "st", "speaker": "A", "kind": "claim", "text": "B", "about": ["civ"]}
    data = {"originator": "sohr", "published_at": "2025-03-11", "url": None, "figures": figures}
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": "https://desk.example.org",
        "id": "e1",
        "subject": "syria-coast-2025",
        "time": "2025-03-11T20:00:00Z",
        "data": data | {"statements": [said]},
    }


REPORT = report()


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    found = []
    for step, inner in items:
        found.append((*path, step))
        if isinstance(inner, dict | list):
            found += places(inner, (*path, step))
    return found


def at(node: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        node = node[step]
    return node


PLACES = places(REPORT)
WORDS = [
    "civ", "all", "p", "rest", "female", "any", "SY-LA", "SY06", "XX", "2025-03-01", "2025-02-30",
    "2025-03-11T20:00", "2025-03-11T20:00:00.5+03:00", "between", "unknown", "less_than", "dozens",
    "tollbook-ledger-0", "https://a.example/e#x", "", " ", "a\nb", "é", "\x00",
    "org.tollbook.report.filed.v0", "org.tollbook.figure.retracted.v1",
]  # fmt: skip
NAMES = ["id", "from", "to", "value", "ext", "part_of", "restates", "group", "start", "x", "é"]
VALUES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from([0, 1, -1, True, None, 1.5, 2.0, 2**53, 2**53 - 1, 10**19, 10**400]),
    st.sampled_from([[], {}, ["civ"], ["SY"], [[]], {"status": "civilian"}, {"end": "2025-03-01"}]),
    st.sampled_from(PLACES).map(lambda place: at(REPORT, place)),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A report with up to three members or items set, added, removed or doubled."""
    document = report()
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from(places(document)))
        parent, last = at(document, place[:-1]), place[-1]
        match draw(st.sampled_from(["set", "add", "remove", "swap"])):
            case "set":
                parent[last] = deepcopy(draw(VALUES))
            case "add" if isinstance(parent, dict):
                parent[draw(st.sampled_from(NAMES))] = deepcopy(draw(VALUES))
            case "add":
                parent.insert(last, deepcopy(draw(VALUES)))
            case "remove":
                del parent[last]
            case _:
                parent[last] = deepcopy(at(REPORT, draw(st.sampled_from(PLACES))))
    return json.dumps(document, ensure_ascii=draw(st.booleans())).encode(errors="replace")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A mutated report with some of its bytes replaced, doubled or left out."""
    raw = draw(mutated())
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, max(len(raw) - 1, 0)))
        end = min(len(raw), start + draw(st.integers(0, 30)))
        middle = draw(st.sampled_from([raw[start:end] * 2, b"", b'"', b"\\", b" ", b"\t", b"1"]))
        raw = raw[:start] + middle + raw[end:]
    return raw


@given(mutated() | damaged())
@example(json.dumps(REPORT).encode())
@example(json.dumps(REPORT).replace('"value": 658', '"value": 658, "value": 1', 1).encode())
@example(json.dumps(REPORT).replace('"value": 658', '"value": -0', 1).encode())
@example(json.dumps(REPORT).replace('"value": 658', '"value": 1e2', 1).encode())
@example(json.dumps(REPORT).replace('"sohr"', '"sohr", "originator": "snhr"', 1).encode())
@example(json.dumps(REPORT).replace('"https://desk', '"https:\\/\\/desk', 1).encode())
@example(json.dumps(REPORT).replace('"A"', '"A\tB"', 1).encode())
@example(b"\xef\xbb\xbf" + json.dumps(REPORT).encode())
@example(json.dumps(REPORT).encode() + b"{}")
def test_whatever_is_sent_is_answered_as_the_full_examination_answers_it(raw: bytes) -> None:
    assert parse_event(raw, WORLD) == examine(raw, WORLD)


@given(mutated())
def test_what_the_fast_reading_takes_is_taken_with_the_same_bytes(raw: bytes) -> None:
    found = fast_document(raw, WORLD)

    if found is not None:
        parsed = examine(raw, WORLD)
        assert isinstance(parsed, ParsedEvent), parsed
        assert parsed.canonical == found[1]


def nested(levels: int) -> dict[str, Any]:
    return {"a": [nested(levels - 2)]} if levels > 1 else {}


JSON = st.recursive(
    st.none() | st.booleans() | st.text("aé", max_size=2) | st.sampled_from([0, 2**53, -(2**53)]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("aé"), inner, max_size=2),
)


@given(mutated(), JSON)
@example(json.dumps(REPORT).encode(), {"columns": {"deaths": "1,225", "day": None}})
@example(json.dumps(REPORT).encode(), {"a": INTEGER_MAX, "b": -INTEGER_MAX})
@example(json.dumps(REPORT).encode(), {"a": INTEGER_MAX + 1})
@example(json.dumps(REPORT).encode(), {"a": 1.5})
@example(json.dumps(REPORT).encode(), {"é": 1})
@example(json.dumps(REPORT).encode(), nested(DEPTH_MAX))
@example(json.dumps(REPORT).encode(), nested(DEPTH_MAX + 1))
@example(json.dumps(REPORT).encode(), {"a": "a" * DOCUMENT_BYTES_MAX})
def test_what_a_program_made_is_answered_as_its_json_is(raw: bytes, ext: Any) -> None:
    """Given a report in memory, also with an ext, then it is taken or refused as when sent."""
    document = json.loads(raw)
    if isinstance(document.get("data"), dict):
        document["data"]["ext"] = ext

    try:
        sent = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return  # an integer that no JSON has
    assert parse_made(document, WORLD) == examine(sent, WORLD)


def test_a_plain_report_with_an_ext_is_taken_at_once_where_a_program_made_it() -> None:
    document = report()
    document["data"]["ext"] = {"columns": {"deaths": "1,225", "list": [True, None, 7]}}

    assert fast_made(document, WORLD) == orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def test_a_plain_report_is_taken_by_the_fast_reading() -> None:
    assert fast_document(json.dumps(REPORT).encode(), WORLD) is not None


def test_of_the_real_reports_the_fast_reading_leaves_those_with_an_ext_or_an_escape() -> None:
    left = [line for line in LINES if fast_document(line, WORLD) is None]

    assert left
    assert all(b'"ext"' in line or b"\\" in line for line in left)
    assert len(left) < len(LINES) / 2


@pytest.mark.parametrize(
    "change",
    [
        {"type": "org.tollbook.figure.retracted.v1"},
        {"ext": {}},
        {"subject": "tollbook-ledger-3"},
    ],
)
def test_what_is_no_plain_report_is_left_alone(change: dict[str, Any]) -> None:
    assert fast_document(json.dumps(REPORT | change).encode(), WORLD) is None


def spoilt(place: str, value: Any) -> bytes:
    document = report()
    *path, last = [int(step) if step.isdigit() else step for step in place.split("/")]
    at(document, tuple(path))[last] = value
    return json.dumps(document).encode()


FIRST = "data/figures/0"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (f"{FIRST}/quantity", {"qualifier": "between", "from": 9, "to": 1}),
        (f"{FIRST}/quantity", {"qualifier": "between", "from": 9}),
        (f"{FIRST}/quantity", {"qualifier": "exactly"}),
        (f"{FIRST}/quantity", {"qualifier": "exactly", "value": None}),
        (f"{FIRST}/quantity", {"qualifier": "exactly", "value": 1, "word": "tens"}),
        (f"{FIRST}/quantity", {"qualifier": "unknown", "value": 0}),
        (f"{FIRST}/quantity", {"qualifier": "less_than", "value": 0}),
        (f"{FIRST}/segment", {"group": "female"}),
        (f"{FIRST}/segment", {"age_band": "all"}),
        (f"{FIRST}/window", {}),
        (f"{FIRST}/window", {"start": None, "end": None}),
        (f"{FIRST}/window", {"start": "2025-03-06", "end": "2025-03-05T23:59:59Z"}),
        (f"{FIRST}/as_of", "2025-02-30"),
        ("data/figures/5/id", "rest"),
        (f"{FIRST}/part_of", "nobody"),
        (f"{FIRST}/part_of", "all"),
        (f"{FIRST}/part_of", "civ"),
        (f"{FIRST}/components", ["all"]),
        (f"{FIRST}/components", ["nobody"]),
        (f"{FIRST}/restates", ["all"]),
        (f"{FIRST}/restates", "nobody"),
        (f"{FIRST}/pair", "lonely"),
        (f"{FIRST}/areas", ["SY", "SY-XX"]),
        (f"{FIRST}/origin", ["SY-XX"]),
        (f"{FIRST}/destination", ["SY-XX"]),
        ("data/statements/0/about", ["nobody"]),
        ("data", {"originator": "sohr", "published_at": "2025-03-11"}),
        ("time", "2025-03-11T20:00:00"),
        ("subject", "tollbook-ledger-0"),
    ],
)
def test_what_breaks_a_rule_of_reports_is_left_to_be_refused(place: str, value: Any) -> None:
    raw = spoilt(place, value)

    assert isinstance(examine(raw, WORLD), tuple)
    assert fast_document(raw, WORLD) is None


def test_two_statements_of_one_id_are_left_to_be_refused() -> None:
    (said,) = REPORT["data"]["statements"]
    raw = spoilt("data/statements", [said, said])

    assert isinstance(examine(raw, WORLD), tuple)
    assert fast_document(raw, WORLD) is None


@pytest.mark.parametrize(
    "double",
    [
        ('"value": 658', '"value": 658, "value": 658'),
        ('"statements": [', '"statements": [], "statements": ['),
        ('"status": "civilian"', '"status": "civilian", "status": "civilian"'),
    ],
)
def test_a_name_that_occurs_twice_is_seen_even_where_nothing_else_changes(
    double: tuple[str, str],
) -> None:
    raw = json.dumps(REPORT).replace(*double, 1).encode()

    assert orjson.loads(raw) == REPORT
    assert fast_document(raw, WORLD) is None


def test_escaped_quotes_do_not_hide_a_name_that_occurs_twice() -> None:
    """Two escapes that become quotes would make up for those of the member that was dropped."""
    sent = json.dumps(REPORT).replace('"value": 658', '"value": 1, "value": 658', 1)
    raw = sent.replace('"speaker": "A"', '"speaker": "\\u0022\\u0022"', 1).encode()

    assert b"u0022" in raw
    assert fast_document(raw, WORLD) is None
    assert isinstance(parse_event(raw, WORLD), tuple)


def test_a_single_reference_is_not_read_letter_by_letter() -> None:
    document = report()
    document["data"] |= {"figures": [figure("a"), figure("b"), figure("c", restates="ab")]}
    document["data"]["statements"] = []
    raw = json.dumps(document).encode()

    assert fast_document(raw, WORLD) is None
    assert isinstance(parse_event(raw, WORLD), tuple)


def validators(model: type[BaseModel]) -> set[str]:
    """The validators of a model and of those inside it that a mirror does not take along."""
    seen: set[type[BaseModel]] = set()
    waiting: list[Any] = [model]
    while waiting:
        one = waiting.pop()
        if isinstance(one, type) and issubclass(one, BaseModel) and one not in seen:
            seen.add(one)
            waiting += [field.annotation for field in one.model_fields.values()]
        waiting += getattr(one, "__args__", ())
    return {
        f"{one.__name__}.{name}"
        for one in seen
        for kind in ("model_validators", "field_validators", "root_validators", "validators")
        for name in getattr(one.__pydantic_decorators__, kind)
    }


def test_every_rule_that_the_mirror_leaves_behind_is_known_to_the_fast_reading() -> None:
    """A new validator on a report has to be added to `fast._holds_together`, and then here."""
    assert validators(ReportFiled) == {
        "Quantity._fields_fit_the_qualifier",
        "ReportFiled._holds_together",
        "Segment._slug_stays_readable",
        "Window._runs_forward",
    }
    own = Event.__pydantic_decorators__
    assert set(own.field_validators) == {"_within_its_scope", "_by_type"}
    assert not own.model_validators


def test_a_mirror_has_the_fields_of_its_model_by_the_names_they_are_sent_with() -> None:
    mirror = mirror_of(ReportFiled, frozenset({"ext"}))

    names = {one.encode_name for one in msgspec.structs.fields(mirror)}
    assert names == set(ReportFiled.model_fields) - {"ext"}
