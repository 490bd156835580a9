"""`serve` with several projectors: they share the partitions, and are one role for /readyz."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

CLI = (sys.executable, "-m", "tollbook_services.cli")
PATIENCE_S = 30


def holders(data: Path) -> Counter[str]:
    """How many partitions each projector has."""
    done = subprocess.run(
        [*CLI, "status", "--format", "json", "--data", str(data)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        return Counter()
    leases = [one for part in json.loads(done.stdout)["partitions"] for one in part["leases"]]
    return Counter(
        one["worker"] for one in leases if one["role"] == "projector" and one["left_seconds"]
    )


def test_projectors_beside_one_serve_share_the_partitions(tmp_path: Path) -> None:
    data = tmp_path / "store"
    clean = {name: text for name, text in os.environ.items() if not name.startswith("TOLLBOOK_")}
    variables = clean | {"TOLLBOOK_PROJECTORS": "2", "TOLLBOOK_API_SERVE": "false"}
    with subprocess.Popen(
        [*CLI, "serve", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=variables,
    ) as serving:
        try:
            assert serving.stdout is not None
            assert b"tollbook is ready" in serving.stdout.readline()
            until = time.monotonic() + PATIENCE_S
            while sorted((shares := holders(data)).values()) != [2, 2]:
                assert time.monotonic() < until, shares
        finally:
            serving.send_signal(signal.SIGTERM)
            serving.communicate(timeout=PATIENCE_S)
    assert serving.returncode == 0


def test_no_projector_at_all_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [*CLI, "serve", "--data", str(tmp_path / "store")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TOLLBOOK_PROJECTORS": "0"},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "TOLLBOOK_PROJECTORS=0" in done.stderr
