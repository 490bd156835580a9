"""The rules for Prometheus ring when they should, and are silent where there is nothing to do."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

RULES = Path(__file__).parents[2] / "docs" / "grafana" / "alerts.yaml"
NOT_SEALED = "TollbookNotSealed"


def must_ring(folder, alert, series, *, rings):
    """Let promtool see an hour of some series, and say which of the alerts ring at its end."""
    if shutil.which("promtool") is None and "CI" not in os.environ:
        pytest.skip("promtool is not here: apt-get install prometheus")
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    (rule,) = [one for one in rules["groups"][0]["rules"] if one.get("alert") == alert]
    expected = {"exp_labels": rule["labels"], "exp_annotations": rule["annotations"]}
    test = {
        "rule_files": [str(RULES)],
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": values} for name, values in series.items()
                ],
                "alert_rule_test": [
                    {
                        "alertname": alert,
                        "eval_time": "1h",
                        "exp_alerts": [expected] if rings else [],
                    }
                ],
            }
        ],
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump(test), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_ledger_without_a_key_is_no_reason_to_call_anybody(tmp_path):
    never = {'tollbook_head{partition="0"}': "0+5000x60", 'tollbook_sealed{partition="0"}': "0x60"}

    must_ring(tmp_path, NOT_SEALED, never, rings=False)


@pytest.mark.parametrize(
    ("waited", "rings"),
    [
        ("0+60x60", True),  # since an hour
        ("0x30 290x30", False),  # a large import
        ("0x51 600x9", False),  # for less than ten minutes
    ],
)
def test_a_sealer_that_stands_still_is(tmp_path, waited, rings):
    series = {
        'tollbook_sealed_lag_seconds{partition="0"}': "0x60",
        'tollbook_sealed_lag_seconds{partition="1"}': waited,
    }

    must_ring(tmp_path, NOT_SEALED, series, rings=rings)


def test_servers_that_see_the_same_ledger_do_not_add_up(tmp_path):
    both = {
        f'tollbook_sealed_lag_seconds{{instance="{name}",partition="0"}}': "200x60"
        for name in ("one", "two")
    }

    must_ring(tmp_path, NOT_SEALED, both, rings=False)


@pytest.mark.parametrize(("route", "rings"), [("/readyz", False), ("/v1/crises", True)])
def test_errors_are_those_of_readers_and_not_the_looks_of_a_load_balancer(tmp_path, route, rings):
    requests = f'tollbook_http_requests_total{{method="GET",route="{route}",status="503"}}'

    must_ring(tmp_path, "TollbookServerErrors", {requests: "0+60x60"}, rings=rings)
