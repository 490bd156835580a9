"""What operators look at: alive, ready, metrics, one log line a request; and an end in order."""

import json
import re
import signal
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.e2e.api_process import api_process
from tests.integration.api_kit import COAST, coast, served

from tollbook_services.live import sse

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(coast(tmp_path_factory.mktemp("operations"))) as client:
        yield client


def failed(document):
    return [check["name"] for check in document["checks"] if not check["ok"]]


def test_the_process_is_alive_and_ready(client):
    assert client.get("/healthz").json() == {"alive": True}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert {check["name"] for check in answer.json()["checks"]} == {
        "serving", "alarms", "intake_alive", "projector_alive", "sealer_alive", "inbox_entries",
        "inbox_oldest_seconds", "inbox_oldest_pending_seconds", "appendfsync", "last_write",
        "disk_free_bytes",
    }  # fmt: skip


def test_without_its_engine_it_is_alive_and_not_ready(client, monkeypatch):
    async def away(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("tollbook_services.operations.routes.status_document", away)
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, failed(answer.json())) == (503, ["engine"])
    told = metrics(client)
    assert told["tollbook_engine_up"].value == 0
    assert "tollbook_http_requests_total" in told
    assert "tollbook_head" not in told


def metrics(client):
    text = client.get("/metrics").text
    return {
        sample.name: sample
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_say_how_the_ledger_stands_and_what_the_server_did(client):
    before = client.get("/metrics").text
    client.get(f"{COAST}/tolls")
    client.get("/v1/nothing")
    after = client.get("/metrics").text

    line = (  # as Prometheus writes it
        'tollbook_http_requests_total{method="GET",route="/v1/crises/{crisis}/tolls",status="200"}'
    )
    assert line not in before
    assert f"{line} 1.0" in after
    assert 'tollbook_http_requests_total{method="OTHER",route="",status="404"} 1.0' in after
    assert 'tollbook_head{partition="1"} 22.0' in after
    assert 'tollbook_view_position{partition="1",projection="figures"} 22.0' in after
    assert "tollbook_engine_fsync_always 1.0" in after


def test_every_metric_of_the_dashboard_and_the_alerts_is_there(client):
    dashboard = json.loads((DOCS / "grafana/tollbook.json").read_text())
    alerts = (DOCS / "grafana/alerts.yaml").read_text()
    expressions = [one["expr"] for panel in dashboard["panels"] for one in panel["targets"]]
    expressions += re.findall(r"expr: (.*)", alerts)
    used = {name for one in expressions for name in re.findall(r"tollbook_\w+", one)}

    # One without a value yet is announced at least
    announced = set(re.findall(r"^# TYPE (\w+)", client.get("/metrics").text, re.MULTILINE))
    assert used <= metrics(client).keys() | announced
    assert all(panel["title"] and panel["description"] for panel in dashboard["panels"])
    assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in dashboard["panels"])


def test_a_ledger_that_nobody_seals_waits_for_no_signed_head(client):
    found = metrics(client)

    assert "tollbook_sealed_lag_seconds" not in found, "TollbookNotSealed would ring for ever"
    assert "tollbook_view_lag_seconds" in found


def test_metrics_of_another_machine_need_a_token(client, monkeypatch):
    monkeypatch.setattr("tollbook_services.operations.routes._is_local", lambda _: False)
    assert client.get("/metrics").status_code == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_metrics_are_not_given_to_others_through_a_proxy_on_this_machine(client, header):
    assert client.get("/metrics", headers={header: "203.0.113.9"}).status_code == 401
    assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"X-Request-ID": "desk-7"}, "desk-7"),
        ({"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01", "X-Request-ID": "x"}, "ab" * 16),
        ({"X-Request-ID": "a b"}, None),
        ({"X-Request-ID": "a" * 65}, None),
        ({}, None),
    ],
)
def test_a_request_has_an_id_that_the_caller_may_choose(client, headers, wanted):
    given = client.get("/healthz", headers=headers).headers["x-request-id"]
    assert given == wanted if wanted else re.fullmatch("[0-9a-f]{32}", given)


def test_each_request_is_one_line_of_the_log_without_secrets(tmp_path):
    data = coast(tmp_path)
    with api_process(data) as api, httpx2.Client(base_url=api.url, headers=api.headers) as client:
        client.get(f"{COAST}/tolls?area=SY-LA", headers={"X-Request-ID": "one"})
        client.get("/v1/me", headers={"Authorization": "Bearer tb_aaaaaaaa_wrong"})
    lines = [
        json.loads(line)
        for line in (tmp_path / "ledger-api.log").read_text().splitlines()
        if line.startswith("{")
    ]
    (one,) = [line for line in lines if line.get("request") == "one"]
    assert (one["event"], one["status"], one["by"]) == ("request", 200, "admin")
    assert one["route"] == "/v1/crises/{crisis}/tolls"
    text = (tmp_path / "ledger-api.log").read_text()
    for secret in (api.token, "wrong", "SY-LA"):
        assert secret not in text


def test_a_server_that_is_told_to_stop_ends_its_streams_and_then_well(tmp_path):
    with api_process(coast(tmp_path)) as api:
        with (
            httpx2.Client(base_url=api.url, headers=api.headers, timeout=60) as client,
            client.stream("GET", "/v1/feed?after=0") as feed,
        ):
            parts = feed.iter_bytes()
            assert next(parts)
            api.process.send_signal(signal.SIGTERM)
            rest = b"".join(parts)
        assert api.process.wait(30) == 0

    assert rest.endswith(b"\n\n" + sse.STOPPING)
