"""The composition root: the one place where engine, ledger, read models and folds meet."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tollbook_projections import catalogue
from tollbook_projections.projection import Fold
from tollbook_schemas.errors import EngineError, EngineFullError
from tollbook_schemas.gazetteer import Gazetteer, default_gazetteer
from tollbook_schemas.policy import Policy, default_policy
from tollbook_schemas.scope import is_ledger_subject
from tollbook_services import keys
from tollbook_services.admission import Admission
from tollbook_services.build_processes import BuildProcesses
from tollbook_services.checkpoint import RowsRead
from tollbook_services.engine import connect, open_engine
from tollbook_services.engine_failures import engine_error
from tollbook_services.guard import admit, remember
from tollbook_services.heartbeats import Heartbeats
from tollbook_services.ledger import Ledger
from tollbook_services.logs import configure_logs
from tollbook_services.position import LedgerPosition
from tollbook_services.projector import Projector
from tollbook_services.readmodels import ReadModels, projection_id
from tollbook_services.rebuild import Rebuilder
from tollbook_services.settings import Settings

PATIENCE_S: Final = 6.0
"""Seconds a live projector is given: longer than a heartbeat outlives a killed one."""

LOOK_AGAIN_S: Final = 0.02
"""Seconds between two looks at a live projector's position: below what a person notices."""


@dataclass(frozen=True, slots=True)
class Tollbook:
    """Everything a command works with, opened.

    Attributes:
        url: the engine that `redis` is connected to.
        admission: the areas that events may name: the built-in ones and all that were published.
        gazetteer: the areas that are built in.
        folds: makes the in-memory state of each projection.
        projections: the stored name of each projection by its name: `figures` is `figures.v1`.
    """

    settings: Settings
    url: str
    redis: Redis
    ledger: Ledger
    readmodels: ReadModels
    heartbeats: Heartbeats
    admission: Admission
    gazetteer: Gazetteer
    policy: Policy
    folds: tuple[Callable[[], Fold], ...]
    projections: Mapping[str, str]

    def projector(self) -> Projector:
        """A projection worker in this process."""
        return Projector(self.ledger, self.readmodels, self.folds)

    def rebuilder(self, only: Collection[tuple[int, str]] | None = None) -> Rebuilder:
        """What builds the read models anew; only some, by partition and stored name."""
        processes = BuildProcesses(self.url)
        return Rebuilder(self.ledger, self.readmodels, self.folds, only=only, processes=processes)

    def fold(self, name: str) -> Fold:
        """An empty fold of a projection, by its name: `figures`."""
        made = (factory() for factory in self.folds)
        return next(fold for fold in made if fold.name == name)

    def is_shared(self, crisis: str) -> bool:
        """Whether a subject stands for all crises of its partition."""
        return is_ledger_subject(crisis)

    def position(self, partition: int, sequence: int) -> str:
        """A token of a place in this ledger, for `--min-position`."""
        return LedgerPosition(self.ledger.id, partition, sequence).token()

    def partition_of(self, crisis: str) -> int:
        """The partition that holds a crisis."""
        return keys.partition_of(crisis, self.ledger.partitions)

    async def catch_up(
        self, partitions: Iterable[int] | None = None, *, patience_s: float = PATIENCE_S
    ) -> bool:
        """Bring the read models to the ledger's present head; whether they are there.

        A live projector is given `patience_s` seconds for it; where there is none, or it dies
        meanwhile, this process folds. The checkpoint makes two at once harmless.
        """
        wanted = range(self.ledger.partitions) if partitions is None else partitions
        reached = True
        for partition in wanted:
            head = await self.ledger.head(partition)
            reached = await self._catch_up(partition, head, patience_s) and reached
        return reached

    async def freshen(
        self, partitions: Iterable[int] | None = None, *, patience_s: float = PATIENCE_S
    ) -> bool:
        """Catch up as far as can be, for who only reads; whether the read models are there.

        A full engine takes no rows either: then readers see what it has, and the position of it.
        """
        try:
            return await self.catch_up(partitions, patience_s=patience_s)
        except EngineFullError:
            return False

    async def _catch_up(self, partition: int, head: int, patience_s: float) -> bool:
        loop = asyncio.get_running_loop()
        until = loop.time() + patience_s
        names = self.projections.values()
        while min(await self.readmodels.positions(partition, names)) < head:
            if not await self.heartbeats.alive(partition, "projector"):
                await self.projector().catch_up(partition)
                return True
            if loop.time() >= until:
                return False
            await asyncio.sleep(LOOK_AGAIN_S)
        return True

    async def read(
        self, partition: int, projection: str, crisis: str, tables: Sequence[str] | None = None
    ) -> RowsRead:
        """The rows of a crisis in one projection, with what governs it, of one moment.

        Args:
            partition: the partition of the crisis.
            projection: its name, such as `figures`.
            crisis: whose rows.
            tables: only the rows of these tables; each is stored apart from the others.
        """
        subject = keys.ledger_subject(partition, self.ledger.partitions)
        stored = self.projections[projection]
        return await self.readmodels.read(partition, stored, crisis, tables=tables, shared=subject)

    async def crises(self) -> list[str]:
        """The crises of this ledger, in order."""
        found: set[str] = set()
        for partition in range(self.ledger.partitions):
            for name in self.projections.values():
                found.update(await self.readmodels.crises(partition, name))
        return sorted(crisis for crisis in found if not is_ledger_subject(crisis))


@asynccontextmanager
async def open_tollbook(
    settings: Settings, *, create: bool = False, sound: bool = True
) -> AsyncIterator[Tollbook]:
    """Open the store the settings name; the embedded engine runs at least until the exit.

    Args:
        settings: where the store is.
        create: make a store where there is none; else its absence is an error.
        sound: verify the stored events before anything is served, once in a run of the engine.

    Raises:
        EngineError: there is no store, or its engine cannot be reached or is unfit.
        CheckFailedError: another ledger is there, or a stored event was altered.
    """
    configure_logs()
    async with AsyncExitStack() as stack:
        try:
            url = await _engine_url(settings, stack, create=create)
            redis = await connect(url)
            stack.push_async_callback(redis.aclose)
            none = await admit(redis, settings, create=create, sound=sound)
            book = await _assemble(settings, url, redis, create=none)
            remember(settings, book.ledger.id)
        except OSError as error:
            raise EngineError(f"cannot open {_place(settings)}: {error}") from error
        except RedisError as error:
            raise _engine_failed(settings, error) from error
        try:
            yield book
        except RedisError as error:
            raise _engine_failed(settings, error) from error


async def _engine_url(settings: Settings, stack: AsyncExitStack, *, create: bool) -> str:
    if settings.redis is not None:
        return settings.redis
    if not create and not settings.data.is_dir():
        raise EngineError(
            f"there is no ledger in {settings.data}: publish something first, "
            "or name the directory with --data or the server with --redis"
        )
    handle = await stack.enter_async_context(open_engine(settings.data))
    return handle.url


async def _assemble(settings: Settings, url: str, redis: Redis, *, create: bool) -> Tollbook:
    gazetteer, policy = default_gazetteer(), default_policy()
    folds = catalogue.folds(gazetteer, policy)
    ledger = await Ledger.open(redis, partitions=settings.partitions, create=create)
    return Tollbook(
        settings=settings,
        url=url,
        redis=redis,
        ledger=ledger,
        readmodels=ReadModels(redis),
        heartbeats=Heartbeats(redis),
        admission=Admission(ledger, gazetteer),
        gazetteer=gazetteer,
        policy=policy,
        folds=folds,
        projections={fold.name: projection_id(fold) for fold in (make() for make in folds)},
    )


def _place(settings: Settings) -> str:
    return settings.place if settings.redis else f"the embedded engine in {settings.place}"


def _engine_failed(settings: Settings, error: RedisError) -> EngineError:
    place = _place(settings)
    remedy = "check the URL and that the server runs" if settings.redis else "run the command again"
    return engine_error(error, place, remedy)
