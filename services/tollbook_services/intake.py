"""The intake worker: a FastStream batch subscriber that moves inbox entries into the ledger."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tollbook_schemas.errors import EngineError, Fault, TollbookError
from tollbook_schemas.gazetteer import Gazetteer, default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services import keys
from tollbook_services.admission import (
    Admission,
    Outcome,
    areas_now,
    known_areas,
    read_until_unsure,
)
from tollbook_services.collecting import rarely_collected
from tollbook_services.engine import connect
from tollbook_services.engine_client import url_of_key
from tollbook_services.engine_failures import is_memory_full
from tollbook_services.functions_caller import INBOX, Functions
from tollbook_services.heartbeats import WorkerState, worker_name
from tollbook_services.inbox_entry import (
    InboxEntry,
    event_bytes,
    keep_repeated_fields,
    kept_bytes,
    portion,
)
from tollbook_services.inbox_group import (
    ensure_group,
    goodbye,
    inbox_moves,
    is_transient,
    leave,
    watch,
)
from tollbook_services.inbox_subscriber import make_broker
from tollbook_services.ledger import Ledger
from tollbook_services.logs import configure_logs
from tollbook_services.operations.batches import causes_of, tell_refused, tell_taken
from tollbook_services.operations.tracing import span
from tollbook_services.reclaim import Reclaimer, uncharge
from tollbook_services.tasks import end_tasks
from tollbook_services.today import last_day_now
from tollbook_services.verify import must_be_same_ledger

RETRY_FIRST_S: Final = 0.1
RETRY_MAX_S: Final = 5.0
"""Waits between tries to append while the engine is away or cannot write: doubling up to this."""

_Done = TypeVar("_Done")

_log = structlog.get_logger("tollbook.intake")


@dataclass(frozen=True, slots=True)
class _Batch:
    """Entries with what is still to be done for them; a second try does only the rest."""

    entries: Sequence[InboxEntry]
    events: list[ParsedEvent]
    traceparents: list[str | None]
    refused: list[tuple[bytes, tuple[Fault, ...], str]]


class Intake:
    """One intake worker.

    Entries are settled (XACK and XDEL: the ledger is the record, the inbox only a queue) after
    their events are durable. A crash in between leaves them pending; whoever takes them over
    appends them again and is told `duplicate`.

    Attributes:
        state: `memory_full` while it waits for the engine to take writes again.
        failed: fails with what ends the worker.
    """

    def __init__(
        self, redis: Redis, ledger: Ledger, areas: Gazetteer | Admission, consumer: str
    ) -> None:
        """Take an open ledger and its client; `consumer` is unique among all workers."""
        self.consumer = consumer
        self.ledger_id = ledger.id
        self.state: WorkerState = "running"
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.progress_at = asyncio.get_running_loop().time()
        self.turn = asyncio.Lock()
        self._redis = redis
        self._ledger = ledger
        self._areas = areas
        self._functions = Functions(redis, INBOX)
        self._stopping = asyncio.Event()
        self._checking: asyncio.Task[None] | None = None
        self._appending: asyncio.Task[None] | None = None
        self._acknowledging: asyncio.Task[None] | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """Events since its start by what became of them."""
        return self._ledger.appends.counts

    async def on_batch(self, entries: Sequence[InboxEntry]) -> None:
        """Take a batch of new entries; what fails ends the worker, not FastStream's loop.

        Returns when those before them have been checked. So while one batch is read, the one
        before is checked, the one before that appended and another acknowledged, each step in
        the order of the batches.
        """
        if self._checking is not None:
            await asyncio.wait([self._checking])
        self._checking = asyncio.create_task(self._check(list(entries)))

    async def _check(self, rest: list[InboxEntry]) -> None:
        try:
            while rest and (batch := await self._next(rest)) is not None:
                self._appending = asyncio.create_task(self._append_new(batch))
                del rest[: len(batch.entries)]
        except Exception as error:  # noqa: BLE001 - FastStream would log it and read on
            await self._fail(error, rest)
        else:
            if self.failed.done():
                await self._uncharge(rest)

    async def handle(self, entries: Sequence[InboxEntry]) -> None:
        """Append or refuse each entry and settle it; called with `turn` held.

        While the engine is away or cannot write, the same entries are tried again until `stop`.

        Raises:
            RedisError, TollbookError: the ledger is broken; the entries stay pending, uncharged.
        """
        rest = list(entries)
        try:
            while rest and not self._stopping.is_set():
                batch = await self._again(partial(self._sort_now, portion(rest)))
                if batch is not None and await self._again(partial(self._settle, batch)):
                    del rest[: len(batch.entries)]
        except (RedisError, TollbookError):
            await self._uncharge(rest)
            raise

    async def finish(self) -> None:
        """Wait until all batches that were taken are settled, or failed."""
        if self._checking is not None:
            await asyncio.wait([self._checking])
        await self._appended()
        await self._acknowledged()

    async def _appended(self) -> None:
        """Wait until the batch that is being appended is durable, or failed."""
        if self._appending is not None:
            await asyncio.wait([self._appending])

    async def _acknowledged(self) -> None:
        """Wait until the batch that is being acknowledged is, or failed."""
        if self._acknowledging is not None:
            await asyncio.wait([self._acknowledging])

    async def _next(self, entries: Sequence[InboxEntry]) -> _Batch | None:
        """A batch whose turn it is to be appended; None where the worker ends."""
        batch: _Batch | None = await self._sort(portion(entries), known_areas(self._areas))
        await self._appended()
        if batch is not None and batch.refused:
            # By now there may be areas for want of which these were refused, of the batch before
            # or of another worker.
            batch = await self._again(partial(self._sort_now, portion(entries)))
        return None if self.failed.done() else batch

    async def _append_new(self, batch: _Batch) -> None:
        try:
            async with self.turn:
                stored = await self._again(partial(self._store, batch))
            await self._acknowledged()
            if stored:
                self._acknowledging = asyncio.create_task(self._acknowledge_new(batch))
        except Exception as error:  # noqa: BLE001 - a task's exception is seen by nobody
            await self._fail(error, batch.entries)

    async def _acknowledge_new(self, batch: _Batch) -> None:
        try:
            await self._again(partial(self._acknowledge, batch.entries))
        except Exception as error:  # noqa: BLE001
            await self._fail(error, batch.entries)

    async def _uncharge(self, entries: Sequence[InboxEntry]) -> None:
        with suppress(RedisError):
            await uncharge(self._redis, self.consumer, entries)

    async def _again(self, work: Callable[[], Awaitable[_Done]]) -> _Done | None:
        """Do some work, again and again while the engine cannot; None where it was stopped."""
        wait_s = RETRY_FIRST_S
        while not self._stopping.is_set():
            self._moved()
            try:
                done = await work()
            except (RedisError, TollbookError) as error:
                if not is_transient(error):
                    raise
                self.state = "memory_full" if is_memory_full(error) else "running"
                _log.warning(
                    "engine cannot write, trying again",
                    state=self.state,
                    error=str(error),
                    wait_s=wait_s,
                )
            else:
                self._moved()
                self.state = "running"
                return done
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait_s)
            wait_s = min(wait_s * 2, RETRY_MAX_S)
        return None

    async def refuse(self, entry: InboxEntry, fault: Fault) -> None:
        """Send an entry to the rejected stream and settle it."""
        await self._ledger.reject(kept_bytes(entry), (fault,), entry.origin)
        await self._acknowledge([entry])

    def stop(self) -> None:
        """Give up waiting for the engine; entries not yet appended stay pending."""
        self._stopping.set()

    async def _settle(self, batch: _Batch) -> bool:
        await self._store(batch)
        await self._acknowledge(batch.entries)
        return True

    async def _store(self, batch: _Batch) -> bool:
        first, links = batch.entries[0].id.decode(), causes_of(batch.traceparents)
        with (
            structlog.contextvars.bound_contextvars(batch=first),
            span("intake", kind="consumer", links=links),
        ):
            if batch.events:
                tell_taken(await self._ledger.append(batch.events), batch.traceparents)
                batch.events.clear()
            if batch.refused:
                tell_refused(batch.entries, {origin for *_, origin in batch.refused})
            while batch.refused:
                await self._ledger.reject(*batch.refused[-1])
                batch.refused.pop()
        return True

    async def _sort_now(self, entries: Sequence[InboxEntry]) -> _Batch:
        """Read entries with the areas that are known now."""
        return await self._sort(entries, await areas_now(self._areas))

    async def _sort(self, entries: Sequence[InboxEntry], gazetteer: Gazetteer) -> _Batch:
        """Read entries; fewer where one may need a gazetteer that is among those before it."""
        done = await read_until_unsure(entries, partial(_read, gazetteer=gazetteer))
        batch = _Batch([entry for entry, _ in done], [], [], [])
        for entry, outcome in done:
            if isinstance(outcome, ParsedEvent):
                batch.events.append(outcome)
                batch.traceparents.append(entry.traceparent)
            else:
                batch.refused.append((_raw(entry), outcome, entry.origin))
        batch.refused.reverse()
        return batch

    async def _acknowledge(self, entries: Sequence[InboxEntry]) -> None:
        ids = b" ".join(entry.id for entry in entries)
        arguments = (keys.INTAKE_GROUP, ids)
        await self._functions.call("tollbook_inbox_settle", (keys.INBOX,), arguments)

    def _moved(self) -> None:
        self.progress_at = asyncio.get_running_loop().time()

    async def _fail(self, error: Exception, entries: Sequence[InboxEntry]) -> None:
        """End the worker; a bug of its own may be due to these entries and is charged to them."""
        if isinstance(error, (RedisError, TollbookError)):
            await self._uncharge(entries)
        if not self.failed.done():
            self.failed.set_exception(error)


def _read(entry: InboxEntry, gazetteer: Gazetteer) -> Outcome:
    raw = event_bytes(entry)
    if isinstance(raw, Fault):
        return (raw,)
    try:
        return parse_event(raw, gazetteer, last_day_now())
    except Exception as error:  # noqa: BLE001 - a bug must not hold up the other entries, nor loop
        _log.exception("reading an entry failed", entry=entry.id.decode())
        text = f"tollbook itself failed on this event ({error!r}); it is kept, please report it"
        return (Fault("", text),)


def _raw(entry: InboxEntry) -> bytes:
    """What the rejected stream keeps of an entry: its event, or all of it where it has none."""
    raw = event_bytes(entry)
    return kept_bytes(entry) if isinstance(raw, Fault) else raw


async def run_intake(url: str, ledger_id: str, stop: asyncio.Event) -> None:
    """Move inbox entries into a ledger until `stop` is set.

    Raises:
        CheckFailedError: the engine does not hold this ledger, or no longer does.
        EngineError: the engine is unfit or was away too long, the consumer group vanished, or
            reading stalled. The caller exits non-zero and is started again.
    """
    configure_logs()
    redis = await connect(url)
    try:
        await must_be_same_ledger(redis, ledger_id)
        ledger = await Ledger.open(redis, create=False)
        ledger.appends.tells = True
        keep_repeated_fields(redis)
        consumer = worker_name(secrets.token_hex(3))
        intake = Intake(redis, ledger, Admission(ledger, default_gazetteer()), consumer)
        await ensure_group(redis)
        _log.info("intake started", consumer=consumer)
        with rarely_collected():
            await _work(url, redis, intake, stop)
        await goodbye(redis, consumer)
        _log.info("intake stopped", consumer=consumer)
    except (RedisError, OSError) as error:
        raise EngineError(f"intake lost its engine, ledger or group: {error}") from error
    finally:
        await redis.aclose()


async def _work(url: str, redis: Redis, intake: Intake, stop: asyncio.Event) -> None:
    place = await url_of_key(url, redis, keys.INBOX)
    broker = make_broker(place, intake.consumer, intake.on_batch)
    keep_repeated_fields(await broker.connect())
    await broker.start()
    reclaimer = Reclaimer(redis, intake.consumer, intake.turn, intake.handle, intake.refuse)
    tasks = [
        asyncio.ensure_future(one)
        for one in (
            stop.wait(),
            reclaimer.run(),
            watch(redis, broker, intake),
            inbox_moves(url, redis, place),
            intake.failed,
        )
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        intake.stop()
        await broker.stop()
        await intake.finish()
        await end_tasks(*tasks)
        await leave(redis, intake.consumer)
