"""What a publisher may send: its own reports, and acts about its own figures."""

import pytest

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.parse import ParsedEvent
from tollbook_services.access.principal import Principal
from tollbook_services.access.publishing import faults_of_publishing, source_of_figure
from tollbook_services.access.roles import Role
from tollbook_services.access.sources import is_own

OWN, OTHER = "https://desk.example/a", "https://rival.example"
DESK = Principal("desk", Role.PUBLISHER, (OWN,), "t")


def event(kind: str, source: str = OWN, **data: object) -> ParsedEvent:
    document = {
        "type": f"org.tollbook.{kind}",
        "source": source,
        "id": "e1",
        "subject": "c",
        "data": data,
    }
    return ParsedEvent((source, "e1"), "c", canonical_bytes(document))


def pointers(caller: Principal, sent: ParsedEvent) -> list[str]:
    return [fault.pointer for fault in faults_of_publishing(caller, sent)]


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        (event("report.filed.v1"), []),
        (event("report.filed.v0"), []),
        (event("incident.opened.v1"), []),
        (event("figure.revised.v1", figure=f"{OWN}/r1#k"), []),
        (event("figure.retracted.v1", figure=f"{OWN}/r1#k"), []),
        (event("figure.marked_duplicate.v1", figure=f"{OWN}/r1#k", of=f"{OTHER}/r#k"), []),
        (event("figure.revised.v1", figure=f"{OTHER}/r1#k"), ["/data/figure"]),
        (event("figure.revised.v1", figure=f"{OWN}/deeper/r1#k"), ["/data/figure"]),
        (event("figure.revised.v1", figure=f"{OWN}x/r1#k"), ["/data/figure"]),
        (event("figure.revised.v1", figure="nothing"), ["/data/figure"]),
        (event("figure.reviewed.v1", figure=f"{OWN}/r1#k"), ["/type"]),
        (event("incidents.merged.v1"), ["/type"]),
        (event("incident.split.v1"), ["/type"]),
        (event("policy.published.v1"), ["/type"]),
        (event("gazetteer.published.v1"), ["/type"]),
        (event("quarantine.accepted.v1"), ["/type"]),
        (event("quarantine.discarded.v1"), ["/type"]),
        (event("payload.redacted.v1"), ["/type"]),
        (event("policy.published.v1", note='"type":"org.tollbook.report.filed.v1"'), ["/type"]),
        (event("report.filed.v1", OTHER), ["/source"]),
        (event("policy.published.v1", OTHER), ["/source"]),
    ],
)
def test_a_publisher_sends_its_own(sent, wrong):
    assert pointers(DESK, sent) == wrong


@pytest.mark.parametrize("role", [Role.EDITOR, Role.ADMIN])
@pytest.mark.parametrize("kind", ["report.filed.v1", "policy.published.v1", "payload.redacted.v1"])
def test_an_editor_sends_anything_under_any_source(role, kind):
    assert pointers(Principal("e", role), event(kind, OTHER)) == []


@pytest.mark.parametrize(
    ("source", "allowed", "own"),
    [
        ("https://a.example", ["https://a.example"], True),
        ("https://a.example/", ["https://a.example"], False),
        ("https://a.example/x/y", ["https://a.example/*"], True),
        ("https://a.example", ["https://a.example/*"], False),
        ("https://a.example.evil/x", ["https://a.example/*"], False),
        ("urn:b", ["https://a.example", "urn:b"], True),
        ("urn:b", [], False),
    ],
)
def test_a_prefix_ends_at_a_slash(source, allowed, own):
    assert is_own(source, allowed) is own


def test_the_source_of_a_figure_is_before_the_id_of_its_event():
    assert source_of_figure("https://a.example/x/e1#civ.la") == "https://a.example/x"
