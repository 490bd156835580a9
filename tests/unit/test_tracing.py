"""Spans: nothing while they are off, and what they say while they are on."""

import builtins

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_trace_id

from tollbook_schemas.errors import UsageError
from tollbook_services.operations import tracing

TRACE = "ab" * 16
PARENT = f"00-{TRACE}-{'12' * 8}-01"


def recorded(work):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with tracing.tracing_with(provider):
        work()
    return {one.name: one for one in exporter.get_finished_spans()}


@pytest.fixture
def nowhere(monkeypatch):
    for name in tracing.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)


def test_without_an_endpoint_nothing_is_imported_made_or_recorded(nowhere, monkeypatch):
    monkeypatch.setattr(builtins, "__import__", forbidden(builtins.__import__))
    with tracing.tracing("api"):
        first, second = tracing.span("one"), tracing.span("two", {"a": 1}, parent=PARENT)
        with first as noted:
            noted.set({"b": 2})
            noted.rename("three")
    assert first is second
    assert noted.trace is None


def test_an_endpoint_without_the_packages_is_refused_with_what_to_install(nowhere, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setattr(builtins, "__import__", forbidden(builtins.__import__))
    with pytest.raises(UsageError, match=r"OTLP_ENDPOINT is set.*tollbook\[otel\]"):
        tracing.must_be_possible()


def test_an_endpoint_with_the_packages_records_until_the_exit(nowhere, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9")
    with tracing.tracing("api"), tracing.span("one", parent=f"00-{TRACE}-{'12' * 8}-00") as noted:
        assert noted.trace == TRACE  # of a caller that does not sample: nothing has to be sent
    assert tracing.span("two") is tracing.span("three")


def test_a_span_has_its_caller_its_causes_and_what_is_said_of_it():
    def work():
        with tracing.span("GET", kind="server", parent=PARENT) as outer:
            assert outer.trace == TRACE
            with tracing.span("append", {tracing.PARTITION: 2}, links=[PARENT]) as inner:
                inner.set({tracing.FIRST: 7, tracing.LAST: 9})
            outer.rename("GET /v1/events")

    spans = recorded(work)
    outer, inner = spans["GET /v1/events"], spans["append"]
    assert format_trace_id(outer.context.trace_id) == TRACE
    assert inner.parent.span_id == outer.context.span_id
    assert dict(inner.attributes) == {
        "tollbook.partition": 2,
        "tollbook.sequence.first": 7,
        "tollbook.sequence.last": 9,
    }
    assert [format_trace_id(link.context.trace_id) for link in inner.links] == [TRACE]


def test_a_failure_is_on_its_span_and_goes_on():
    def work():
        with pytest.raises(ValueError, match="a bug"), tracing.span("append"):
            raise ValueError("a bug")

    assert not recorded(work)["append"].status.is_ok


def forbidden(importing):
    def refuse(name, *rest, **more):
        if name.startswith("opentelemetry"):
            raise ImportError(name, name=name)
        return importing(name, *rest, **more)

    return refuse
