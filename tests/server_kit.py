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
    with process_of(binary, directory) as port:
        client = Redis(host="127.0.0.1", port=port, password=PASSWORD)
        try:
            await answers(client)
            yield Server(port, client)
        finally:
            await client.aclose()


@contextmanager
def process_of(binary: Path, directory: Path, **more: str) -> Iterator[int]:
    """The process of a server, with more settings than the ledger asks for, and its port."""
    directory.mkdir(exist_ok=True)
    port = _free_port()
    options = {**SETTINGS, "port": str(port), "dir": str(directory), "requirepass": PASSWORD}
    options |= more
    command = [str(binary)] + [
        part for name, value in options.items() for part in (f"--{name}", value)
    ]
    with Popen(command, stdout=DEVNULL) as process:
        try:
            yield port
        finally:
            process.kill()  # one that writes its first append-only file does not heed SIGTERM
            process.wait(timeout=START_S_MAX)


def _free_port() -> int:
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
