"""Digests depend on the events alone: not on the process, its settings, the machine, the Python."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.digest_kit import digests_document

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "digests.json"
SOURCES = [ROOT, *(ROOT / layer for layer in ("schemas", "projections", "services"))]
NEEDED = "import cryptography, obstore, orjson, pycountry, pydantic, redis, structlog"

OTHER_SETTINGS = [
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8"},
    {"PYTHONHASHSEED": "4242", "TZ": "America/St_Johns", "LC_ALL": "C", "LANG": "ar_SY"},
    {"PYTHONHASHSEED": "random", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8"},
]


def printed(python: str, settings: dict[str, str]) -> bytes:
    """What the kit prints in a process of its own."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, SOURCES))}
    command = [python, "-m", "tests.unit.digest_kit"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment | settings, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def able(version: str) -> str:
    """Another Python on this machine that has what tollbook depends on."""
    python = shutil.which(f"python{version}")
    if python is None:
        pytest.skip(f"there is no Python {version} here")
    if subprocess.run([python, "-c", NEEDED], capture_output=True, check=False).returncode:
        pytest.skip(f"the Python {version} here lacks what tollbook depends on")
    return python


def test_the_digests_are_those_they_always_were():
    assert json.loads(digests_document()) == json.loads(GOLDEN.read_bytes())


@pytest.mark.parametrize("settings", OTHER_SETTINGS)
def test_seeds_time_zones_and_languages_make_no_difference(settings):
    assert printed(sys.executable, settings) == GOLDEN.read_bytes()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_python_makes_the_same_digests(version):
    assert printed(able(version), {"PYTHONHASHSEED": "7"}) == GOLDEN.read_bytes()
