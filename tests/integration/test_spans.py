"""Spans of a request, an append, a batch of the inbox and a fold, on a real engine."""

import asyncio
from contextlib import contextmanager

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, format_trace_id
from tests.integration.api_kit import coast, served
from tests.integration.intake_load import client, event, intake_running, settled, wait_for
from tests.integration.projector_kit import empty_store, names, running

from tollbook_services import keys
from tollbook_services.ledger import Ledger
from tollbook_services.operations.tracing import tracing_with

TRACE = "ab" * 16
PARENT = f"00-{TRACE}-{'12' * 8}-01"


@contextmanager
def recording():
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with tracing_with(provider):
        yield exporter.get_finished_spans


def named(spans, name):
    return [one for one in spans if one.name == name]


def test_a_request_has_a_span_of_the_callers_trace_with_its_route(tmp_path):
    with served(coast(tmp_path)) as api, recording() as spans:
        api.get("/v1/crises", headers={"traceparent": PARENT})
        api.get("/v1/crises/syria-coast-2025/sources")
        api.get("/nothing/here")
        for path in ("/healthz", "/readyz", "/metrics"):
            assert api.get(path).status_code == 200
        found = spans()

    (crises,) = named(found, "GET /v1/crises")
    assert (crises.kind, format_trace_id(crises.context.trace_id)) == (SpanKind.SERVER, TRACE)
    assert dict(crises.attributes) == {
        "http.request.method": "GET",
        "http.route": "/v1/crises",
        "http.response.status_code": 200,
    }
    assert {one.name for one in found if one.kind == SpanKind.SERVER} == {
        "GET /v1/crises", "GET /v1/crises/{crisis}/sources", "GET",
    }  # fmt: skip


def test_a_batch_of_the_inbox_has_a_span_linked_to_its_senders_around_the_append(engine_url):
    async def scenario():
        async with client(engine_url) as redis:
            ledger = await Ledger.open(redis)
            async with redis.pipeline(transaction=True) as pipe:
                pipe.xadd(keys.INBOX, {"event": event("one"), "traceparent": PARENT})
                pipe.xadd(keys.INBOX, {"event": event("two")})
                await pipe.execute()
            async with intake_running(engine_url):
                await wait_for(lambda: settled(redis), "the inbox is taken in")
            return keys.partition_of("flood-2025", ledger.partitions)

    with recording() as spans:
        partition = asyncio.run(scenario())
        found = spans()

    (batch,), (append,) = named(found, "intake"), named(found, "append")
    assert batch.kind == SpanKind.CONSUMER
    assert [format_trace_id(link.context.trace_id) for link in batch.links] == [TRACE]
    assert append.parent.span_id == batch.context.span_id
    assert dict(append.attributes) == {
        "tollbook.partition": partition,
        "tollbook.events": 2,
        "tollbook.sequence.first": 1,
        "tollbook.sequence.last": 2,
    }


def test_a_fold_has_a_span_with_the_events_that_it_took_and_an_idle_projector_none(engine_url):
    async def scenario():
        async with empty_store(engine_url) as store:
            await store.file(names(5))
            projector = store.projector(page_size=3)
            async with running(projector):
                assert await projector.wait_visible(0, 5, 20)

    with recording() as spans:
        asyncio.run(scenario())
        found = named(spans(), "fold")

    assert [dict(one.attributes) for one in found] == [
        {"tollbook.partition": 0, "tollbook.sequence.first": 1, "tollbook.sequence.last": 3},
        {"tollbook.partition": 0, "tollbook.sequence.first": 4, "tollbook.sequence.last": 5},
    ]
