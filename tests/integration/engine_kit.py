"""Other processes that open an embedded engine, and looks at it from outside."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from redis.asyncio import Redis

from tollbook_services.engine import connect

HOLDER = """
import asyncio, sys
from pathlib import Path
from tollbook_services.engine import open_engine

async def hold():
    async with open_engine(Path(sys.argv[1])) as handle:
        print(handle.pid, handle.url, handle.started_here, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)

asyncio.run(hold())
"""


class Holder:
    """Another process that has an engine open, until it is told to leave."""

    def __init__(self, process: Process, line: bytes) -> None:
        self.process = process
        pid, self.url, started_here = line.decode().split()
        self.engine_pid = int(pid)
        self.started_here = started_here == "True"

    async def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        await self.process.stdin.drain()
        assert await asyncio.wait_for(self.process.wait(), 20) == 0

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@contextlib.asynccontextmanager
async def holder(data: Path) -> AsyncIterator[Holder]:
    """A process that opens the engine of a directory; killed at the exit if it still lives."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(data), stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield Holder(process, await asyncio.wait_for(process.stdout.readline(), 30))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        process.stdin.close()


@contextlib.asynccontextmanager
async def client(url: str) -> AsyncIterator[Redis]:
    """A client, closed at the exit."""
    redis = await connect(url)
    try:
        yield redis
    finally:
        await redis.aclose()


def lives(pid: int) -> bool:
    """Whether a process lives; one that ended and was not waited for does not."""
    try:
        os.kill(pid, 0)
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def kill(pid: int) -> None:
    """As the kernel does when memory runs out."""
    os.kill(pid, signal.SIGKILL)


async def wait_for(done: Callable[[], bool], patience_s: float = 10.0) -> None:
    """Wait until a check holds."""
    clock = asyncio.get_running_loop().time
    until = clock() + patience_s
    while not done():
        assert clock() < until, f"not within {patience_s} s"
        await asyncio.sleep(0.02)
