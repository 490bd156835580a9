"""A worker's part of the work: partitions it takes by lease, and gives up for another's share."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as EngineTimeoutError

from tollbook_schemas.errors import EngineError
from tollbook_services.fence import Fence, LeaseLostError
from tollbook_services.heartbeats import BEAT_INTERVAL_S, Heartbeats, worker_name
from tollbook_services.leases import Lease, Leases
from tollbook_services.sharing import shares
from tollbook_services.tasks import end_tasks

LEASE_S: Final = 2.0
"""How long a lease lasts: the work of a worker that was killed goes on within three seconds."""

LEASE_S_MAX: Final = 10.0
"""How long one lasts at most, of a worker whose steps take long; below what the engine believes."""

ROUND_S: Final = 0.5
"""Seconds between two rounds, each of which renews: three may fail before a lease expires."""

LATE_TIMES: Final = 3
"""A lease outlasts a round that came late by so many times as much."""

CALMER: Final = 0.97
"""What is left after each round of the longer time that late ones called for: half in 12 s."""

ENGINE_GONE_S_MAX: Final = 30.0
"""How long a lost engine is waited for; after that the worker ends, and says why."""

RECONNECT_S: Final = 0.2
"""Seconds between two tries to reach a lost engine."""

_LOST = (LostConnectionError, EngineTimeoutError, OSError)

_log = structlog.get_logger("tollbook.leases")


@dataclass(eq=False, slots=True)
class Held:
    """A partition that this worker has.

    Attributes:
        role: of the worker.
        worker: its name, also among the heartbeats.
        partition: which one.
        lease: as it was taken.
        leave: set when work on it has to end: after the step that is being made.
        stopping: set when the whole worker ends.
    """

    role: str
    worker: str
    partition: int
    lease: Lease
    stopping: asyncio.Event
    leave: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def fence(self) -> Fence:
        """What is shown with each write."""
        return self.lease.fence(self.role)


Follow = Callable[[Held], Awaitable[None]]
"""Works on a partition until `leave` is set."""

Watch = Callable[[], Awaitable[None]]
"""Looks once a second whether there still is what the worker works for; raises where not."""


class Division:
    """Shares the partitions among the workers of a role.

    The engine's clock says who has what. A worker that could not renew for as long as its lease
    lasts stops by itself, and what it writes nevertheless is refused where another took over.
    """

    def __init__(
        self,
        redis: Redis,
        role: str,
        partitions: int,
        *,
        watch: Watch,
        lease_s: float = LEASE_S,
        engine_gone_s_max: float = ENGINE_GONE_S_MAX,
        worker: str | None = None,
    ) -> None:
        """Take the engine's client and the role; nothing is asked yet.

        Args:
            redis: the engine's client.
            role: of the worker; each role shares the partitions on its own.
            partitions: how many the ledger has.
            watch: is asked once a second.
            lease_s: how long leases last.
            engine_gone_s_max: how long a lost engine is waited for.
            worker: its name, unique among all; default: one is made.
        """
        self.worker = worker or worker_name(secrets.token_hex(3))
        self._role = role
        self._everything = frozenset(range(partitions))
        self._wanted = self._everything
        self._watch = watch
        self._lease_s = self._least_s = lease_s
        self._round_s = min(ROUND_S, lease_s / 4)
        self._gone_s_max = engine_gone_s_max
        self._leases = Leases(redis, role)
        self._heartbeats = Heartbeats(redis)
        self._seats: dict[int, _Seat] = {}
        self._left: dict[int, float] = {}
        self._seen_s = self._beaten_s = float("-inf")
        self._idle = False
        self._wake = asyncio.Event()
        self._sent_s: float | None = None

    async def run(self, partitions: Iterable[int], follow: Follow, stop: asyncio.Event) -> None:
        """Work on this worker's share of some partitions until `stop` is set.

        Raises:
            EngineError: the engine stayed away.
        """
        self._wanted = frozenset(partitions)
        stopped = asyncio.create_task(self._tell(stop))
        gone_since: float | None = None
        try:
            while not stop.is_set():
                try:
                    wait_s = await self._round(follow, stop)
                    gone_since = None
                except _LOST as error:
                    gone_since = gone_since if gone_since is not None else _now()
                    if _now() - gone_since > self._gone_s_max:
                        raise EngineError(f"the engine has been away too long: {error}") from error
                    _log.warning("engine lost, trying again", role=self._role, error=str(error))
                    wait_s, self._sent_s = RECONNECT_S, None
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), wait_s)
                self._wake.clear()
            await self._finish()
        finally:
            await end_tasks(stopped, *(seat.task for seat in self._seats.values()))
            await self._go()

    async def _tell(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _finish(self) -> None:
        """Let each step come to its end, under its lease."""
        for seat in self._seats.values():
            seat.held.leave.set()
        while going := [seat.task for seat in self._seats.values() if not seat.task.done()]:
            await asyncio.wait(going, timeout=self._round_s)
            with suppress(*_LOST):
                tokens = {partition: self._token(partition) for partition in self._seats}
                await self._leases.renew(tokens, self.worker, round(self._lease_s * 1000))
        for seat in self._seats.values():
            with suppress(LeaseLostError):
                seat.task.result()

    def _learn(self, sent_s: float) -> None:
        """Leases have to last longer where rounds come late, as steps or the engine take long."""
        if self._sent_s is not None:
            late_s = max(0.0, sent_s - self._sent_s - self._round_s)
            calmer = self._least_s + CALMER * (self._lease_s - self._least_s)
            self._lease_s = min(LEASE_S_MAX, max(self._least_s + LATE_TIMES * late_s, calmer))
        self._sent_s = sent_s

    async def _round(self, follow: Follow, stop: asyncio.Event) -> float:
        """Renew, and take or give up what is to change hands; how long it can be waited now."""
        await self._give_back()
        await self._look()
        sent_s = _now()
        self._learn(sent_s)
        ttl_ms = round(self._lease_s * 1000)
        workers = await self._leases.announce(
            self.worker, ttl_ms, None if self._wanted == self._everything else self._wanted
        )
        # All partitions are asked for, so that shares are the same whoever works them out.
        tokens = {partition: self._token(partition) for partition in self._everything}
        found = await self._leases.renew(tokens, self.worker, ttl_ms)
        holders = {partition: lease.holder for partition, lease in found.items()}
        planned = shares(holders, workers)
        for partition, seat in self._seats.items():
            if not seat.held.lease.is_same(found[partition]):
                seat.lose()
            else:
                seat.lasts_until(sent_s + ttl_ms / 1000)
                if planned.get(partition) != self.worker:
                    seat.held.leave.set()
        for partition in sorted(self._wanted - self._seats.keys()):
            if planned.get(partition) == self.worker and holders[partition] in {None, self.worker}:
                await self._take(partition, ttl_ms, follow, stop)
        await self._tell_where(holders)
        return min(self._round_s, *self._free_after_s(found))

    def _free_after_s(self, found: Mapping[int, Lease]) -> Iterable[float]:
        """When the leases of others end unless they are renewed."""
        yield self._round_s
        for partition, lease in found.items():
            if lease.left_ms and partition not in self._seats:
                yield lease.left_ms / 1000 + 0.001

    def _token(self, partition: int) -> int:
        seat = self._seats.get(partition)
        return 0 if seat is None or seat.lost else seat.held.lease.token

    async def _take(self, partition: int, ttl_ms: int, follow: Follow, stop: asyncio.Event) -> None:
        sent_s = _now()
        lease = await self._leases.acquire(partition, self.worker, ttl_ms)
        if lease is None:
            return
        _log.info("lease taken", role=self._role, partition=partition, token=lease.token)
        held = Held(self._role, self.worker, partition, lease, stop)
        seat = _Seat(held, asyncio.ensure_future(follow(held)))
        seat.task.add_done_callback(lambda _: self._wake.set())
        seat.lasts_until(sent_s + ttl_ms / 1000)
        self._seats[partition] = seat
        self._left.pop(partition, None)

    async def _give_back(self) -> None:
        """Give back what work has ended on; what it failed with ends the worker."""
        for partition, seat in list(self._seats.items()):
            if not seat.task.done():
                continue
            try:
                seat.task.result()
            except LeaseLostError as error:
                _log.warning("a write was refused", role=self._role, reason=str(error))
                seat.lost = True
            del self._seats[partition]
            self._left[partition] = _now()
            seat.close()
            if not seat.lost:
                await self._leases.release(partition, self.worker, seat.held.lease.token)
            _log.info("lease given back", role=self._role, partition=partition, lost=seat.lost)

    async def _look(self) -> None:
        """Look once a second whether there is still what the worker works for."""
        if _now() - self._seen_s >= BEAT_INTERVAL_S:
            await self._watch()
            self._seen_s = _now()

    async def _tell_where(self, holders: Mapping[int, str | None]) -> None:
        """Be among the heartbeats of what is worked on, and of no partition where that is nothing.

        Those of a partition that was left stay until its new worker must have had one of its own:
        nobody is to read meanwhile that it has no worker.
        """
        for partition, left_s in list(self._left.items()):
            if holders[partition] is not None and _now() - left_s > 2 * BEAT_INTERVAL_S:
                await self._heartbeats.forget(partition, self.worker)
                del self._left[partition]
        if not self._seats:
            await self._stand_by()
        elif self._idle:
            await self._heartbeats.forget(None, self.worker)
        self._idle = not self._seats

    async def _stand_by(self) -> None:
        if _now() - self._beaten_s >= BEAT_INTERVAL_S:
            self._beaten_s = _now()
            await self._heartbeats.beat(None, self.worker, self._role, "standing_by", 0)

    async def _go(self) -> None:
        """Leave at once, so that others need not wait; best effort, as it ends in any case."""
        with suppress(RedisError, OSError, EngineError):
            for partition, seat in self._seats.items():
                seat.close()
                await self._leases.release(partition, self.worker, seat.held.lease.token)
            self._seats.clear()
            await self._leases.announce(self.worker, 0, None)
            for partition in self._left:
                await self._heartbeats.forget(partition, self.worker)
            if self._idle:
                await self._heartbeats.forget(None, self.worker)


class _Seat:
    """What is being worked on under a lease."""

    def __init__(self, held: Held, task: asyncio.Future[None]) -> None:
        self.held = held
        self.task = task
        self.lost = False
        self._timer: asyncio.TimerHandle | None = None

    def lose(self) -> None:
        """Another has it, or nobody: work on it ends."""
        self.lost = True
        self.held.leave.set()
        self.close()

    def lasts_until(self, until_s: float) -> None:
        """End work at a time of the loop, unless the lease is renewed before."""
        self.close()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(until_s, self.held.leave.set)

    def close(self) -> None:
        """Do not end work by the clock any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _now() -> float:
    return asyncio.get_running_loop().time()
