"""Takes over inbox entries that a dead worker left pending, and gives up on those that kill."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import TimeoutError as EngineTimeoutError

from tollbook_schemas.errors import Fault
from tollbook_services import keys
from tollbook_services.inbox_entry import InboxEntry

RECLAIM_IDLE_MS: Final = 5_000
"""An entry pending this long is taken over: a live worker settles a batch in under a second."""

RECLAIM_EVERY_S: Final = 1.0
"""Seconds between two looks for abandoned entries: one XPENDING, microseconds of the engine."""

RECLAIM_PAGE: Final = 500
"""Entries looked at in one go, as many as a batch."""

DELIVERIES_MAX: Final = 5
"""An entry handed out this often and never settled has killed its workers: it is refused."""

FORGET_CONSUMER_MS: Final = 600_000
"""A consumer that has not read for ten minutes and holds nothing is taken off the group."""

Handle = Callable[[Sequence[InboxEntry]], Awaitable[None]]
Refuse = Callable[[InboxEntry, Fault], Awaitable[None]]

_log = structlog.get_logger("tollbook.intake")


@dataclass(frozen=True, slots=True)
class Reclaimer:
    """Reclaims for one worker.

    XPENDING and XCLAIM are used where XAUTOCLAIM would count a delivery against every entry of
    a page before the first is tried: an entry that was already handed out twice is claimed and
    processed alone, so that one that kills the process uses up its own deliveries only.

    Attributes:
        redis: a client that keeps repeated fields (`keep_repeated_fields`).
        consumer: the worker's consumer name.
        turn: held while entries are appended: what may kill the worker is tried alone.
        handle: processes and settles entries, the same as for new ones.
        refuse: sends an entry to the rejected stream and settles it.
    """

    redis: Redis
    consumer: str
    turn: asyncio.Lock
    handle: Handle
    refuse: Refuse

    async def run(self) -> None:
        """Reclaim until cancelled; an engine that is away is waited for."""
        while True:
            try:
                while await self.once():
                    pass
                await forget_consumers(self.redis)
            except (LostConnectionError, EngineTimeoutError) as error:
                _log.warning("reclaim interrupted", error=str(error))
            await asyncio.sleep(RECLAIM_EVERY_S)

    async def once(self) -> int:
        """One page of abandoned entries; how many there were."""
        async with self.turn:
            pending = await self._abandoned()
            if not pending:
                return 0
            _log.info("taking over abandoned entries", entries=len(pending))
            if fresh := [one for one in pending if one["times_delivered"] <= 1]:
                await self.handle(await self._claim(fresh))
            for one in pending:
                if one["times_delivered"] > 1:
                    await self._alone(one)
            return len(pending)

    async def _abandoned(self) -> list[dict[str, Any]]:
        """Entries of others; the worker's own are in work, or wait for their turn."""
        found: list[dict[str, Any]] = await self.redis.xpending_range(
            keys.INBOX,
            keys.INTAKE_GROUP,
            min="-",
            max="+",
            count=RECLAIM_PAGE,
            idle=RECLAIM_IDLE_MS,
        )
        own = self.consumer.encode()
        return [one for one in found if one["consumer"] != own]

    async def _alone(self, pending: dict[str, Any]) -> None:
        claimed = await self._claim([pending])
        deliveries = pending["times_delivered"]
        if deliveries < DELIVERIES_MAX:
            await self.handle(claimed)
            return
        for entry in claimed:
            await self.refuse(
                entry,
                Fault(
                    "",
                    f"handed to a worker {deliveries} times and never finished: it may be what "
                    "ended the workers; look at their logs before publishing it again",
                ),
            )

    async def _claim(self, pending: Sequence[dict[str, Any]]) -> list[InboxEntry]:
        """Make the entries ours, except those that another worker has taken or settled."""
        before = {one["message_id"]: one["times_delivered"] for one in pending}
        claimed: Any = await self.redis.xclaim(
            keys.INBOX, keys.INTAKE_GROUP, self.consumer, RECLAIM_IDLE_MS, list(before)
        )
        return [InboxEntry(id_, pairs, before[id_] + 1) for id_, pairs in claimed]


async def uncharge(redis: Redis, consumer: str, entries: Sequence[InboxEntry]) -> None:
    """Take back the last delivery of entries that failed through no fault of their own."""
    by_count: dict[int, list[bytes]] = {}
    for entry in entries:
        by_count.setdefault(entry.deliveries - 1, []).append(entry.id)
    for count, ids in by_count.items():
        await redis.xclaim(
            keys.INBOX, keys.INTAKE_GROUP, consumer, 0, list(ids), retrycount=count, justid=True
        )


async def forget_consumers(redis: Redis) -> None:
    """Take consumers off the group that stopped long ago and left nothing pending."""
    for consumer in await redis.xinfo_consumers(keys.INBOX, keys.INTAKE_GROUP):
        if consumer["pending"] == 0 and consumer["idle"] > FORGET_CONSUMER_MS:
            await redis.xgroup_delconsumer(keys.INBOX, keys.INTAKE_GROUP, consumer["name"])
