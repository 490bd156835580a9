"""`tollbook intake` and `tollbook projector`, each alone: they work, show in status, and stop."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tollbook_services.engine import EngineProcess

DEADLINE_S = 30
CLEAN = {
    name: text for name, text in os.environ.items() if not name.startswith(("TOLLBOOK_", "COLUMNS"))
}
CLEAN["TOLLBOOK_API_SERVE"] = "false"
REPORT = {
    "specversion": "1.0",
    "type": "org.tollbook.report.filed.v1",
    "source": "https://desk.example.org",
    "id": "one",
    "subject": "a-crisis",
    "time": "2025-03-08T20:00:00Z",
    "datacontenttype": "application/json",
    "data": {
        "originator": "desk",
        "published_at": "2025-03-08",
        "figures": [
            {
                "id": "k",
                "measure": "killed",
                "unit": "person",
                "quantity": {"qualifier": "exactly", "value": 5},
                "areas": ["SY-LA"],
                "basis": "cumulative",
                "window": {"start": "2025-03-06"},
                "as_of": "2025-03-08",
            }
        ],
    },
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    data = tmp_path_factory.mktemp("workers") / "store"
    engine = EngineProcess(data)
    with asyncio.Runner() as runner:
        url = runner.run(engine.start())
        yield data, url
        runner.run(engine.stop())


def _command(data: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tollbook_services.cli", *arguments, "--data", str(data)]


def _status(data: Path) -> Any:
    done = subprocess.run(
        _command(data, "status", "--format", "json"), env=CLEAN, capture_output=True, check=True
    )
    return json.loads(done.stdout)


@contextmanager
def _worker(data: Path, name: str) -> Iterator[None]:
    """A worker process, which must end well when it is told to stop."""
    with subprocess.Popen(_command(data, name), env=CLEAN, stderr=subprocess.PIPE) as worker:
        try:
            yield
        finally:
            worker.send_signal(signal.SIGTERM)
            _, errors = worker.communicate(timeout=DEADLINE_S)
    assert worker.returncode == 0, errors.decode()


def _until(what: Any) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_a_stranger_adds_to_the_inbox_becomes_a_toll(store: tuple[Path, str]) -> None:
    data, url = store
    with Redis.from_url(url) as redis, _worker(data, "intake"), _worker(data, "projector"):
        redis.xadd("tollbook:inbox", {"event": json.dumps(REPORT)})
        _until(lambda: redis.exists("tollbook:ledger"))

        _until(lambda: sum(one["head"] for one in _status(data)["partitions"]) == 1)
        _until(lambda: _status(data)["healthy"])
        done = subprocess.run(
            _command(data, "tolls", "a-crisis", "--format", "json"),
            env=CLEAN,
            capture_output=True,
            check=True,
        )

    (values,) = [
        (cell["low"], cell["best"], cell["high"])
        for cell in json.loads(done.stdout)["cells"]
        if (cell["area"], cell["segment"]) == ("SY-LA", "all")
    ]
    assert values == (5, 5, 5)


def test_a_partition_that_is_not_there_is_a_usage_error(store: tuple[Path, str]) -> None:
    data, _ = store

    done = subprocess.run(
        _command(data, "projector", "--partition", "7"),
        env=CLEAN,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert "--partition: the ledger has 0 to 3, not 7" in done.stderr
