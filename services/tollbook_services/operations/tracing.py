"""Spans for OpenTelemetry, where an operator asked for them; else they cost nothing."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from tollbook_schemas.errors import UsageError
from tollbook_services.operations.server_logs import take_logs

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Link, Span, Tracer

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""Variables of OpenTelemetry, either of which says where spans are sent to."""

PARTITION: Final = "tollbook.partition"
FIRST: Final = "tollbook.sequence.first"
LAST: Final = "tollbook.sequence.last"
"""Attributes of spans: which events of which partition they are about."""

LINKS_MAX: Final = 128
"""Links of a span, as many as OpenTelemetry keeps."""

EXPORT_S: Final = 3.0
"""Seconds for sending spans, unless the environment says: a process that stops waits for it."""

_TIMEOUTS: Final = ("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")

Kind = Literal["internal", "server", "consumer"]
Value = str | int | bool


class Noted:
    """A span that is not recorded."""

    trace: str | None = None

    def set(self, attributes: Mapping[str, Value]) -> None:
        """Say more about it."""

    def rename(self, name: str) -> None:
        """Give it the name that was not known when it began."""


@dataclass(slots=True)
class _Recorded(Noted):
    """A span that is; `trace` is the id of its trace."""

    span: "Span"
    trace: str | None

    def set(self, attributes: Mapping[str, Value]) -> None:
        self.span.set_attributes(attributes)

    def rename(self, name: str) -> None:
        self.span.update_name(name)


class _Nothing(Noted, AbstractContextManager[Noted]):
    def __enter__(self) -> Noted:
        return self

    def __exit__(self, *_: object) -> None:
        return None


_NOTHING: Final = _Nothing()
_tracers: Final[list["Tracer"]] = []  # of this process: at most one, while `tracing` is open


def span(
    name: str,
    attributes: Mapping[str, Value] | None = None,
    *,
    kind: Kind = "internal",
    parent: str | None = None,
    links: Sequence[str] = (),
) -> AbstractContextManager[Noted]:
    """A span around some work; nothing where spans are not recorded.

    Args:
        name: what is done.
        attributes: more about it.
        kind: `server` answers a request, `consumer` takes what others have queued.
        parent: a `traceparent` of the caller; default: the span that is open here.
        links: the `traceparent` of each other cause, such as the senders of a batch.
    """
    if not _tracers:
        return _NOTHING
    return _recorded(_tracers[-1], name, attributes or {}, kind, parent, links)


@contextmanager
def tracing(service: str) -> Iterator[None]:
    """Send the spans of this process to where `OTEL_EXPORTER_OTLP_ENDPOINT` says, if it is set.

    Args:
        service: its name, where `OTEL_SERVICE_NAME` gives no other: `tollbook-<service>`.

    Raises:
        UsageError: the variable is set, and the packages of the extra `otel` are missing.
    """
    if not wanted():
        yield
        return
    must_be_possible()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    take_logs("opentelemetry")
    name = os.environ.get("OTEL_SERVICE_NAME") or f"tollbook-{service}"
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    own = any(os.environ.get(name) for name in _TIMEOUTS)
    exporter = OTLPSpanExporter(timeout=None if own else EXPORT_S)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    with tracing_with(provider):
        yield


@contextmanager
def tracing_with(provider: "TracerProvider") -> Iterator[None]:
    """Record the spans of this process with a provider, which is shut down at the exit."""
    _tracers.append(provider.get_tracer("tollbook"))
    try:
        yield
    finally:
        _tracers.pop()
        provider.shutdown()


def wanted() -> bool:
    """Whether the environment names a place for spans."""
    return any(os.environ.get(name) for name in ENDPOINTS)


def must_be_possible() -> None:
    """Refuse an environment that wants spans, which nothing here could send.

    Raises:
        UsageError: the packages are missing.
    """
    if not wanted():
        return
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter  # noqa: PLC0415
        import opentelemetry.sdk.trace  # noqa: F401, PLC0415
    except ImportError as error:
        name = next(name for name in ENDPOINTS if os.environ.get(name))
        raise UsageError(
            f"{name} is set, but {error.name} is not installed: install tollbook[otel], "
            "or unset the variable"
        ) from error


@contextmanager
def _recorded(
    tracer: "Tracer",
    name: str,
    attributes: Mapping[str, Value],
    kind: Kind,
    parent: str | None,
    links: Sequence[str],
) -> Iterator[Noted]:
    from opentelemetry.trace import SpanKind, format_trace_id  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
        TraceContextTextMapPropagator,
    )

    extract = TraceContextTextMapPropagator().extract
    with tracer.start_as_current_span(
        name,
        context=None if parent is None else extract({"traceparent": parent}),
        kind=SpanKind[kind.upper()],
        attributes=dict(attributes),
        links=[_link(one) for one in links[:LINKS_MAX]],
    ) as made:
        yield _Recorded(made, format_trace_id(made.get_span_context().trace_id))


def _link(traceparent: str) -> "Link":
    from opentelemetry.trace import (  # noqa: PLC0415
        Link,
        SpanContext,
        TraceFlags,
    )

    _, trace, parent, flags = traceparent.split("-", 3)
    return Link(
        SpanContext(
            int(trace, 16), int(parent, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16))
        )
    )
