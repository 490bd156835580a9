"""Read models in the engine: rows and checkpoint of each projection, changed only together."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeVar, cast

from redis.asyncio import Redis

from tollbook_projections.projection import Fold, table_of
from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_services import keys
from tollbook_services.changes_out import hand_on
from tollbook_services.checkpoint import (
    Checkpoint,
    CommitResult,
    Opening,
    Rows,
    RowsRead,
    Snapshot,
    Step,
)
from tollbook_services.functions_caller import Functions
from tollbook_services.generation import (
    FEED_ENTRIES_MAX,
    READ_TRIES_MAX,
    Generation,
    MovedError,
    Place,
)
from tollbook_services.position import LedgerPosition
from tollbook_services.stored import number_from

Found = TypeVar("Found")

SWAPS_MET_MAX: Final = 20
"""Swaps that one call may meet; each makes it ask again which generation is live."""


def projection_id(fold: Fold | type[Fold]) -> str:
    """The name under which the rows of a fold are stored: `figures.v1`."""
    return f"{fold.name}.v{fold.version}"


class ReadModels:
    """The live rows of every projection. A projection is named as `projection_id` does.

    Rows of another ledger are refused everywhere: a checkpoint names the ledger it belongs to.
    """

    def __init__(self, redis: Redis, ledger_id: str | None = None) -> None:
        """Take the engine's client; the ledger's id is read from the engine where not given."""
        self.redis = redis
        self._ledger_id = ledger_id
        self._functions = Functions(redis)
        self._numbers: dict[tuple[int, str], int] = {}

    def position(self, partition: int, sequence: int) -> str | None:
        """A token of a place in the ledger; commits may write to the change feed."""
        return LedgerPosition(self._ledger_id or "", partition, sequence).token()

    async def open(self, partition: int, projection: str) -> Opening:
        """What a worker needs to begin; what one that died had still to tell is told."""
        await self.ledger_id(fresh=True)
        await hand_on(self.redis, partition, FEED_ENTRIES_MAX)
        return await self._live(partition, projection, opening_of)

    async def commit(self, partition: int, projection: str, step: Step) -> CommitResult:
        """Change rows and move the checkpoint in one call, if the checkpoint is as expected.

        Not committed either where the step's generation is no longer the live one.

        Raises:
            EngineError: the rows belong to another ledger.
            ValueError: the checkpoint would not move forward.
        """
        if step.generation is None:
            return await self._live(partition, projection, lambda one: one.commit(step))
        generation = await self.generation(partition, projection, step.generation)
        try:
            return await generation.commit(step)
        except MovedError:
            return CommitResult(
                committed=False, sequence=(await self.checkpoint(partition, projection)).sequence
            )

    async def read(
        self,
        partition: int,
        projection: str,
        crisis: str,
        *,
        tables: Sequence[str] | None = None,
        shared: str | None = None,
    ) -> RowsRead:
        """The rows of one crisis by key, all of one moment, with the position of that moment.

        Args:
            partition: the ledger partition.
            projection: such as `figures.v1`.
            crisis: whose rows.
            tables: only the rows of these tables.
            shared: the ledger subject of the partition, whose references are read along.
        """
        beside = [] if shared is None else [(shared, "reference")]

        async def ask(generation: Generation) -> RowsRead:
            return await rows_of(generation, crisis, tables, beside)

        return await self._live(partition, projection, ask)

    async def snapshot(self, partition: int, projection: str) -> Snapshot:
        """Every row of a projection of a partition, all of one moment, in sorted order."""
        await self.ledger_id(fresh=True)
        return await self._live(partition, projection, snapshot_of)

    async def checkpoint(self, partition: int, projection: str) -> Checkpoint:
        """Where the rows of a projection stand.

        Raises:
            EngineError: the rows belong to another ledger.
        """

        async def ask(generation: Generation) -> Checkpoint:
            return (await generation.look()).checkpoint

        return await self._live(partition, projection, ask)

    async def positions(self, partition: int, projections: Iterable[str]) -> tuple[int, ...]:
        """The checkpoints' sequences, in the order of `projections`."""
        return tuple([(await self.checkpoint(partition, name)).sequence for name in projections])

    async def crises(self, partition: int, projection: str) -> list[str]:
        """The crises that have rows, sorted; ledger subjects too."""
        opening = await self._live(partition, projection, opening_of)
        return sorted(opening.crises)

    async def parked(self, partition: int, projection: str) -> dict[int, str]:
        """Why each event that could not be folded was left out, by sequence."""

        async def ask(generation: Generation) -> dict[int, str]:
            return (await generation.look(everything=True)).parked

        return await self._live(partition, projection, ask)

    async def parked_count(self, partition: int, projection: str) -> int:
        """How many events could not be folded and were left out."""
        return len(await self.parked(partition, projection))

    async def generation(self, partition: int, projection: str, number: int) -> Generation:
        """One generation of the rows, meant as the live one."""
        ledger = await self.ledger_id()
        return Generation(self.redis, self._functions, ledger, partition, projection, number)

    async def generations(self, partition: int, projection: str) -> tuple[int, int | None]:
        """The live generation, and the one before it where there is one to go back to."""
        names = [projection, f"{projection}:back"]
        stored = await cast(
            Awaitable[list[bytes | None]], self.redis.hmget(keys.live(partition), names)
        )
        live, back = stored
        try:
            return number_from(live or b"1"), None if back is None else number_from(back)
        except ValueError as error:
            raise CheckFailedError(
                f"which rows of {projection} in partition {partition} are live is not as it was "
                f"written ({error}): the engine's data was altered"
            ) from None

    async def ledger_id(self, *, fresh: bool = False) -> str:
        """The id of the ledger in this engine, read once, and again where `fresh`."""
        if self._ledger_id is None or fresh:
            stored = await cast(Awaitable[bytes | None], self.redis.hget(keys.LEDGER, "id"))
            if not stored:
                raise EngineError("there is no ledger in this engine yet: open one first")
            self._ledger_id = stored.decode()
        return self._ledger_id

    async def _live(
        self, partition: int, projection: str, ask: Callable[[Generation], Awaitable[Found]]
    ) -> Found:
        """What the live generation says; asked again where another one became live meanwhile."""
        place = (partition, projection)
        for _ in range(SWAPS_MET_MAX):
            if place not in self._numbers:
                self._numbers[place] = (await self.generations(partition, projection))[0]
            try:
                return await ask(await self.generation(*place, self._numbers[place]))
            except MovedError:
                self._numbers.pop(place, None)
        raise EngineError(f"{projection} in partition {partition} is swapped again and again")


async def opening_of(generation: Generation) -> Opening:
    """What a worker needs to begin, of one generation."""
    look = await generation.look(everything=True)
    crises = frozenset(crisis for crisis, _ in look.places)
    return Opening(look.checkpoint, generation.number, crises)


async def snapshot_of(generation: Generation) -> Snapshot:
    """Every row of a generation, all of one moment."""
    wanted: list[Place] = []
    for attempt in range(READ_TRIES_MAX):
        look = await generation.look(wanted, everything=True, attempt=attempt)
        if look.places != wanted:
            wanted = look.places
            continue
        found = await generation.rows_at(wanted, look)
        if found is not None:
            places: dict[str, dict[Place, Rows]] = {}
            for place in wanted:
                places.setdefault(place[0], {})[place] = found[place]
            rows = {crisis: _of_crisis(those, crisis) for crisis, those in places.items()}
            return Snapshot(look.checkpoint, rows, look.parked, _misplaced(found))
    raise generation.too_busy()


async def rows_of(
    generation: Generation,
    crisis: str,
    tables: Sequence[str] | None = None,
    beside: Sequence[Place] = (),
) -> RowsRead:
    """The rows of a crisis in one generation, and those of other places, of one moment."""
    wanted = [(crisis, table) for table in tables or ()]
    for attempt in range(READ_TRIES_MAX):
        asked = list(dict.fromkeys((*wanted, *beside)))
        look = await generation.look(asked, everything=tables is None, attempt=attempt)
        if tables is None:
            present = [place for place in look.places if place[0] == crisis]
            if present != wanted:
                wanted = present
                continue
        found = await generation.rows_at(asked, look)
        if found is not None:
            rows = _of_crisis({place: found[place] for place in wanted}, crisis)
            shared = {key: row for place in beside for key, row in found[place].items()}
            at = look.checkpoint
            return RowsRead(rows, at.sequence, at.recorded_at, shared, generation.number)
    raise generation.too_busy()


def _misplaced(found: dict[Place, Rows]) -> tuple[str, ...]:
    return tuple(
        f"{crisis} {key} lies among the rows of {table or 'no table'}"
        for (crisis, table), rows in found.items()
        for key in rows
        if table_of(key) != table
    )


def _of_crisis(found: dict[Place, Rows], crisis: str) -> Rows:
    rows: Rows = {}
    for place, some in found.items():
        if place[0] == crisis:
            rows |= some
    return dict(sorted(rows.items()))
