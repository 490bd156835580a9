"""The tests of ledger, intake and projector, run against a server in a container."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from testcontainers.core.container import DockerContainer
from tests.containers.composed import until
from tests.containers.images import SERVER_IMAGE

pytestmark = pytest.mark.containers

ROOT = Path(__file__).parents[2]
SUITE_S_MAX = 600.0
OF_ITS_OWN = "not engine and not serve"
"""Leaves out the tests that start, harm or reconfigure an engine of their own."""
OF_THE_SERVER = (
    "archive",
    "change_feed",
    "check",
    "guard",
    "intake",
    "ledger",
    "log_history",
    "projector",
    "quarantine",
    "rebuild",
    "redaction",
    "replay",
    "signed_heads",
    "status",
    "verify",
    "withheld",
)
"""What the integration tests are about that a server does. Pages, imports, exports and who may ask
what are the same whichever server it is, and are tested on the embedded one."""


def integration_tests() -> list[str]:
    """The integration tests of what a server does."""
    files = sorted((ROOT / "tests" / "integration").glob("test_*.py"))
    chosen = {
        kind: [f for f in files if f.stem.startswith(f"test_{kind}")] for kind in OF_THE_SERVER
    }
    assert all(chosen.values()), [kind for kind, found in chosen.items() if not found]
    return [str(file) for found in chosen.values() for file in found]


SETTINGS = {
    "appendonly": "yes",
    "appendfsync": "always",
    "maxmemory-policy": "noeviction",
    "protected-mode": "no",
    "save": "",
}


@pytest.fixture
def server_url(client) -> Iterator[str]:
    """The URL of an empty server in a container, with a password."""
    password = secrets.token_hex(8)
    settings = SETTINGS | {"requirepass": password}
    command = ["valkey-server", *(p for k, v in settings.items() for p in (f"--{k}", v))]
    with DockerContainer(SERVER_IMAGE).with_exposed_ports(6379).with_command(command) as server:
        host, port = server.get_container_host_ip(), server.get_exposed_port(6379)
        url = f"redis://:{password}@{host}:{port}"
        until(lambda: answers(url), lambda: str(server.get_logs()))
        yield url


def answers(url: str) -> bool:
    """Whether a server answers with its password."""
    with Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except (RedisError, OSError):
            return False


@pytest.mark.parametrize(
    "suite", [["tests/contract"], integration_tests()], ids=["contract", "integration"]
)
def test_the_suite_that_holds_on_the_embedded_engine_holds_on_a_container(server_url, suite):
    # Given a server in a container
    # When the tests run against it that bring no engine of their own to trouble
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *suite, "-k", OF_ITS_OWN],
        cwd=ROOT,
        env=os.environ | {"TOLLBOOK_TEST_ENGINE": server_url},
        capture_output=True,
        text=True,
        timeout=SUITE_S_MAX,
        check=False,
    )
    # Then all of them pass, and there are some
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert " passed" in done.stdout
