"""`tollbook serve` on a cluster with replicas: every command, and a primary that is killed."""

import json
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from tests.cluster_kit import Cluster, cluster_of, until
from tests.contract.ledger_kit import report
from tests.e2e.cli_kit import clean_environment, told, tollbook
from tests.server_kit import PASSWORD

from tollbook_services import keys
from tollbook_services.engine_files import server_binary

CLI = (sys.executable, "-m", "tollbook_services.cli")
PATIENCE_S = 90.0
PARTITIONS = 4
CRISES = [f"crisis-{number}" for number in range(9)]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with (
        tempfile.TemporaryDirectory(prefix="tb-") as folder,
        cluster_of(server_binary(), Path(folder), primaries=3, replicas=3) as found,
    ):
        yield found


@contextmanager
def serving(cluster: Cluster, folder: Path) -> Iterator[str]:
    """`serve` with everything it runs, and the URL of its API."""
    password = folder / "password"
    password.write_text(PASSWORD)
    variables = {
        "TOLLBOOK_REDIS": cluster.url().replace(f":{PASSWORD}@", ""),
        "TOLLBOOK_REDIS_PASSWORD_FILE": str(password),
        "TOLLBOOK_REPLICAS": "1",
        "TOLLBOOK_PARTITIONS": str(PARTITIONS),
        "TOLLBOOK_SIGNING_KEY_FILE": str(folder / "key"),
        "TOLLBOOK_SIGNING_KEY_NAME": "cluster.example",
        "TOLLBOOK_API_SERVE": "true",
        "TOLLBOOK_API_PORT": "0",
        "TOLLBOOK_API_OPEN_READING": "true",
    }
    log = folder / "serve.log"
    with (
        clean_environment(**variables),
        log.open("w") as errors,
        subprocess.Popen([*CLI, "serve"], stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        try:
            until(lambda: re.search(r"http://127\.0\.0\.1:\d+", log.read_text()) is not None)
            found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
            assert found is not None
            yield found[0]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0, log.read_text()[-3000:]
            assert PASSWORD not in log.read_text()


def high_of(url: str, crisis: str) -> int | None:
    """The high of what was reported of a crisis, over HTTP; None where it is not there yet."""
    answer = httpx2.get(f"{url}/v1/crises/{crisis}/tolls?area=SY-LA", timeout=30)
    if answer.status_code != 200:
        return None
    cells = answer.json()["cells"]
    return next((one["high"] for one in cells if one["segment"] == "all"), None)


def healthy() -> bool:
    done = tollbook("status", "--format", "json")
    return done.code == 0 and json.loads(done.out)["healthy"] is True


def test_everything_works_on_a_cluster_and_goes_on_after_a_failover(cluster, tmp_path):
    with serving(cluster, tmp_path) as url:
        documents = tmp_path / "reports.jsonl"
        documents.write_text(
            "".join(
                json.dumps(report(f"a{at}", at + 1, one)) + "\n" for at, one in enumerate(CRISES)
            )
        )
        receipts = [json.loads(line) for line in told("publish", documents).splitlines()]
        assert {one["status"] for one in receipts} == {"appended"}
        assert len({one["partition"] for one in receipts}) == PARTITIONS
        until(lambda: all(high_of(url, one) == at + 1 for at, one in enumerate(CRISES)))
        until(healthy)

        lost = cluster.owner_of(keys.ledger(receipts[0]["partition"]))
        lost.process.kill()
        until(lambda: cluster.owner_of(keys.ledger(receipts[0]["partition"])) is not lost)
        lost.process.start()
        until(cluster.owner_of(keys.INBOX).redis.ping)
        for at, one in enumerate(CRISES):
            raw = json.dumps(report(f"b{at}", at + 100, one))
            cluster.owner_of(keys.INBOX).redis.xadd(keys.INBOX, {"event": raw})

        until(lambda: all(high_of(url, one) == at + 100 for at, one in enumerate(CRISES)))
        again = [json.loads(line) for line in told("publish", documents).splitlines()]
        assert [one["sequence"] for one in again] == [one["sequence"] for one in receipts]
        until(healthy)
        changes = [json.loads(line) for line in told("changes", "--format", "json").splitlines()]
        seen = {(one["crisis"], one["after"]["high"]) for one in changes if one["after"]}
        assert {(one, at + 100) for at, one in enumerate(CRISES)} <= seen

        assert "identical" in told("replay")
        assert "verified: 18 events" in told("verify")
        told("check")
        receipt = tmp_path / "receipt.json"
        receipt.write_text(told("receipt", report("x")["source"], "a0"))
        told("verify", receipt, "--key", told("keys", "show").split()[0])
