"""Prometheus beside the composed system: it is let in, gets numbers, and knows the alerts."""

from collections.abc import Iterator

import httpx2
import pytest
from tests.containers.composed import ROOT, until
from tests.containers.conftest import have_image

pytestmark = pytest.mark.containers

IMAGE = "prom/prometheus:v3.5.0"


@pytest.fixture(scope="module")
def prometheus(client, system) -> Iterator[httpx2.Client]:
    """Prometheus, with a token that may audit."""
    have_image(client, IMAGE)
    token = system.tollbook("token", "create", "prometheus", "--role", "auditor").strip()
    secret = ROOT.joinpath(system.environment["TOLLBOOK_SECRETS"], "metrics_token")
    secret.write_bytes(token)
    secret.chmod(0o444)
    system.compose("--profile", "observability", "up", "--detach", "--no-build", "prometheus")
    host, port = system.published("prometheus", 9090)
    with httpx2.Client(base_url=f"http://{host}:{port}", timeout=10) as asked:
        yield asked
    system.container("prometheus").remove(force=True)


def asked(prometheus: httpx2.Client, path: str, **question: str):
    """What Prometheus answers; nothing while it does not."""
    try:
        return prometheus.get(f"/api/v1/{path}", params=question).json()["data"]
    except (httpx2.HTTPError, KeyError, ValueError):
        return {}


def test_prometheus_reads_the_metrics_and_every_alert_can_be_asked(system, prometheus):
    # Given Prometheus with its token, When it has asked once
    def numbers(query: str):
        return asked(prometheus, "query", query=query).get("result", [])

    until(lambda: [one["value"][1] for one in numbers("up")] == ["1"], system.logs)
    # Then it has the numbers of the ledger
    until(lambda: bool(numbers("tollbook_engine_up")), system.logs)
    assert [one["value"][1] for one in numbers("min(tollbook_engine_fsync_always)")] == ["1"]
    # And it evaluates every alert, of metrics that there are
    until(lambda: all(rule["health"] == "ok" for rule in rules(prometheus)), system.logs)
    assert len(rules(prometheus)) >= 10
    # And its container is healthy in its own eyes
    until(lambda: system.health("prometheus") == "healthy", system.logs)


def rules(prometheus: httpx2.Client):
    groups = asked(prometheus, "rules").get("groups", [])
    return [rule for group in groups for rule in group["rules"]] or [{"health": "unknown"}]
