"""Keeps one child process running: started, started again when it dies, stopped when told."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from tollbook_schemas.errors import CheckFailedError

RESTART_FIRST_S: Final = 0.1
RESTART_MAX_S: Final = 10.0
"""Wait before a restart: doubling from the first to this, and back after a steady life."""

STEADY_S: Final = 30.0
"""A life this long shows that starting works: the next death is restarted at once again."""

STOP_GRACE_S: Final = 20.0
"""Seconds a child may take to stop; longer than FastStream's 15 s for a batch in flight."""

_log = structlog.get_logger("tollbook.serve")


@dataclass(frozen=True, slots=True)
class Command:
    """The command line of a child, and the name it is logged under."""

    name: str
    argv: tuple[str, ...]


class Backoff:
    """The wait before the next restart, doubled with every short life."""

    def __init__(self) -> None:
        """Begin with the shortest wait."""
        self._next_s = RESTART_FIRST_S

    def after(self, lived_s: float) -> float:
        """The wait in seconds after a life of `lived_s` seconds."""
        if lived_s >= STEADY_S:
            self._next_s = RESTART_FIRST_S
        wait_s = self._next_s
        self._next_s = min(wait_s * 2, RESTART_MAX_S)
        return wait_s


class Child:
    """One child process of the supervisor."""

    def __init__(self, command: Command, variables: Mapping[str, str]) -> None:
        """Take the command and what to add to the environment."""
        self._command = command
        self._environment = {**os.environ, **variables}
        self._stopping = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        """Begin to keep the child running.

        The task ends after `stop`, or fails: with `CheckFailedError` where the child ended with
        that exit code, as starting it again mends nothing, or by a broken system.
        """
        self._keeper = asyncio.create_task(self._keep(), name=self._command.name)
        return self._keeper

    async def stop(self) -> None:
        """Stop the child: SIGTERM, and SIGKILL where that is not heeded in `STOP_GRACE_S`.

        How its task failed before is for whoever waits for the task.
        """
        self._stopping.set()
        if self._keeper is not None:
            await asyncio.wait((self._keeper,))

    async def _keep(self) -> None:
        backoff, clock = Backoff(), asyncio.get_running_loop().time
        while not self._stopping.is_set():
            began = clock()
            process = await asyncio.create_subprocess_exec(
                *self._command.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=2,  # its standard error: ours carries the ready line only
                env=self._environment,
            )
            log = _log.bind(child=self._command.name, pid=process.pid)
            log.info("child started")
            if await self._ended_by_itself(process):
                _must_be_worth_a_restart(self._command.name, process.returncode)
                wait_s = backoff.after(clock() - began)
                log.error("child died", code=process.returncode, restart_in_s=wait_s)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), wait_s)
            else:
                await _terminate(process)
                log.info("child stopped", code=process.returncode)

    async def _ended_by_itself(self, process: asyncio.subprocess.Process) -> bool:
        ended = asyncio.ensure_future(process.wait())
        told = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((ended, told), return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
        return not self._stopping.is_set()


def _must_be_worth_a_restart(name: str, code: int | None) -> None:
    if code == CheckFailedError.exit_code:
        _log.error("child failed a check", child=name, code=code)
        raise CheckFailedError(f"{name} ended because a check failed: its log above says which")


async def _terminate(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_GRACE_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
