"""Processes that build the rows of one partition each, as many at once as there are cores."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tollbook_projections import catalogue
from tollbook_schemas.errors import EngineError, TollbookError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy
from tollbook_services.building import Build, Built, Pair, Pairs, Report
from tollbook_services.collecting import uncollected
from tollbook_services.engine import connect
from tollbook_services.functions_caller import Functions
from tollbook_services.generation import Generation
from tollbook_services.ledger import Ledger
from tollbook_services.pages import STEP_EVENTS
from tollbook_services.readmodels import projection_id

EVENTS_MIN: Final = 50_000
"""With fewer events in all, starting processes takes longer than they save: about a second."""

PROCESSES_MAX: Final = 16
"""More of them wait for the one thread of the engine."""

_Told = dict[str, tuple[str, int, int, int]]
"""Ledger, partition, live generation and the one beside, by projection."""


@dataclass(frozen=True, slots=True)
class Job:
    """One partition to build, with the last of its events."""

    pairs: Pairs
    head: int


@dataclass(frozen=True, slots=True)
class BuildProcesses:
    """Builds partitions in processes of their own, which end with this one.

    Attributes:
        url: the engine; told to the processes through a pipe, as a password may be in it.
        cores: how many may work at once.
        events_min: events in all that it takes to start any.
    """

    url: str
    cores: int = min(os.cpu_count() or 1, PROCESSES_MAX)
    events_min: int = EVENTS_MIN

    def worthwhile(self, jobs: Sequence[Job]) -> bool:
        """Whether building in several processes is faster than in this one."""
        busy = sum(job.head > 0 for job in jobs)
        return min(busy, self.cores) > 1 and sum(job.head for job in jobs) >= self.events_min

    async def run(self, jobs: Sequence[Job], report: Report) -> list[Built]:
        """Build partitions, the largest first; what was found, in the order of the jobs.

        Raises:
            TollbookError, RedisError, OSError: a process failed, or was killed; all were ended.
        """
        found: dict[int, Built] = {}
        waiting = sorted(range(len(jobs)), key=lambda number: jobs[number].head)

        async def work() -> None:
            child = _Child(self.url)
            try:
                while waiting:
                    number = waiting.pop()
                    found[number] = await child.build(jobs[number], report)
            finally:
                child.end()

        workers = [asyncio.create_task(work()) for _ in range(min(self.cores, len(jobs)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return [found[number] for number in range(len(jobs))]


class _Child:
    """One process, as the one that started it sees it."""

    def __init__(self, url: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._link, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_child, args=(url, theirs), name="tollbook-rebuild", daemon=True
        )
        with _deaf_to_interrupts():
            self._process.start()
        theirs.close()

    async def build(self, job: Job, report: Report) -> Built:
        """Have a partition built."""
        try:
            self._link.send((job.head, _told(job.pairs)))
            while True:
                match await asyncio.to_thread(self._link.recv):
                    case int() as folded:
                        report(folded)
                    case Built() as built:
                        return built
                    case error:
                        raise error
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise EngineError(
                "a process of the rebuild ended before it was done: nothing was swapped; see what "
                "it wrote above, and whether the system was out of memory, and run it again"
            ) from None

    def end(self) -> None:
        """End the process, whatever it does: its rows are not live."""
        self._process.kill()
        self._process.join()
        self._process.close()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Start processes that leave it to this one what Ctrl-C does."""
    resource_tracker.ensure_running()  # its own start, otherwise part of the first, undoes this
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _told(pairs: Pairs) -> _Told:
    """What a child has to know of the generations: all but the connection."""
    return {
        name: (pair.live.ledger, pair.live.partition, pair.live.number, pair.beside.number)
        for name, pair in pairs.items()
    }


def _pairs(redis: Redis, told: _Told) -> Pairs:
    functions, pairs = Functions(redis), {}
    for name, (ledger, partition, number, beside) in told.items():
        live = Generation(redis, functions, ledger, partition, name, number)
        pairs[name] = Pair(live, replace(live, number=beside, live=False))
    return pairs


def _child(url: str, link: Connection) -> None:
    """A process that builds what it is told, until it is killed."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with uncollected():
        asyncio.run(_serve(url, link))


def _end_with_parent() -> None:
    """End with the process that started this one, even where that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


async def _serve(url: str, link: Connection) -> None:
    redis = await connect(url)
    ledger = await Ledger.open(redis, create=False)
    folds = catalogue.folds(default_gazetteer(), default_policy())
    named = {projection_id(factory()): factory for factory in folds}
    build = Build(ledger, named, STEP_EVENTS, link.send)
    with suppress(EOFError):
        while True:
            head, told = await asyncio.to_thread(link.recv)
            try:
                link.send(await build.run(_pairs(redis, told), head))
            except (TollbookError, RedisError, OSError, MemoryError) as error:
                link.send(error)
