"""The rows of one generation of a projection in the engine; which one is live is looked at here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from tollbook_projections.projection import RowChange, table_of
from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_services import keys
from tollbook_services.changes_out import hand_on
from tollbook_services.checkpoint import (
    Checkpoint,
    CommitResult,
    Rows,
    Step,
    checkpoint_from,
    instant_text,
)
from tollbook_services.fence import LeaseLostError
from tollbook_services.functions_caller import Functions
from tollbook_services.layout import layout_of
from tollbook_services.stored import number_from

ROWS_AT_ONCE_MAX: Final = 5_000
"""Rows read in one server-side call: about 10 ms, for which every other client waits."""

PIECES_TRIES: Final = 5
"""Tries to read many rows in pieces between two commits; then one long call reads them."""

READ_TRIES_MAX: Final = 20
"""Tries to read while places are being added, each of which makes a read start again."""

ROWS_UNBOUNDED: Final = 2**53

FEED_ENTRIES_MAX: Final = 100_000
"""Entries that the change feed keeps, about: 100 MB of memory, and days of a busy crisis."""

Place = tuple[str, str]
"""Crisis and table: the rows of a place are one hash."""


class MovedError(Exception):
    """The generation is not, or no longer, the live one."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one read-only call found.

    Attributes:
        checkpoint: where the generation stands.
        places: all its places, sorted; empty where not asked for.
        parked: its parked events; empty where not asked for.
        complete: whether the rows are there; they are not where there are too many for one call.
        rows: the rows of each place that was asked for.
    """

    checkpoint: Checkpoint
    places: list[Place]
    parked: dict[int, str]
    complete: bool
    rows: dict[Place, Rows]


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of the rows of a projection in a partition.

    Attributes:
        ledger: id of the ledger; rows of another one are refused.
        projection: such as `figures.v1`.
        number: from 1.
        live: whether it is meant as the one that is read, or as one built beside it.
    """

    redis: Redis
    functions: Functions
    ledger: str
    partition: int
    projection: str
    number: int
    live: bool = True

    async def commit(self, step: Step) -> CommitResult:
        """Change rows and move the checkpoint in one call, if the checkpoint is as expected.

        Raises:
            EngineError: the rows belong to another ledger.
            LeaseLostError: another worker has the lease that the step was made under.
            MovedError: the generation became live, or is not any more.
            ValueError: the checkpoint would not move forward.
        """
        places = _by_place(step.changes)
        arguments: list[str | bytes | int] = [
            self.projection, self.number, "live" if self.live else "beside", self.ledger,
            step.expected, step.sequence, instant_text(step.recorded_at), len(step.parked),
        ]  # fmt: skip
        for sequence, reason in step.parked.items():
            arguments += [sequence, reason]
        arguments += [FEED_ENTRIES_MAX, len(step.feed), *step.feed]
        for place, rows in places.items():
            arguments += _row_arguments(place, rows)
        changes = layout_of(self.redis).changes(self.partition)
        names = [*self._keys(), changes, *map(self._rows_key, places)]
        function, fence = "tollbook_readmodel_commit", step.fence
        if fence is not None:
            function = f"{function}_held"
            names, arguments = [keys.leases(self.partition), *names], [*fence, *arguments]
        reply = await self.functions.call(function, names, arguments)
        stored = checkpoint_from(*reply[1:4])
        match reply[0]:
            case b"fenced" if fence is not None:
                raise LeaseLostError.of(fence, self.partition)
            case b"other_ledger":
                raise self._other_ledger(stored)
            case b"moved":
                raise MovedError
            case b"backwards":
                raise ValueError(
                    f"a checkpoint only moves forward: {self.projection} of partition "
                    f"{self.partition} cannot go from {step.expected} to {step.sequence}"
                )
            case outcome:
                if step.feed and outcome == b"committed":
                    await hand_on(self.redis, self.partition, FEED_ENTRIES_MAX)
                return CommitResult(outcome == b"committed", stored.sequence)

    async def look(
        self, places: Sequence[Place] = (), *, everything: bool = False, attempt: int = 0
    ) -> Look:
        """Checkpoint and rows of some places, of one moment.

        Args:
            places: crisis and table of the rows to read.
            everything: whether to list all places and parked events too.
            attempt: how often this was tried before; after some tries one call reads all rows,
                however long that takes.

        Raises:
            EngineError: the rows belong to another ledger.
            MovedError: the generation is not the live one, though it is meant to be.
        """
        names = [*self._keys(), *map(self._rows_key, places)]
        limit = ROWS_AT_ONCE_MAX if attempt < PIECES_TRIES else ROWS_UNBOUNDED
        arguments: list[str | bytes | int] = [self.projection, limit, "all" if everything else ""]
        reply = await self.functions.call(
            "tollbook_readmodel_read", names, arguments, read_only=True
        )
        if self.live and reply[0] != b"%d" % self.number:
            raise MovedError
        try:
            found = _look(places, reply)
        except ValueError as error:
            raise CheckFailedError(
                f"{self.projection} in partition {self.partition} is not as it was written "
                f"({error}): the engine's data was altered; `tollbook rebuild` folds it anew"
            ) from None
        if found.checkpoint.ledger not in ("", self.ledger):
            raise self._other_ledger(found.checkpoint)
        return found

    async def rows_at(self, places: Sequence[Place], look: Look) -> dict[Place, Rows] | None:
        """The rows of a look, read in pieces where there were too many; None if they moved."""
        if look.complete:
            return look.rows
        rows = {}
        for place in places:
            pieces = self.redis.hscan_iter(self._rows_key(place), count=ROWS_AT_ONCE_MAX // 5)
            rows[place] = _sorted_rows([pair async for pair in pieces])
        again = await self.look()
        return rows if again.checkpoint == look.checkpoint else None

    async def drop(self) -> None:
        """Delete all that there is of this generation; what does not exist is fine."""
        pattern = f"{keys.generation(self.partition, self.projection, self.number)}:*"
        async for key in self.redis.scan_iter(pattern, count=10_000):
            await self.redis.unlink(key)

    def too_busy(self) -> EngineError:
        """What is raised when the rows could not be read at one moment."""
        return EngineError(
            f"the rows of {self.projection} in partition {self.partition} changed "
            f"{READ_TRIES_MAX} times while they were being read: try again when fewer events arrive"
        )

    @property
    def checkpoint_key(self) -> str:
        """The hash of the checkpoint."""
        return self._keys()[1]

    def _keys(self) -> list[str]:
        base = keys.generation(self.partition, self.projection, self.number)
        return [
            keys.live(self.partition), f"{base}:checkpoint", f"{base}:places", f"{base}:parked"
        ]  # fmt: skip

    def _rows_key(self, place: Place) -> str:
        base = keys.generation(self.partition, self.projection, self.number)
        return f"{base}:rows:{place[0]}/{place[1]}"

    def _other_ledger(self, found: Checkpoint) -> EngineError:
        return EngineError(
            f"the rows of {self.projection} in partition {self.partition} were folded from another "
            f"ledger ({found.ledger}, up to sequence {found.sequence}); the ledger here is "
            f"{self.ledger}. Use the engine those rows belong to, or delete the keys "
            f"{keys.generation(self.partition, self.projection, self.number)}:* and the rows are "
            "folded anew"
        )


def _look(places: Sequence[Place], reply: Sequence[Any]) -> Look:
    """A reply of the engine.

    Raises:
        ValueError: something in it has not the form in which it is stored.
    """
    found = [_sorted_rows(_pairs(flat)) for flat in reply[7]] if reply[6] else []
    return Look(
        checkpoint_from(*reply[1:4]),
        sorted(_place(member.decode()) for member in reply[4]),
        {number_from(sequence): why.decode() for sequence, why in sorted(_pairs(reply[5]))},
        bool(reply[6]),
        dict(zip(places, found, strict=True)) if reply[6] else {},
    )


def _place(member: str) -> Place:
    crisis, _, table = member.partition("/")
    return crisis, table


def _by_place(changes: Iterable[RowChange]) -> dict[Place, dict[str, bytes | None]]:
    places: dict[Place, dict[str, bytes | None]] = {}
    for change in changes:
        key = change.key
        places.setdefault((change.crisis, table_of(key)), {})[key] = change.value
    return places


def _row_arguments(place: Place, rows: Mapping[str, bytes | None]) -> list[str | bytes | int]:
    filled = [(key, value) for key, value in rows.items() if value is not None]
    deleted = [key for key, value in rows.items() if value is None]
    pairs = [part for pair in filled for part in pair]
    return ["/".join(place), len(filled), *pairs, len(deleted), *deleted]


def _pairs(flat: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _sorted_rows(pairs: Sequence[tuple[bytes, bytes]]) -> Rows:
    return {key.decode(): value for key, value in sorted(pairs)}
