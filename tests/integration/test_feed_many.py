"""Many readers of the live feed while events arrive: the measurement itself, in small."""

import subprocess
import sys

from tests.integration.projector_kit import ROOT


def test_a_hundred_readers_each_get_every_change_once():
    command = ["bench/bench_feed.py", "--readers", "100", "--rate", "200", "--events", "600"]
    done = subprocess.run(
        [sys.executable, *command],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100 readers, 600 events" in done.stdout
    assert "lost 0  repeated 0  cut 0" in done.stdout
