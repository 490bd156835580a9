"""The projector: folds each partition of the ledger into its read models, in order, once."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as EngineTimeoutError

from tollbook_schemas.errors import EngineError
from tollbook_services.collecting import set_aside, uncollected
from tollbook_services.division import Division, Held
from tollbook_services.fence import Fence
from tollbook_services.folding import FoldFactory, Lane
from tollbook_services.heartbeats import BEAT_INTERVAL_S, Heartbeats, WorkerState
from tollbook_services.ledger import Ledger
from tollbook_services.operations.tracing import FIRST, LAST, PARTITION, span
from tollbook_services.pages import STEP_EVENTS, Pages, wait_for_event
from tollbook_services.readmodels import ReadModels, projection_id
from tollbook_services.tasks import end_tasks
from tollbook_services.verify import must_be_same_ledger

LARGE_STEP_EVENTS: Final = 1_000
"""After a step of so many events, what it left in memory is not visited by collections any more."""

STAND_BY_S: Final = 1.0
"""A worker that finds another at work waits until that one's positions rest this long."""

LOOK_AGAIN_S: Final = 0.02
"""Seconds between two looks at positions: below what a person notices, 50 calls a second."""

ENGINE_GONE_S_MAX: Final = 30.0
"""How long a lost engine is waited for; after that the worker ends, and says why."""

RECONNECT_S: Final = 0.2
"""Seconds between two tries to reach a lost engine."""

ROLE: Final = "projector"

_log = structlog.get_logger("tollbook.projector")


class Projector:
    """Folds events into rows, for as many partitions as it is asked to.

    Any number of projectors share the partitions, each of which one has by lease. Whoever folds,
    with a lease or without: rows and position are committed in one step that fails unless the
    position is the expected one, so no event is skipped or folded twice. The one that loses such a
    race forgets what it folded and stands by.
    """

    def __init__(
        self,
        ledger: Ledger,
        readmodels: ReadModels,
        folds: Sequence[FoldFactory],
        *,
        page_size: int = STEP_EVENTS,
        stand_by_s: float = STAND_BY_S,
        engine_gone_s_max: float = ENGINE_GONE_S_MAX,
    ) -> None:
        """Take the ledger, the read models and what makes each fold; nothing is read yet."""
        self._ledger = ledger
        self._readmodels = readmodels
        self._folds = tuple(folds)
        self._page_size = page_size
        self._stand_by_s = stand_by_s
        self._engine_gone_s_max = engine_gone_s_max
        self._names = tuple(projection_id(factory()) for factory in self._folds)

    async def run(self, partitions: Iterable[int], stop: asyncio.Event) -> None:
        """Follow this worker's share of the partitions until `stop` is set.

        Raises:
            EngineError: the engine stayed away, is no longer fit, or holds rows of another ledger.
            CheckFailedError: stored events were altered, or the ledger was erased or replaced.
        """
        division = Division(
            self._readmodels.redis,
            ROLE,
            self._ledger.partitions,
            watch=self._watch,
            engine_gone_s_max=self._engine_gone_s_max,
        )
        await division.run(partitions, self._follow_always, stop)

    async def catch_up(self, partition: int) -> int:
        """Fold up to where the head is now, whether or not other workers do so too.

        Returns:
            The position that every projection of the partition has reached.
        """
        await must_be_same_ledger(self._readmodels.redis, self._ledger.id)
        target = await self._ledger.head(partition)
        while (position := await self._position(partition)) < target:
            if not await self._fold_to(partition, target):
                await self._stand_by(partition, target, None)
        await self._not_ahead(partition)
        return position

    async def wait_visible(self, partition: int, sequence: int, timeout: float) -> bool:  # noqa: ASYNC109
        """Wait until every projection has the event at `sequence`; whether that came true.

        Args:
            partition: the ledger partition.
            sequence: the event's sequence.
            timeout: seconds to wait at most.
        """
        until = _now() + timeout
        while await self._position(partition) < sequence:
            if _now() >= until:
                return False
            await asyncio.sleep(LOOK_AGAIN_S)
        return True

    async def _watch(self) -> None:
        await must_be_same_ledger(self._readmodels.redis, self._ledger.id)

    async def _follow_always(self, held: Held) -> None:
        """Follow a partition, over losses of the engine that it comes back from."""
        partition, stop = held.partition, held.leave
        pulse = _Pulse(self._readmodels, held)
        gone_since: float | None = None
        while not stop.is_set():
            beaten = pulse.beats
            try:
                await self._follow(held, pulse)
            except (LostConnectionError, EngineTimeoutError, OSError) as error:
                if gone_since is None or pulse.beats > beaten:
                    gone_since = _now()
                if _now() - gone_since > self._engine_gone_s_max:
                    raise EngineError(f"the engine has been away too long: {error}") from error
                _log.warning("engine lost, trying again", partition=partition, error=str(error))
                await asyncio.sleep(RECONNECT_S)

    async def _follow(self, held: Held, pulse: "_Pulse") -> None:
        partition, stop = held.partition, held.leave
        while not stop.is_set():
            async with self._round(partition, held.fence) as round_, pulse.heard_during(round_):
                lost = await self._advance_until(partition, round_, stop, pulse)
            if lost:
                _log.info("another projector is at work: standing by", partition=partition)
                await self._stand_by(partition, None, stop, pulse)
        if held.stopping.is_set():
            await pulse.beat("stopped", await self._position(partition))

    async def _advance_until(
        self, partition: int, round_: "_Round", stop: asyncio.Event, pulse: "_Pulse"
    ) -> bool:
        """Fold what comes until told to stop; True where another worker was faster."""
        while not stop.is_set():
            after = round_.position
            match await round_.step():
                case None:
                    return True
                case 0:
                    await wait_for_event(self._ledger, partition, round_.position)
                case count:
                    told = {"partition": partition, "first": after + 1, "last": after + count}
                    _log.info("events folded", **told)
            await pulse.beat_if_due("running", round_.position)
        return False

    async def _fold_to(self, partition: int, target: int) -> bool:
        """Fold until `target`; False where another worker was faster."""
        async with self._round(partition) as round_:
            while round_.position < target:
                match await round_.step():
                    case None:
                        return False
                    case 0:
                        raise EngineError(
                            f"the ledger of partition {partition} ends at {round_.position}, "
                            f"before its own head {target}: restore the engine's data"
                        )
        return True

    @asynccontextmanager
    async def _round(self, partition: int, fence: Fence | None = None) -> AsyncIterator["_Round"]:
        await must_be_same_ledger(self._readmodels.redis, self._ledger.id)
        await self._not_ahead(partition)
        lanes = [Lane(self._readmodels, partition, factory, fence=fence) for factory in self._folds]
        pages = Pages(self._ledger, partition, self._page_size)
        try:
            loaded = [await lane.load() for lane in lanes]
            yield _Round(lanes, pages, lost=not all(loaded))
        finally:
            await pages.close()
            for lane in lanes:
                await lane.close()

    async def _stand_by(
        self,
        partition: int,
        target: int | None,
        stop: asyncio.Event | None,
        pulse: "_Pulse | None" = None,
    ) -> None:
        """Wait while another worker makes progress, until it has caught up, or `target` is reached.

        Returns also once events wait while no position has moved for `stand_by_s`: it has died.
        """
        seen, since = await self._positions(partition), _now()
        while stop is None or not stop.is_set():
            if pulse is not None:
                await pulse.beat_if_due("standing_by", min(seen, default=0))
            now, head = await self._positions(partition), await self._ledger.head(partition)
            slowest = min(now, default=head)
            if slowest >= (head if target is None else target):
                return
            if now != seen:
                seen, since = now, _now()
            elif _now() - since >= self._stand_by_s:
                return
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _positions(self, partition: int) -> tuple[int, ...]:
        return await self._readmodels.positions(partition, self._names)

    async def _position(self, partition: int) -> int:
        """The slowest position; the head itself where there is no projection."""
        positions = await self._positions(partition)
        return min(positions) if positions else await self._ledger.head(partition)

    async def _not_ahead(self, partition: int) -> None:
        positions = await self._positions(partition)
        head = await self._ledger.head(partition)
        for name, position in zip(self._names, positions, strict=True):
            if position > head:
                raise EngineError(
                    f"the rows of {name} in partition {partition} stand at {position}, but the "
                    f"ledger ends at {head}: events were lost; restore the engine's data, or "
                    "fold the rows anew with `tollbook rebuild --accept`"
                )


class _Round:
    """The lanes of one partition, from being loaded until a race is lost."""

    def __init__(self, lanes: Sequence[Lane], pages: Pages, *, lost: bool) -> None:
        self._lanes = lanes
        self._pages = pages
        self._lost = lost

    @property
    def position(self) -> int:
        """The slowest lane's position."""
        return min(lane.position for lane in self._lanes)

    async def step(self) -> int | None:
        """Fold one page; how many events it held, or None where another worker was faster."""
        if self._lost:
            return None
        page = await self._pages.after(self.position)
        if not page:
            return 0
        about = {FIRST: page[0].sequence, LAST: page[-1].sequence}
        with (
            uncollected(),
            span("fold", {PARTITION: self._lanes[0].partition, **about}, kind="consumer"),
        ):
            results = await asyncio.gather(
                *(lane.advance(page) for lane in self._lanes), return_exceptions=True
            )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        if len(page) >= LARGE_STEP_EVENTS:
            set_aside()
        return len(page) if all(results) else None


class _Pulse:
    """The heartbeat of one partition of one projector, no more often than it needs to be."""

    def __init__(self, readmodels: ReadModels, held: Held) -> None:
        self._heartbeats = Heartbeats(readmodels.redis)
        self._partition = held.partition
        self._worker = held.worker
        self._last_s = float("-inf")
        self.beats = 0

    async def beat_if_due(self, state: WorkerState, sequence: int) -> None:
        """Beat where the last one is `BEAT_INTERVAL_S` ago."""
        if _now() - self._last_s >= BEAT_INTERVAL_S:
            await self.beat(state, sequence)

    @asynccontextmanager
    async def heard_during(self, round_: "_Round") -> AsyncIterator[None]:
        """Beat beside the steps of a round, any of which may take long."""
        beating = asyncio.create_task(self._beat_beside(round_))
        try:
            yield
        finally:
            await end_tasks(beating)

    async def _beat_beside(self, round_: "_Round") -> None:
        while True:
            await asyncio.sleep(BEAT_INTERVAL_S)
            with suppress(RedisError, OSError):  # the step that is being made will find out
                await self.beat_if_due("running", round_.position)

    async def beat(self, state: WorkerState, sequence: int) -> None:
        """Say where the worker stands."""
        self._last_s = _now()
        await self._heartbeats.beat(self._partition, self._worker, ROLE, state, sequence)
        self.beats += 1


def _now() -> float:
    return asyncio.get_running_loop().time()
