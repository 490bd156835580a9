"""Metrics for Prometheus: how the ledger stands when they are read, and what this server did."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tollbook_schemas.views import StatusDocument
from tollbook_services.operations.facts import EngineFacts

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

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

    def text(self, status: StatusDocument, facts: EngineFacts) -> bytes:
        """Everything, as Prometheus reads it."""
        ledger = CollectorRegistry()
        ledger.register(_LedgerState(status, facts))
        return generate_latest(ledger) + generate_latest(self.registry)


class _LedgerState(Collector):
    """How the ledger stands, out of a status document: the workers have no ports of their own."""

    def __init__(self, status: StatusDocument, facts: EngineFacts) -> None:
        self._status = status
        self._facts = facts

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every metric with its values."""
        yield from self._partitions()
        yield from self._views()
        status, facts, inbox = self._status, self._facts, self._status["inbox"]
        yield _one("inbox_entries", "Entries that wait in the inbox.", inbox["length"])
        yield _one(
            "inbox_oldest_seconds",
            "How long the oldest entry of the inbox has waited.",
            inbox["oldest_seconds"] or 0,
        )
        yield _one("rejected", "Documents that were refused and kept.", status["rejected"])
        yield _one("quarantined", "Events that wait for a decision.", status["quarantined"])
        yield _one("alarms", "Alarms that no worker mends by itself.", len(status["alarms"]))
        yield _one("healthy", "1 where all is well.", int(status["healthy"]))
        workers = GaugeMetricFamily("tollbook_workers", "Workers that are alive.", labels=["role"])
        roles = [one["role"] for one in status["workers"]]
        for role in ("intake", "projector", "sealer"):
            workers.add_metric([role], roles.count(role))
        yield workers
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

    def _partitions(self) -> Iterator[GaugeMetricFamily]:
        head = GaugeMetricFamily("tollbook_head", "Last sequence.", labels=["partition"])
        sealed = GaugeMetricFamily("tollbook_sealed", "Events sealed.", labels=["partition"])
        for part in self._status["partitions"]:
            label = [str(part["partition"])]
            head.add_metric(label, part["head"])
            found = part["sealed"]
            sealed.add_metric(label, 0 if found is None else found["size"])
        yield from (head, sealed)

    def _views(self) -> Iterator[GaugeMetricFamily]:
        labels = ["partition", "projection"]
        position = GaugeMetricFamily(
            "tollbook_view_position", "Last sequence that is in a view.", labels=labels
        )
        lag = GaugeMetricFamily(
            "tollbook_view_lag_seconds",
            "How long the oldest event has waited that a view lacks.",
            labels=labels,
        )
        parked = GaugeMetricFamily(
            "tollbook_view_parked", "Events that could not be folded.", labels=labels
        )
        for part in self._status["partitions"]:
            for one in part["projections"]:
                label = [str(part["partition"]), one["projection"]]
                position.add_metric(label, one["sequence"])
                lag.add_metric(label, one["lag_seconds"])
                parked.add_metric(label, one["parked"])
        yield from (position, lag, parked)


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"tollbook_{name}", text, value=value)
