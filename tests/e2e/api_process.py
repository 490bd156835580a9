"""`tollbook api` as a process of its own, on a free port of this machine."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.cli_kit import clean_environment

END_S_MAX = 30.0


@dataclass(frozen=True)
class Api:
    """A server that runs.

    Attributes:
        url: without a slash at the end.
        token: of an administrator, where the ledger had none.
        process: to send signals to.
    """

    url: str
    token: str | None
    process: "subprocess.Popen[str]"

    @property
    def headers(self) -> dict[str, str]:
        """What a request of the administrator has."""
        return {"Authorization": f"Bearer {self.token}"}


@contextmanager
def api_process(data: Path, *, port: str = "0", **variables: str) -> Iterator[Api]:
    """A server of the ledger in a directory, ended at the exit."""
    with clean_environment(TOLLBOOK_API_RATE_PER_MINUTE="10000000", **variables):
        environment = dict(os.environ)
    command = [sys.executable, "-m", "tollbook_services.cli", "api", "--port", port]
    log = data.parent / f"{data.name}-api.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [*command, "--data", str(data)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            token, url = None, None
            for line in process.stdout:
                if line.startswith("tb_"):
                    token = line.strip()
                elif found := re.search(r"http://\S+", line):
                    url = found[0]
                    break
            assert url is not None, log.read_text()
            yield Api(url, token, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(END_S_MAX)
