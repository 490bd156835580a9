"""The quick starts of the documents, run as they stand against a running server."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.api_process import api_process

TEXT = (Path(__file__).parents[2] / "docs" / "quickstart.md").read_text()
PROGRAMS = {"python": [sys.executable, "-"], "javascript": ["node", "--input-type=module", "-"],
            "shell": ["bash", "-eu"]}  # fmt: skip
SAID = {
    "python": ["Chattogram killed", "changed: None -> "],
    "javascript": ["killed", "changed: null -> "],
    "shell": ['"status":"appended"', "flood-2026,area,BD-B", '"after"'],
}


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with api_process(tmp_path_factory.mktemp("quickstart") / "ledger") as api:
        yield api


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_quick_start_does_what_it_says(api, language):
    (program,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    command = PROGRAMS[language]
    needed = [command[0], *(["curl"] if language == "shell" else [])]
    missing = [name for name in needed if shutil.which(name) is None]
    if missing and "CI" not in os.environ:
        pytest.skip(f"{missing[0]} is not installed")
    assert missing == [], "`.ci/run` installs them"
    variables = {**os.environ, "TOLLBOOK_URL": api.url, "TOLLBOOK_TOKEN": api.token or ""}

    done = subprocess.run(
        command, input=program, capture_output=True, text=True, env=variables, timeout=60,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    for said in SAID[language]:
        assert said in done.stdout, done.stdout
