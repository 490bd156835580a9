"""The engine's files were damaged: what cannot be trusted is refused, with what to do about it."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis
from tests.conftest import opened
from tests.contract.ledger_kit import event
from tests.faults.checker import must_be_proved, must_hold
from tests.faults.disk_kit import short_folder
from tests.unit.tlog_kit import LOG

from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_services.append_only_file import rewritten
from tollbook_services.engine import EngineProcess
from tollbook_services.guard import admit, remember
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.sealer import Sealer
from tollbook_services.sealing.signed_heads import SignedHeads
from tollbook_services.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.faults]

BATCHES, BATCH = 5, 4
TORN_AT = 24
Places = dict[str, tuple[int, int]]
Damage = Callable[[Path], None]


async def filled(data: Path, *, base: bool) -> tuple[Places, Places, int]:
    """A store in which a batch follows others; perhaps these are in the base file.

    Returns:
        The places of all events, those of all but the last batch, and where that one begins.
    """
    engine = EngineProcess(data)
    url = await engine.start()
    places: Places = {}
    before: Places = {}
    begin = 0
    try:
        async with opened(url) as redis:
            ledger = await Ledger.open(redis, partitions=1)
            remember(Settings(data=data), ledger.id)
            for batch in range(BATCHES):
                before, begin = dict(places), tail(data).stat().st_size
                sent = [event(f"b{batch}-{number}") for number in range(BATCH)]
                for receipt in await ledger.append(sent):
                    assert receipt.sequence is not None
                    places[receipt.id] = (receipt.partition, receipt.sequence)
                if base and batch == BATCHES - 2:
                    await Sealer(ledger, LOG).catch_up(0)
                    assert not await rewritten(redis)
    finally:
        await engine.stop()
    return places, before, begin


def folder_of(data: Path) -> Path:
    return data / "appendonlydir"


def tail(data: Path) -> Path:
    return max(folder_of(data).glob("*.incr.aof"))


def flipped(file: Path, text: bytes, offset: int) -> None:
    """Another bit behind the first occurrence of a text in the second half of a file."""
    content = bytearray(file.read_bytes())
    place = content.find(text, len(content) // 2)
    assert place >= 0, text
    content[place + offset] ^= 1
    file.write_bytes(bytes(content))


def in_the_middle(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def halved(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


DAMAGES: dict[str, Damage] = {
    "a type mark": lambda data: flipped(tail(data), b"\r\n$", 2),
    "a length": lambda data: flipped(tail(data), b"\r\n$", 3),
    "a command": lambda data: flipped(tail(data), b"XADD", 1),
    "the base file": lambda data: in_the_middle(max(folder_of(data).glob("*.base.*"))),
    "half the base file": lambda data: halved(max(folder_of(data).glob("*.base.*"))),
    "a lost tail": lambda data: tail(data).unlink(),
    "a lost base file": lambda data: max(folder_of(data).glob("*.base.*")).unlink(),
    "no manifest that one could read": lambda data: max(
        folder_of(data).glob("*.manifest")
    ).write_bytes(b"file nothing\n"),
}


@pytest.mark.parametrize("base", [False, True], ids=["no rewrite", "rewritten"])
async def test_files_that_the_engine_cannot_read_are_refused_with_what_to_do(base):
    with short_folder() as folder:
        places, *_ = await filled(folder / "whole", base=base)
        for number, (name, damage) in enumerate(DAMAGES.items()):
            data = folder / f"d{number}"
            shutil.copytree(folder / "whole", data)
            damage(data)
            engine = EngineProcess(data)
            with pytest.raises(EngineError) as refused:
                await engine.start()
            await engine.stop()
            assert "its files are damaged" in str(refused.value), name
            assert "restore a backup" in str(refused.value), name
            assert "Do not repair with `--fix`" in str(refused.value), name
            assert "also those that were acknowledged" in str(refused.value), name

            shutil.rmtree(folder_of(data))
            shutil.copytree(folder_of(folder / "whole"), folder_of(data))
            await holds(data, places)


async def holds(data: Path, places: Places, in_flight: tuple[str, ...] = ()) -> str | None:
    """The store starts, has what was acknowledged, and goes on; what was said of a cut-off end."""
    engine = EngineProcess(data)
    url = await engine.start()
    try:
        async with opened(url) as redis:
            assert not await admit(redis, Settings(data=data), create=False)
            await must_hold(redis, places, in_flight)
            await must_be_proved(redis)
        return engine.words.cut_off()
    finally:
        await engine.stop()


@pytest.mark.parametrize("base", [False, True], ids=["no rewrite", "rewritten"])
async def test_a_flipped_bit_in_an_event_is_found_before_anything_is_served(base):
    with short_folder() as folder:
        await filled(folder, base=base)
        flipped(tail(folder), b'"exactly","value":1', len(b'"exactly","value":'))
        engine = EngineProcess(folder)
        url = await engine.start()
        try:
            async with opened(url) as redis:
                with pytest.raises(CheckFailedError, match=r"partition 0, sequence \d+") as found:
                    await admit(redis, Settings(data=folder), create=False)
            assert "restore them from a backup" in str(found.value)
        finally:
            await engine.stop()


@pytest.mark.parametrize("base", [False, True], ids=["no rewrite", "rewritten"])
async def test_a_batch_torn_at_any_byte_is_there_whole_or_not_at_all(base):
    with short_folder() as folder:
        whole = folder / "whole"
        places, before, begin = await filled(whole, base=base)
        if base:
            begin = 0
        end = tail(whole).stat().st_size
        last = tuple(places.keys() - before.keys())
        for number in range(TORN_AT):
            data = folder / f"t{number}"
            shutil.copytree(whole, data)
            size = begin + (end - begin) * number // TORN_AT + number % 2
            with tail(data).open("rb+") as file:
                file.truncate(size)
            told = await holds(data, before, last)
            torn = told is not None
            assert not torn or "ended in the middle of a write" in str(told)
            assert not torn or "tollbook verify" in str(told)
            shutil.rmtree(data)


async def test_a_file_without_its_sealed_end_is_never_signed_again():
    with short_folder() as folder:
        places, before, begin = await filled(folder, base=False)
        heads = SignedHeads(folder / "signed.heads", "")
        await with_store(folder, lambda redis: sealed(redis, heads))
        with tail(folder).open("rb+") as file:
            file.truncate(begin + 9)
        assert len(before) < len(places)

        async def refused(redis: Redis) -> None:
            await sealed(redis, heads)  # what is left is what was signed
            with pytest.raises(CheckFailedError, match="20 events was signed, and it has 16"):
                await sealed(redis, heads)

        await with_store(folder, refused)


async def sealed(redis: Redis, heads: SignedHeads) -> None:
    """What a sealer does that remembers what it signed."""
    ledger = await Ledger.open(redis, create=False)
    await Sealer(ledger, LOG, heads).catch_up(0)


async def with_store(data: Path, work: Callable[[Redis], object]) -> None:
    """Something done to a store that runs meanwhile."""
    engine = EngineProcess(data)
    url = await engine.start()
    try:
        async with opened(url) as redis:
            done = work(redis)
            assert asyncio.iscoroutine(done)
            await done
    finally:
        await engine.stop()


async def test_a_lost_manifest_is_not_taken_for_an_empty_ledger():
    with short_folder() as folder:
        places, *_ = await filled(folder, base=False)
        manifest = max(folder_of(folder).glob("*.manifest"))
        shutil.copytree(folder_of(folder), folder / "copy")
        manifest.unlink()

        async def refused(redis: Redis) -> None:
            with pytest.raises(CheckFailedError, match="has no ledger: it was erased or replaced"):
                await admit(redis, Settings(data=folder), create=True)

        await with_store(folder, refused)
        shutil.rmtree(folder_of(folder))
        (folder / "copy").rename(folder_of(folder))
        await holds(folder, places)
