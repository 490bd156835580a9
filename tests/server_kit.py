"""Servers on a loopback port with a password, as an outside engine is."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, Popen

from redis.asyncio import Redis
from redis.exceptions import RedisError

PASSWORD = "s3cret"
START_S_MAX = 30.0

SETTINGS = {
    "bind": "127.0.0.1",
    "appendonly": "yes",
    "appendfsync": "always",
    "maxmemory-policy": "noeviction",
    "save": "",
    "repl-diskless-sync-delay": "0",
    "loglevel": "warning",
}


@dataclass(frozen=True)
class Server:
    """A server that runs, and a client of its default user."""

    port: int
    redis: Redis

    def url(self, user: str = f":{PASSWORD}@") -> str:
        """Its URL for a user, `name:password@`."""
        return f"redis://{user}127.0.0.1:{self.port}/0"


@asynccontextmanager
async def served(binary: Path, directory: Path) -> AsyncIterator[Server]:
    """A server with the settings that the ledger asks for, and a password; ended at the exit."""
    with process_of(binary, directory) as process:
        client = Redis(host="127.0.0.1", port=process.port, password=PASSWORD)
        try:
            await answers(client)
            yield Server(process.port, client)
        finally:
            await client.aclose()


class Process:
    """The process of a server; it can be killed and started again with the same files."""

    def __init__(self, binary: Path, directory: Path, **more: str) -> None:
        """Take more settings than the ledger asks for; nothing runs yet."""
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        options = {**SETTINGS, "port": str(self.port), "dir": str(directory)}
        options |= {"requirepass": PASSWORD, **more}
        self._command = [str(binary)] + [
            part for name, value in options.items() for part in (f"--{name}", value)
        ]
        self._process: Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; it does not answer at once."""
        self._process = Popen(self._command, stdout=DEVNULL)

    def kill(self) -> None:
        """Kill it; one that writes its first append-only file does not heed SIGTERM either."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=START_S_MAX)
            self._process = None


class SentinelProcess:
    """A Sentinel that watches a primary, with the password of all."""

    def __init__(self, binary: Path, directory: Path, name: str, port: int) -> None:
        """Take the name of the primary and its port; nothing runs yet."""
        directory.mkdir(parents=True)
        self.port = free_port()
        lines = [
            f"port {self.port}",
            "bind 127.0.0.1",
            f"dir {directory}",
            f"requirepass {PASSWORD}",
            f"sentinel sentinel-pass {PASSWORD}",
            f"sentinel monitor {name} 127.0.0.1 {port} 2",
            f"sentinel auth-pass {name} {PASSWORD}",
            f"sentinel down-after-milliseconds {name} 1000",
            f"sentinel failover-timeout {name} 5000",
        ]
        self._file = directory / "sentinel.conf"
        self._file.write_text("\n".join(lines) + "\n")
        self._binary = binary
        self._process: Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it does not answer at once."""
        self._process = Popen([self._binary, self._file, "--sentinel"], stdout=DEVNULL)

    def kill(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=START_S_MAX)
            self._process = None


@contextmanager
def process_of(binary: Path, directory: Path, **more: str) -> Iterator[Process]:
    """The process of a server, with more settings than the ledger asks for; killed at the exit."""
    process = Process(binary, directory, **more)
    process.start()
    try:
        yield process
    finally:
        process.kill()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answers(client: Redis) -> None:
    """Wait until a server that was started answers."""
    async with asyncio.timeout(START_S_MAX):
        while True:
            try:
                await client.ping()
            except (RedisError, OSError):
                await asyncio.sleep(0.02)
            else:
                return
