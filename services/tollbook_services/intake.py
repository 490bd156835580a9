"""The intake worker: a FastStream batch subscriber that moves inbox entries into the ledger."""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tollbook_schemas.errors import EngineError, Fault, TollbookError
from tollbook_schemas.gazetteer import Gazetteer, default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services import keys
from tollbook_services.engine import check_engine, connect
from tollbook_services.heartbeats import worker_name
from tollbook_services.inbox_entry import (
    InboxEntry,
    event_bytes,
    keep_repeated_fields,
    kept_bytes,
)
from tollbook_services.inbox_group import ensure_group, is_transient, leave, watch
from tollbook_services.inbox_subscriber import make_broker
from tollbook_services.ledger import Ledger
from tollbook_services.logs import configure_logs
from tollbook_services.reclaim import Reclaimer, uncharge
from tollbook_services.tasks import end_tasks

RETRY_FIRST_S: Final = 0.1
RETRY_MAX_S: Final = 5.0
"""Waits between tries to append while the engine is away or cannot write: doubling up to this."""

_log = structlog.get_logger("tollbook.intake")


@dataclass(frozen=True, slots=True)
class _Batch:
    """Entries with what is still to be done for them; a second try does only the rest."""

    entries: Sequence[InboxEntry]
    events: list[ParsedEvent]
    refused: list[tuple[bytes, tuple[Fault, ...], str]]


class Intake:
    """One intake worker.

    Entries are settled (XACK and XDEL: the ledger is the record, the inbox only a queue) after
    their events are durable. A crash in between leaves them pending; whoever takes them over
    appends them again and is told `duplicate`.
    """

    def __init__(self, redis: Redis, ledger: Ledger, gazetteer: Gazetteer, consumer: str) -> None:
        """Take an open ledger and its client; `consumer` is unique among all workers."""
        self.consumer = consumer
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.progress_at = asyncio.get_running_loop().time()
        self.turn = asyncio.Lock()
        self._redis = redis
        self._ledger = ledger
        self._gazetteer = gazetteer
        self._stopping = asyncio.Event()

    async def on_batch(self, entries: Sequence[InboxEntry]) -> None:
        """Process a batch of new entries; what fails ends the worker, not FastStream's loop."""
        try:
            async with self.turn:
                await self.handle(entries)
        except (RedisError, TollbookError) as error:
            self._fail(error)

    async def handle(self, entries: Sequence[InboxEntry]) -> None:
        """Append or refuse each entry and settle it; called with `turn` held.

        While the engine is away or cannot write, the same entries are tried again until `stop`.

        Raises:
            RedisError, TollbookError: the ledger is broken; the entries stay pending, uncharged.
        """
        wait_s = RETRY_FIRST_S
        batch = self._sort(entries)
        while entries and not self._stopping.is_set():
            try:
                await self._settle(batch)
            except (RedisError, TollbookError) as error:
                if not is_transient(error):
                    with suppress(RedisError):
                        await uncharge(self._redis, self.consumer, entries)
                    raise
                _log.warning("engine cannot write, trying again", error=str(error), wait_s=wait_s)
            else:
                self.progress_at = asyncio.get_running_loop().time()
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait_s)
            wait_s = min(wait_s * 2, RETRY_MAX_S)

    async def refuse(self, entry: InboxEntry, fault: Fault) -> None:
        """Send an entry to the rejected stream and settle it."""
        await self._ledger.reject(kept_bytes(entry), (fault,), entry.origin)
        await self._acknowledge([entry])

    def stop(self) -> None:
        """Give up waiting for the engine; entries not yet appended stay pending."""
        self._stopping.set()

    async def _settle(self, batch: _Batch) -> None:
        if batch.events:
            await self._ledger.append(batch.events)
            batch.events.clear()
        while batch.refused:
            await self._ledger.reject(*batch.refused[-1])
            batch.refused.pop()
        await self._acknowledge(batch.entries)

    def _sort(self, entries: Sequence[InboxEntry]) -> _Batch:
        batch = _Batch(entries, [], [])
        for entry in entries:
            raw, outcome = self._read(entry)
            if isinstance(outcome, ParsedEvent):
                batch.events.append(outcome)
            else:
                batch.refused.append((raw, outcome, entry.origin))
        if batch.refused:
            _log.warning("entries refused", refused=len(batch.refused), of=len(entries))
        batch.refused.reverse()
        return batch

    def _read(self, entry: InboxEntry) -> tuple[bytes, ParsedEvent | tuple[Fault, ...]]:
        raw = event_bytes(entry)
        if isinstance(raw, Fault):
            return kept_bytes(entry), (raw,)
        try:
            return raw, parse_event(raw, self._gazetteer)
        except Exception as error:  # noqa: BLE001 - a bug must not hold up the other entries, nor loop
            _log.exception("reading an entry failed", entry=entry.id.decode())
            text = f"tollbook itself failed on this event ({error!r}); it is kept, please report it"
            return raw, (Fault("", text),)

    async def _acknowledge(self, entries: Sequence[InboxEntry]) -> None:
        ids = [entry.id for entry in entries]
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.xack(keys.INBOX, keys.INTAKE_GROUP, *ids)
            pipe.xdel(keys.INBOX, *ids)
            await pipe.execute()

    def _fail(self, error: Exception) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)


async def run_intake(url: str, stop: asyncio.Event) -> None:
    """Move inbox entries into the ledger until `stop` is set.

    Raises:
        EngineError: the engine is unfit or was away too long, the consumer group vanished, or
            reading stalled. The caller exits non-zero and is started again.
    """
    configure_logs()
    redis = await connect(url)
    try:
        await check_engine(redis)
        ledger = await Ledger.open(redis)
        keep_repeated_fields(redis)
        consumer = worker_name(secrets.token_hex(3))
        intake = Intake(redis, ledger, default_gazetteer(), consumer)
        await ensure_group(redis)
        _log.info("intake started", consumer=consumer)
        await _work(url, redis, intake, stop)
    except (RedisError, OSError) as error:
        raise EngineError(f"intake lost its engine, ledger or group: {error}") from error
    finally:
        await redis.aclose()


async def _work(url: str, redis: Redis, intake: Intake, stop: asyncio.Event) -> None:
    broker = make_broker(url, intake.consumer, intake.on_batch)
    keep_repeated_fields(await broker.connect())
    await broker.start()
    reclaimer = Reclaimer(redis, intake.consumer, intake.turn, intake.handle, intake.refuse)
    tasks = [
        asyncio.ensure_future(one)
        for one in (stop.wait(), reclaimer.run(), watch(redis, broker, intake), intake.failed)
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        intake.stop()
        await broker.stop()
        await end_tasks(*tasks)
        await leave(redis, intake.consumer)
    _log.info("intake stopped", consumer=intake.consumer)
