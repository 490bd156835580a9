"""Ledgers to archive, and places that fail, lie or are away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.contract.ledger_kit import event, report
from tests.unit.tlog_kit import LOG

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.errors import EngineError
from tollbook_schemas.parse import ParsedEvent
from tollbook_services.archive.archiving import ArchivedPartition, archive_ledger
from tollbook_services.archive.place import ArchivePlace
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.sealer import Sealer
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook, open_tollbook

PARTITIONS = 2
CRISES = [f"crisis-{number}" for number in range(6)]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Tollbook]:
    """A ledger of two partitions."""
    async with open_tollbook(Settings(redis=url, partitions=PARTITIONS), create=True) as book:
        yield book


async def filled(ledger: Ledger, count: int, first: int = 0) -> None:
    """Events of some crises, two of them too long for a bundle, all sealed."""
    names = range(first, first + count)
    await ledger.append([event(f"e{one}", 1, crisis=CRISES[one % len(CRISES)]) for one in names])
    await ledger.append([_long(f"long{first}-{one}") for one in "ab"])
    await seal(ledger)


def _long(name: str) -> ParsedEvent:
    document = {**report(name, crisis=CRISES[0]), "ext": {"pad": "x" * 70_000}}
    bare = event(name, crisis=CRISES[0])
    return ParsedEvent(bare.key, bare.crisis, canonical_bytes(document))


async def seal(ledger: Ledger) -> None:
    """Seal all that is there."""
    for number in range(ledger.partitions):
        await Sealer(ledger, LOG).catch_up(number)


async def archived(
    ledger: Ledger, place: ArchivePlace, keep: int | None = 10
) -> list[ArchivedPartition]:
    """What one run of archiving did."""
    return await archive_ledger(ledger, place, keep, lambda _: None)


class FailingPlace:
    """Fails from one operation on, before it was done or after."""

    def __init__(self, place: ArchivePlace, after: int, *, done: bool) -> None:
        self.name = place.name
        self.count = 0
        self._place = place
        self._after = after
        self._done = done

    async def read(self, path: str) -> bytes | None:
        self._step()
        return await self._place.read(path)

    async def write(self, path: str, data: bytes) -> None:
        if self._done:
            await self._place.write(path, data)
        self._step()
        if not self._done:
            await self._place.write(path, data)

    def _step(self) -> None:
        self.count += 1
        if self.count > self._after:
            raise EngineError("the archive cannot be reached")


class LyingPlace:
    """Says that it wrote, and keeps one file with a bit flipped, cut off, or not at all."""

    def __init__(self, place: ArchivePlace, fault: str, path: str) -> None:
        self.name = place.name
        self._place = place
        self._fault = fault
        self._path = path

    async def read(self, path: str) -> bytes | None:
        return await self._place.read(path)

    async def write(self, path: str, data: bytes) -> None:
        if path.endswith(self._path):
            match self._fault:
                case "flipped":
                    data = data[:-1] + bytes([data[-1] ^ 1])
                case "cut":
                    data = data[:-1]
                case _:
                    return
        await self._place.write(path, data)
