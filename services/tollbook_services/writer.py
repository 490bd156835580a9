"""Appends to one partition: few server-side calls at a time, each with all that came meanwhile."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tollbook_schemas.canonical import content_digest, key_digest
from tollbook_schemas.errors import CheckFailedError, EngineError, Fault, TollbookError
from tollbook_schemas.parse import ParsedEvent
from tollbook_services import keys
from tollbook_services.claimed_append import ClaimedAppends
from tollbook_services.claims import Claim, Claims
from tollbook_services.decisions import packed_decisions
from tollbook_services.durability import must_be_durable, wait_for_disks
from tollbook_services.functions_loader import load_library
from tollbook_services.layout import layout_of
from tollbook_services.position import position_from
from tollbook_services.receipts import Receipt, ReceiptStatus
from tollbook_services.references import listed
from tollbook_services.stored import (
    files_a_report,
    publishes_areas,
    publishes_policy,
    recorded_member,
    with_recorded_time,
)
from tollbook_services.withheld.packing import packed_redactions
from tollbook_services.withheld.withholder import Withholder

BATCH_MAX: Final = 500
"""Events a server-side call: some 3 ms, for which every other client waits."""

BATCH_BYTES_MAX: Final = 8 * 2**20
"""Bytes of events a server-side call, so that none takes long; a single event is smaller."""

CALLS_MAX: Final = 2
"""Calls in flight for a partition: one is made ready here while the engine works on the other."""

CLOCK_TRIES: Final = 8
"""Tries to be not earlier than the last event, each lost only to another writer's append."""

LOOKED_MAX: Final = 20
"""Times that policies may change while an append is being made."""

_INTERRUPTED: Final = "the append was interrupted: sending the same events again is safe"

_FUNCTION: Final = "tollbook_append_v7"
_LIBRARY: Final = ("tollbook_ledger_v7", "ledger.lua")


class _Item(NamedTuple):
    """An event to append; its digests are made while the engine works on the call before."""

    parsed: ParsedEvent
    digests: bytes
    by: str | None = None


_Waiting = tuple[Sequence[_Item], asyncio.Future[list[Receipt]]]


class ConflictError(TollbookError):
    """The partition's head is not where the caller expected it."""

    exit_code = 3
    problem = "conflict"


class Writer:
    """Appends to one partition.

    What a caller hands in together is appended in its order. What two callers hand in at the same
    time has none: up to `CALLS_MAX` calls are in flight.
    """

    def __init__(
        self,
        redis: Redis,
        ledger_id: str,
        partition: int,
        withholder: Withholder,
        claims: Claims | None = None,
    ) -> None:
        """Take a client that does not mind a call of `DURABLE_MS_MAX`.

        Args:
            redis: that client.
            ledger_id: what the engine has to hold.
            partition: the one that is appended to.
            withholder: takes sensitive fields out of events.
            claims: claims keys for the partition, in a cluster.
        """
        self._redis = redis
        self._layout = layout_of(redis)
        self._claims = claims
        self._claimed = None if claims is None else ClaimedAppends(claims, self._record)
        self._ledger_id = ledger_id
        self._partition = partition
        self._withholder = withholder
        self._waiting: deque[_Waiting] = deque()
        self._flushing: set[asyncio.Task[None]] = set()

    async def append(
        self, events: Sequence[ParsedEvent], expected: int | None, by: str | None = None
    ) -> list[Receipt]:
        """Append the events and wait until they are durable; see `Ledger.append`.

        A caller that is cancelled while it waits for its turn has appended nothing; one that is
        cancelled later may have.
        """
        items = [_item(parsed, by) for parsed in events]
        if expected is not None:
            return await self._call(items, expected)
        future: asyncio.Future[list[Receipt]] = asyncio.get_running_loop().create_future()
        self._waiting.append((items, future))
        if len(self._flushing) < CALLS_MAX:
            task = asyncio.create_task(self._flush_all())
            self._flushing.add(task)
            task.add_done_callback(self._flushing.discard)
        return await future

    async def _flush_all(self) -> None:
        """Appends until nobody waits; no caller's own task, so that none cancels the others."""
        while self._waiting:
            await self._flush(self._next_waiting())

    def _next_waiting(self) -> list[_Waiting]:
        """The callers whose turn it is: as many as fill a call, so that the next can overlap it."""
        taken: list[_Waiting] = []
        size = 0
        while self._waiting and (not taken or size + len(self._waiting[0][0]) <= BATCH_MAX):
            items, future = self._waiting.popleft()
            if not future.done():
                taken.append((items, future))
                size += len(items)
        return taken

    async def _flush(self, waiting: Sequence[_Waiting]) -> None:
        """Appends for several callers, in calls of a limited size; each learns its own outcome."""
        receipts: list[Receipt] = []
        failure: Exception = EngineError(_INTERRUPTED)
        try:
            for batch in _batches([item for items, _ in waiting for item in items]):
                receipts += await self._call(batch, None)
        except Exception as error:  # noqa: BLE001 - handed to everybody whom it concerns
            failure = error
        finally:
            at = 0
            for items, future in waiting:
                own = receipts[at : at + len(items)]
                at += len(items)
                if future.done():
                    continue
                if len(own) == len(items):
                    future.set_result(own)
                else:
                    future.set_exception(failure)

    async def _call(self, items: Sequence[_Item], expected: int | None) -> list[Receipt]:
        if self._claimed is not None:
            return await self._claimed.append(items, expected)
        receipts = await self._record(items, expected, {})
        if receipts is None:
            raise EngineError("one server voids no claims: its functions are not these")
        return receipts

    async def _record(
        self, items: Sequence[_Item], expected: int | None, claimed: Mapping[int, Claim]
    ) -> list[Receipt] | None:
        """One append; None where a claim does not hold any more, and nothing was appended."""
        looked = self._withholder.concerns([item.parsed for item in items])
        if looked:
            items = await self._withheld(items)
        began = recorded = now_micros()
        again = asked = 0
        while again < CLOCK_TRIES and asked < LOOKED_MAX:
            reply = await self._append_durably(items, recorded, expected, claimed, looked=looked)
            match reply[0]:
                case b"look":
                    items, looked = await self._withheld(items), True
                    asked += 1
                case b"void":
                    return None
                case b"done":
                    await self._spread(items)
                    return self._receipts(items, int(reply[1]), reply[2:])
                case b"conflict":
                    raise ConflictError(
                        f"partition {self._partition} is at sequence {reply[1]}, not at "
                        f"{expected}: read what was appended and decide again"
                    )
                case b"other":
                    raise CheckFailedError(self._other_ledger(reply[1].decode()))
                case _:
                    # A large batch would lose to small ones of other writers for ever: from the
                    # second refusal on it is stamped as late as it is expected to arrive.
                    now = now_micros()
                    recorded = max(now + again * max(now - began, 0), int(reply[1]))
                    began = now
                    again += 1
        if asked == LOOKED_MAX:
            raise EngineError(
                f"policies change faster than partition {self._partition} can be appended to: "
                "sending the same events again is safe"
            )
        raise EngineError(
            f"the clock of partition {self._partition} runs ahead of this machine's and does not "
            "stand still: set the clocks of the writers"
        )

    async def _withheld(self, items: Sequence[_Item]) -> Sequence[_Item]:
        kept = await self._withholder.applied([item.parsed for item in items])
        return [
            item if parsed is item.parsed else _item(parsed, item.by)
            for item, parsed in zip(items, kept, strict=True)
        ]

    async def _spread(self, items: Sequence[_Item]) -> None:
        """Tell the whole cluster of policies and gazetteers, before they are acknowledged."""
        if self._claims is None:
            return
        sent = [item.parsed.canonical for item in items]
        if any(map(publishes_policy, sent)):
            await listed(self._redis, "policies", self._claims.partitions)
        if any(map(publishes_areas, sent)):
            await listed(self._redis, "gazetteers", self._claims.partitions)

    async def _append_durably(
        self,
        items: Sequence[_Item],
        recorded: int,
        expected: int | None,
        claimed: Mapping[int, Claim],
        *,
        looked: bool,
    ) -> list[Any]:
        """The server-side call; the library is loaded again where the engine lost it."""
        arguments = self._arguments(items, recorded, expected)
        arguments += [self._withholder.policies, int(looked)]
        for place, claim in claimed.items():
            arguments += [place + 1, claim.turn, claim.entry]
        try:
            return await self._fcall(arguments)
        except ResponseError as error:
            if "function not found" not in str(error).lower():
                raise
        await load_functions(self._redis)
        return await self._fcall(arguments)

    async def _fcall(self, arguments: Sequence[Any]) -> list[Any]:
        """One function call and the wait for its fsync, on the same connection."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.execute_command("FCALL", _FUNCTION, *arguments)
            wait_for_disks(pipe, self._redis, keys.state(self._partition))
            reply, *waits = await pipe.execute()
        must_be_durable(self._redis, waits[-1])
        return list(reply)

    def _arguments(
        self, items: Sequence[_Item], recorded: int, expected: int | None
    ) -> list[str | bytes | int]:
        """What `functions/ledger.lua` takes: few arguments, as each costs client and server."""
        number, layout = self._partition, self._layout
        names = [keys.ledger(number), layout.index(number), keys.state(number)]
        names += [keys.quarantine(number), keys.quarantined(number), layout.ledger(number)]
        names += [layout.gazetteers(number), layout.policies(number), keys.secrets(number)]
        if layout.spread:
            names.append(keys.voided(number))
        digests: list[bytes] = []
        events: list[bytes] = []
        for item in items:
            stored, leaf = with_recorded_time(item.parsed.canonical, recorded, item.by)
            digests += (item.digests, leaf, len(stored).to_bytes(4))
            events.append(stored)
        head = -1 if expected is None else expected
        lead = (recorded, head, number, recorded_member(recorded), self._ledger_id)
        acts = [
            (place, item.parsed.canonical)
            for place, item in enumerate(items, 1)
            if not files_a_report(item.parsed.canonical)
        ]
        special = (
            _places(publishes_areas, acts),
            packed_decisions(acts),
            _places(publishes_policy, acts),
            packed_redactions(acts),
        )
        return [len(names), *names, *lead, b"".join(digests), b"".join(events), *special]

    def _receipts(
        self, items: Sequence[_Item], head: int, exceptions: Sequence[Any]
    ) -> list[Receipt]:
        """Receipts in the order of the events; all were appended but those told one by one."""
        told = {
            int(exceptions[at]): (exceptions[at + 1].decode(), exceptions[at + 2])
            for at in range(0, len(exceptions), 3)
        }
        receipts = []
        for place, item in enumerate(items, 1):
            parsed = item.parsed
            if place not in told:
                head += 1
                receipts.append(
                    Receipt("appended", *parsed.key, parsed.crisis, self._partition, head)
                )
                continue
            outcome, position = told[place]
            status = cast("ReceiptStatus", outcome)
            partition, sequence = position_from(position)
            errors = (other_content(partition, sequence),) if status == "quarantined" else ()
            receipts.append(
                Receipt(status, *parsed.key, parsed.crisis, partition, sequence, errors)
            )
        return receipts

    def _other_ledger(self, found: str) -> str:
        if not found:
            return (
                f"the ledger {self._ledger_id} was erased from its engine (FLUSHALL, or the engine "
                "lost its data): nothing was appended; restore the engine's files from a backup"
            )
        return (
            f"the engine holds the ledger {found} and not {self._ledger_id}: nothing was appended"
        )


async def load_functions(redis: Redis) -> None:
    """Make the engine know the function that appends."""
    await load_library(redis, *_LIBRARY)


def _item(parsed: ParsedEvent, by: str | None) -> _Item:
    return _Item(parsed, key_digest(*parsed.key) + content_digest(parsed.canonical), by)


def _places(of_kind: Callable[[bytes], bool], events: Sequence[tuple[int, bytes]]) -> str:
    """The places of the events of a kind: the engine lists where these are."""
    return ",".join(str(place) for place, canonical in events if of_kind(canonical))


def _batches(items: Sequence[_Item]) -> list[list[_Item]]:
    batches: list[list[_Item]] = []
    size = 0
    for item in items:
        length = len(item.parsed.canonical)
        full = not batches or len(batches[-1]) == BATCH_MAX
        if full or size + length > BATCH_BYTES_MAX:
            batches.append([])
            size = 0
        batches[-1].append(item)
        size += length
    return batches


def other_content(partition: int, sequence: int) -> Fault:
    """Why an event went to quarantine."""
    return Fault(
        "/id",
        f"this source and id were recorded with other content at sequence {sequence} of "
        f"partition {partition}: give a new report an id of its own; to change a figure send "
        "figure.revised",
    )


def now_micros() -> int:
    """This machine's clock, in microseconds since 1970."""
    return time.time_ns() // 1000
