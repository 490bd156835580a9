"""Read models in the engine: rows and checkpoint of each projection, changed only together."""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

from redis.asyncio import Redis

from tollbook_projections.projection import Fold, RowChange
from tollbook_schemas.errors import EngineError
from tollbook_services import keys
from tollbook_services.checkpoint import (
    Checkpoint,
    CommitResult,
    RowsRead,
    Snapshot,
    checkpoint_from,
    instant_text,
)
from tollbook_services.readmodel_functions import Functions

ROWS_AT_ONCE_MAX: Final = 5_000
"""Rows read in one server-side call: about 10 ms, for which every other client waits."""

PIECES_TRIES: Final = 5
"""Tries to read many rows in pieces between two commits; then one long call reads them."""

READ_TRIES_MAX: Final = 20
"""Tries to read while crises are being added, each of which makes a read start again."""

ROWS_UNBOUNDED: Final = 2**53


def projection_id(fold: Fold | type[Fold]) -> str:
    """The name under which the rows of a fold are stored: `tolls.v1`."""
    return f"{fold.name}.v{fold.version}"


class ReadModels:
    """The rows of every projection. A projection is named as `projection_id` does: `tolls.v1`.

    Rows of another ledger are refused everywhere: a checkpoint names the ledger it belongs to.
    """

    def __init__(self, redis: Redis, ledger_id: str | None = None) -> None:
        """Take the engine's client; the ledger's id is read from the engine where not given."""
        self.redis = redis
        self._ledger_id = ledger_id
        self._functions = Functions(redis)

    async def commit(
        self,
        partition: int,
        projection: str,
        expected_sequence: int,
        new_sequence: int,
        recorded_at: datetime,
        changes: Sequence[RowChange],
        *,
        parked: Mapping[int, str] | None = None,
    ) -> CommitResult:
        """Change rows and move the checkpoint in one call, if the checkpoint is as expected.

        Args:
            partition: the ledger partition.
            projection: such as `tolls.v1`.
            expected_sequence: where the checkpoint must stand, 0 before the first commit.
            new_sequence: where it stands afterwards; later than `expected_sequence`.
            recorded_at: when the event at `new_sequence` was recorded.
            changes: rows to set or delete; of several changes of one row the last holds.
            parked: events in between that could not be folded, with the reason.

        Raises:
            EngineError: the rows belong to another ledger.
            ValueError: the checkpoint would not move forward.
        """
        ledger = await self.ledger_id()
        crises = _by_crisis(changes)
        names = [*_keys(partition, projection), *_rows_keys(partition, projection, crises)]
        arguments: list[str | bytes | int] = [
            ledger, expected_sequence, new_sequence, instant_text(recorded_at), len(parked or {})
        ]  # fmt: skip
        for sequence, reason in (parked or {}).items():
            arguments += [sequence, reason]
        for crisis, rows in crises.items():
            arguments += _row_arguments(crisis, rows)
        reply = await self._functions.call("tollbook_readmodel_commit", names, arguments)
        stored = checkpoint_from(*reply[1:4])
        match reply[0]:
            case b"other_ledger":
                raise _other_ledger(partition, projection, stored, ledger)
            case b"backwards":
                raise ValueError(
                    f"a checkpoint only moves forward: {projection} of partition {partition} "
                    f"cannot go from {expected_sequence} to {new_sequence}"
                )
            case outcome:
                return CommitResult(outcome == b"committed", stored.sequence)

    async def read(self, partition: int, projection: str, crisis: str) -> RowsRead:
        """The rows of one crisis by key, all of one moment, with the position of that moment."""
        checkpoint, rows = await self._read_at_once(partition, projection, (crisis,))
        return RowsRead(rows[crisis], checkpoint.sequence, checkpoint.recorded_at)

    async def snapshot(self, partition: int, projection: str) -> Snapshot:
        """Every row of a projection of a partition, all of one moment, in sorted order."""
        await self.ledger_id(fresh=True)
        for attempt in range(READ_TRIES_MAX):
            crises = await self.crises(partition, projection)
            reply = await self._read_reply(partition, projection, crises, _limit(attempt))
            if _texts(reply[3]) != crises:
                continue
            checkpoint = await self._checked(partition, projection, reply)
            rows = await self._rows(partition, projection, crises, reply, checkpoint)
            if rows is not None:
                parked = {int(sequence): why.decode() for sequence, why in _pairs(reply[4])}
                return Snapshot(checkpoint, rows, dict(sorted(parked.items())))
        raise _too_busy(partition, projection)

    async def checkpoint(self, partition: int, projection: str) -> Checkpoint:
        """Where the rows of a projection stand.

        Raises:
            EngineError: the rows belong to another ledger.
        """
        fields = await self._fields(_keys(partition, projection)[0])
        return await self._checked(partition, projection, fields)

    async def positions(self, partition: int, projections: Iterable[str]) -> tuple[int, ...]:
        """The checkpoints' sequences, in the order of `projections`."""
        return tuple([(await self.checkpoint(partition, name)).sequence for name in projections])

    async def crises(self, partition: int, projection: str) -> list[str]:
        """The crises that have rows, sorted."""
        key = _keys(partition, projection)[1]
        return _texts(await cast(Awaitable[set[bytes]], self.redis.smembers(key)))

    async def parked_count(self, partition: int, projection: str) -> int:
        """How many events could not be folded and were left out."""
        return await self.redis.hlen(_keys(partition, projection)[2])

    async def ledger_id(self, *, fresh: bool = False) -> str:
        """The id of the ledger in this engine, read once, and again where `fresh`."""
        if self._ledger_id is None or fresh:
            stored = await cast(Awaitable[bytes | None], self.redis.hget(keys.LEDGER, "id"))
            if not stored:
                raise EngineError("there is no ledger in this engine yet: open one first")
            self._ledger_id = stored.decode()
        return self._ledger_id

    async def _read_at_once(
        self, partition: int, projection: str, crises: Sequence[str]
    ) -> tuple[Checkpoint, dict[str, dict[str, bytes]]]:
        for attempt in range(READ_TRIES_MAX):
            reply = await self._read_reply(partition, projection, crises, _limit(attempt))
            checkpoint = await self._checked(partition, projection, reply)
            rows = await self._rows(partition, projection, crises, reply, checkpoint)
            if rows is not None:
                return checkpoint, rows
        raise _too_busy(partition, projection)

    async def _read_reply(
        self, partition: int, projection: str, crises: Sequence[str], limit: int
    ) -> list[Any]:
        names = [*_keys(partition, projection), *_rows_keys(partition, projection, crises)]
        reply = await self._functions.call(
            "tollbook_readmodel_read", names, [limit], read_only=True
        )
        return cast("list[Any]", reply)

    async def _rows(
        self,
        partition: int,
        projection: str,
        crises: Sequence[str],
        reply: list[Any],
        at: Checkpoint,
    ) -> dict[str, dict[str, bytes]] | None:
        """The rows in a reply, or read in pieces where too many; None where they have moved."""
        if reply[5]:
            return {
                crisis: _sorted_rows(_pairs(flat))
                for crisis, flat in zip(crises, reply[6], strict=True)
            }
        rows = {}
        for crisis, key in zip(crises, _rows_keys(partition, projection, crises), strict=True):
            pieces = self.redis.hscan_iter(key, count=ROWS_AT_ONCE_MAX // 5)
            rows[crisis] = _sorted_rows([pair async for pair in pieces])
        return rows if await self.checkpoint(partition, projection) == at else None

    async def _checked(
        self, partition: int, projection: str, fields: Sequence[bytes | None]
    ) -> Checkpoint:
        checkpoint = checkpoint_from(*fields[:3])
        ledger = await self.ledger_id()
        if checkpoint.ledger not in ("", ledger):
            raise _other_ledger(partition, projection, checkpoint, ledger)
        return checkpoint

    async def _fields(self, key: str) -> list[bytes | None]:
        fields = ["ledger", "sequence", "recorded_at"]
        return await cast(Awaitable[list[bytes | None]], self.redis.hmget(key, fields))


def _limit(attempt: int) -> int:
    return ROWS_AT_ONCE_MAX if attempt < PIECES_TRIES else ROWS_UNBOUNDED


def _keys(partition: int, projection: str) -> list[str]:
    base = f"tollbook:{{{partition}}}:{projection}"
    return [f"{base}:checkpoint", f"{base}:crises", f"{base}:parked"]


def _rows_keys(partition: int, projection: str, crises: Iterable[str]) -> list[str]:
    return [f"tollbook:{{{partition}}}:{projection}:rows:{crisis}" for crisis in crises]


def _by_crisis(changes: Sequence[RowChange]) -> dict[str, dict[str, bytes | None]]:
    crises: dict[str, dict[str, bytes | None]] = {}
    for change in changes:
        crises.setdefault(change.crisis, {})[change.key] = change.value
    return crises


def _row_arguments(crisis: str, rows: Mapping[str, bytes | None]) -> list[str | bytes | int]:
    filled = [(key, value) for key, value in rows.items() if value is not None]
    deleted = [key for key, value in rows.items() if value is None]
    pairs = [part for pair in filled for part in pair]
    return [crisis, len(filled), *pairs, len(deleted), *deleted]


def _pairs(flat: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _sorted_rows(pairs: Sequence[tuple[bytes, bytes]]) -> dict[str, bytes]:
    return {key.decode(): value for key, value in sorted(pairs)}


def _texts(values: Iterable[bytes]) -> list[str]:
    return sorted(value.decode() for value in values)


def _other_ledger(partition: int, projection: str, found: Checkpoint, ledger: str) -> EngineError:
    return EngineError(
        f"the rows of {projection} in partition {partition} were folded from another ledger "
        f"({found.ledger}, up to sequence {found.sequence}); the ledger here is {ledger}. "
        f"Use the engine those rows belong to, or delete the keys "
        f"tollbook:{{{partition}}}:{projection}:* and the rows are folded anew"
    )


def _too_busy(partition: int, projection: str) -> EngineError:
    return EngineError(
        f"the rows of {projection} in partition {partition} changed {READ_TRIES_MAX} times while "
        "they were being read: try again when fewer events arrive"
    )
