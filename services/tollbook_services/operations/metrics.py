"""Metrics for Prometheus: how the ledger stands when they are read, and what this server did."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tollbook_schemas.views import StatusDocument
from tollbook_services.operations.facts import EngineFacts
from tollbook_services.operations.readiness import ROLES, alive

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

OUTCOMES: Final = ("appended", "duplicate", "quarantined", "rejected")
_UP: Final = "1 where the engine answered."
_LATENCIES: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class ServerMetrics:
    """What one server did since it started."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "tollbook_http_requests",
            "Requests, by route, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "tollbook_http_request_seconds",
            "How long answers took until their last byte, by route.",
            ("route",),
            buckets=_LATENCIES,
            registry=self.registry,
        )
        self.feed_readers = Gauge(
            "tollbook_feed_readers", "Readers of the live feed.", registry=self.registry
        )

    def text(self, state: "LedgerState | None") -> bytes:
        """Everything, as Prometheus reads it; of an engine that is away only that it is."""
        ledger = CollectorRegistry()
        ledger.register(_Away() if state is None else state)
        return generate_latest(ledger) + generate_latest(self.registry)


class _Away(Collector):
    def collect(self) -> Iterator[Metric]:
        yield _one("engine_up", _UP, 0)


class LedgerState(Collector):
    """How the ledger stands when it is asked for: the workers have no ports of their own."""

    def __init__(
        self,
        status: StatusDocument,
        facts: EngineFacts,
        counts: Mapping[str, int],
        checks: Sequence[Mapping[str, Any]],
    ) -> None:
        """Take what was found.

        Args:
            status: how ledger, views and workers stand.
            facts: how the engine keeps them.
            counts: events that this server appended, by outcome.
            checks: those of `/readyz`.
        """
        self._status = status
        self._facts = facts
        self._counts = counts
        self._checks = checks

    def collect(self) -> Iterator[Metric]:
        """Every metric with its values."""
        yield _one("engine_up", _UP, 1)
        yield from self._partitions()
        yield from self._outcomes()
        yield from self._views()
        status, facts, inbox = self._status, self._facts, self._status["inbox"]
        yield _one("inbox_entries", "Entries that wait in the inbox.", inbox["length"])
        yield _one(
            "inbox_oldest_seconds",
            "How long the oldest entry of the inbox has waited.",
            inbox["oldest_seconds"] or 0,
        )
        yield _one("inbox_pending_entries", "Entries in the hands of intakes.", inbox["pending"])
        yield _one(
            "inbox_oldest_pending_seconds",
            "How long the oldest of these has been in the inbox.",
            inbox["oldest_pending_seconds"] or 0,
        )
        yield _one("rejected", "Documents that were refused and kept.", status["rejected"])
        yield _one("quarantined", "Events that wait for a decision.", status["quarantined"])
        yield _one("alarms", "Alarms that no worker mends by itself.", len(status["alarms"]))
        yield _one("healthy", "1 where all is well.", int(status["healthy"]))
        workers = GaugeMetricFamily("tollbook_workers", "Workers that are alive.", labels=["role"])
        for role in ROLES:
            workers.add_metric([role], alive(status, role))
        yield workers
        ready = GaugeMetricFamily(
            "tollbook_ready", "1 where /readyz finds it so.", labels=["check"]
        )
        for check in self._checks:
            ready.add_metric([check["name"]], int(check["ok"]))
        yield ready
        engine = status["engine"]
        yield _one("engine_memory_bytes", "Memory that the engine uses.", engine["memory_used"])
        yield _one(
            "engine_memory_max_bytes",
            "Memory that it may use; 0 for any.",
            engine["memory_max"] or 0,
        )
        yield _one(
            "engine_fsync_always",
            "1 where what is acknowledged is on disk.",
            int(facts.appendfsync in {None, "always"} and facts.last_write_ok),
        )
        if facts.disk_free is not None:
            yield _one("disk_free_bytes", "Free bytes on the engine's disk.", facts.disk_free)

    def _outcomes(self) -> Iterator[Metric]:
        """What became of events, by who appended them; a counter begins anew with its process."""
        taken = CounterMetricFamily(
            "tollbook_events",
            "Events by what became of them: by this server, and by each intake as it last said.",
            labels=["worker", "outcome"],
        )
        everyone = {"this": self._counts, **self._facts.taken_in}
        for worker, counts in everyone.items():
            for outcome in OUTCOMES:
                taken.add_metric([worker, outcome], counts.get(outcome, 0))
        yield taken
        generation = self._facts.generation
        yield _one("view_generation", "Highest generation of a view that is read.", generation)

    def _partitions(self) -> Iterator[Metric]:
        head = GaugeMetricFamily("tollbook_head", "Last sequence.", labels=["partition"])
        sealed = GaugeMetricFamily("tollbook_sealed", "Events sealed.", labels=["partition"])
        lag = GaugeMetricFamily(
            "tollbook_sealed_lag_seconds",
            "How long the oldest event has waited that no signed head covers.",
            labels=["partition"],
        )
        token = GaugeMetricFamily(
            "tollbook_lease_token",
            "Grows when another worker takes the partition.",
            labels=["partition", "role"],
        )
        for part in self._status["partitions"]:
            label = [str(part["partition"])]
            head.add_metric(label, part["head"])
            found = part["sealed"]
            sealed.add_metric(label, 0 if found is None else found["size"])
            if found is not None:
                lag.add_metric(label, found["lag_seconds"])
            for lease in part["leases"]:
                token.add_metric([*label, lease["role"]], lease["token"])
        yield from (head, sealed, lag, token)

    def _views(self) -> Iterator[Metric]:
        labels = ["partition", "projection"]
        position = GaugeMetricFamily(
            "tollbook_view_position", "Last sequence that is in a view.", labels=labels
        )
        lag = GaugeMetricFamily(
            "tollbook_view_lag_seconds",
            "How long the oldest event has waited that a view lacks.",
            labels=labels,
        )
        events = GaugeMetricFamily(
            "tollbook_view_lag_events", "Events that a view lacks.", labels=labels
        )
        parked = GaugeMetricFamily(
            "tollbook_view_parked", "Events that could not be folded.", labels=labels
        )
        for part in self._status["partitions"]:
            for one in part["projections"]:
                label = [str(part["partition"]), one["projection"]]
                position.add_metric(label, one["sequence"])
                lag.add_metric(label, one["lag_seconds"])
                events.add_metric(label, one["lag_events"])
                parked.add_metric(label, one["parked"])
        yield from (position, lag, events, parked)


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"tollbook_{name}", text, value=value)
