"""What Prometheus reads: workers, outcomes, checks; and of an engine that is away, that it is."""

from prometheus_client.parser import text_string_to_metric_families
from tests.unit.test_health import FINE, WELL, changed

from tollbook_services.operations.facts import EngineFacts
from tollbook_services.operations.metrics import LedgerState, ServerMetrics
from tollbook_services.operations.readiness import readiness


def told(status, facts=FINE, counts=None):
    checks = readiness(status, facts, stopping=False)["checks"]
    state = LedgerState(status, facts, counts or {}, checks)
    return samples(ServerMetrics().text(state))


def samples(text):
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_workers_that_are_alive_are_counted_wherever_they_beat():
    found = told(changed({"workers.0.state": "stopped"}))
    assert [found["tollbook_workers", role] for role in ("intake", "projector", "sealer")] == [
        0, 1, 1,
    ]  # fmt: skip


def test_events_are_counted_by_outcome_for_this_server_and_for_each_intake():
    facts = EngineFacts(
        "always", last_write_ok=True, disk_free=None, generation=3,
        taken_in={"host:3:ab": {"appended": 40, "duplicate": 2}},
    )  # fmt: skip
    found = told(WELL, facts, {"appended": 5, "rejected": 1})
    assert found["tollbook_events_total", "appended", "this"] == 5
    assert found["tollbook_events_total", "rejected", "this"] == 1
    assert found["tollbook_events_total", "appended", "host:3:ab"] == 40
    assert found["tollbook_events_total", "duplicate", "host:3:ab"] == 2
    assert found["tollbook_events_total", "host:3:ab", "quarantined"] == 0
    assert found["tollbook_view_generation",] == 3


def test_each_check_of_readiness_is_a_metric():
    found = told(changed({"partitions.0.projections.0.lag_seconds": 99.0}))
    assert found["tollbook_ready", "views_lag_seconds"] == 0
    assert found["tollbook_ready", "appendfsync"] == 1
    assert found["tollbook_view_lag_seconds", "0", "figures"] == 99.0


def test_without_its_engine_a_server_tells_what_it_did_itself():
    metrics = ServerMetrics()
    metrics.requests.labels("/v1/crises", "GET", "503").inc()
    found = samples(metrics.text(None))
    assert found["tollbook_engine_up",] == 0
    assert found["tollbook_http_requests_total", "/v1/crises", "503", "GET"] == 1
    assert not [name for name, *_ in found if name == "tollbook_head"]
