"""Runs Go's implementation of trees and notes; where it is missing, a skip, in CI a failure."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("tlog.go")
PACKAGES = Path("/usr/share/gocode")
"""Where Debian's packages of Go libraries are."""

BUILD_S_MAX = 300
RUN_S_MAX = 60


@dataclass(frozen=True)
class GoTlog:
    """The built program."""

    program: Path

    def run(self, *args: str, given: bytes = b"") -> bytes:
        """What it prints; its error as an assertion."""
        done = self.tried(*args, given=given)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def tried(self, *args: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """The ended run."""
        return subprocess.run(
            [self.program, *args], input=given, capture_output=True, check=False, timeout=RUN_S_MAX
        )


def built(folder: Path) -> GoTlog:
    """The program, built into a folder from Debian's packages."""
    go = shutil.which("go")
    if go is None or not (PACKAGES / "src/golang.org/x/mod").is_dir():
        reason = "no Go with golang.org/x/mod: install golang-go and golang-golang-x-mod-dev"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}; in CI these tests have to run", pytrace=False)
        pytest.skip(reason)
    program = folder / "tlog"
    settings = {"GO111MODULE": "off", "GOPATH": str(PACKAGES), "GOCACHE": str(folder / "cache")}
    subprocess.run(
        [go, "build", "-o", program, SOURCE],
        env={**os.environ, **settings},
        check=True,
        timeout=BUILD_S_MAX,
    )
    return GoTlog(program)
