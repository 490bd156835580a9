"""Nothing is trimmed that was not archived and verified, whatever goes wrong, and at any moment."""

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.conftest import emptied
from tests.integration.archive_kit import (
    FailingPlace,
    LyingPlace,
    archived,
    filled,
    opened,
)
from tests.integration.log_folder_kit import write_logs
from tests.unit.tlog_kit import LOG

from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_services import keys
from tollbook_services.archive.place import place_of
from tollbook_services.archive.state import archive_state
from tollbook_services.check import check_events
from tollbook_services.sealing.keyring import write_key_file
from tollbook_services.sealing.log_places import open_logs
from tollbook_services.sealing.verification import verify_logs
from tollbook_services.verify import verify
from tollbook_services.wiring import Tollbook

pytestmark = pytest.mark.anyio

KILLS = 8


@pytest.fixture
async def book(engine_url: str) -> AsyncIterator[Tollbook]:
    """A ledger with some 1,000 events in two partitions, sealed."""
    async with opened(engine_url) as one:
        await filled(one.ledger, 1_000)
        yield one


async def untouched(book: Tollbook) -> bool:
    """Whether every stream still has all its events."""
    lengths = [await book.redis.xlen(keys.ledger(number)) for number in range(2)]
    return lengths == [await book.ledger.head(number) for number in range(2)]


async def sound(book: Tollbook) -> bool:
    """Whether archive and streams together hold every event, unaltered."""
    return all(one.holds for one in await check_events(book.redis))


@pytest.mark.parametrize("done", [False, True])
async def test_a_place_that_fails_at_any_step_loses_nothing_and_the_next_run_goes_on(
    book, tmp_path: Path, done
):
    place = place_of(str(tmp_path / "a"), create=True)
    failures = 0
    while True:
        failing = FailingPlace(place, failures, done=done)
        try:
            ended = await archived(book.ledger, failing)
        except EngineError:
            failures += 1
            assert await untouched(book)
        else:
            break

    assert failures > 15
    assert all(one.trimmed for one in ended)
    assert await sound(book)


@pytest.mark.parametrize("fault", ["flipped", "cut", "missing"])
@pytest.mark.parametrize(
    "path", ["tile/entries/000", "tile/0/000", "tile/1/000.p/1", "0/checkpoint", "keys"]
)
async def test_a_place_that_keeps_other_bytes_is_found_out_before_anything_is_trimmed(
    book, tmp_path: Path, fault, path
):
    place = LyingPlace(place_of(str(tmp_path / "a"), create=True), fault, path)

    with pytest.raises(CheckFailedError, match=r"another|not what|altered"):
        await archived(book.ledger, place)

    assert (await archive_state(book.redis, 1)).trimmed == 0
    assert (await archive_state(book.redis, 0)).trimmed == 0
    assert await untouched(book)


@pytest.mark.parametrize("name", ["tile/entries/000", "tile/0/000", "event/", "checkpoint"])
async def test_what_was_altered_since_is_never_overwritten_and_nothing_more_is_trimmed(
    book, tmp_path: Path, name
):
    folder = tmp_path / "a"
    place = place_of(str(folder), create=True)
    await archived(book.ledger, place, None)
    for path in folder.rglob("*"):
        if path.is_file() and name in str(path.relative_to(folder)):
            path.write_bytes(path.read_bytes()[:-3] + b"abc")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    with pytest.raises(CheckFailedError):
        await archived(book.ledger, place)

    assert await untouched(book)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_an_archived_event_that_was_altered_is_named_when_it_is_read(book, tmp_path: Path):
    folder = tmp_path / "a"
    await archived(book.ledger, place_of(str(folder), create=True))
    bundle = folder / "0" / "tile" / "entries" / "000"
    raw = bytearray(bundle.read_bytes())
    raw[raw.index(b'"value":1')] ^= 1
    bundle.write_bytes(raw)

    with pytest.raises(CheckFailedError, match="event 1 of partition 0 in the archive"):
        await book.ledger.read(0, 0, 5)
    bundle.unlink()
    with pytest.raises(CheckFailedError, match="lacks 0/tile/entries/000"):
        await book.ledger.read(0, 0, 5)


async def test_another_ledgers_place_is_refused(book, redis8_url, tmp_path: Path):
    folder = tmp_path / "a"
    folder.mkdir()
    async with opened(emptied(redis8_url)) as other:
        await filled(other.ledger, 10)
        await write_logs(other.ledger, folder)

    with pytest.raises(CheckFailedError, match="is the archive of another ledger"):
        await archived(book.ledger, place_of(str(folder)))

    assert await untouched(book)


async def test_a_stream_that_was_altered_since_it_was_sealed_is_not_archived(book, tmp_path: Path):
    name = keys.ledger(0)
    (entry_id, fields), *rest = await book.redis.xrange(name)
    await book.redis.delete(name)
    altered = fields | {b"e": fields[b"e"].replace(b"killed", b"missed")}
    for one, other in [(entry_id, altered), *rest]:
        await book.redis.xadd(name, other, id=one)

    with pytest.raises(CheckFailedError, match="does not lead to the signed checkpoint"):
        await archived(book.ledger, place_of(str(tmp_path / "a"), create=True))

    assert (await archive_state(book.redis, 0)).trimmed == 0


async def test_kill_9_at_any_moment_of_archiving_and_trimming(engine_url, tmp_path: Path):
    """Real processes, killed after random times; what is left is ended by the next run."""
    rng = random.Random(20261123)
    folder, key = tmp_path / "a", tmp_path / "key"
    write_key_file(key, LOG)
    command = [sys.executable, "-m", "tollbook_services.cli", "archive", str(folder)]
    command += ["--redis", engine_url, "--keep", "10"]
    environment = {**os.environ, "TOLLBOOK_SIGNING_KEY_FILE": str(key)}
    async with opened(engine_url) as book:
        await filled(book.ledger, 3_000)
        whole_s = await ended([*command[:-1], "100000"], environment)
        for number in range(KILLS):
            await filled(book.ledger, 600, first=10_000 * (number + 1))
            await ended(command, environment, rng.uniform(0.3, 1.0) * whole_s)
            assert await sound(book)
        await ended(command, environment)

        assert await sound(book)
        assert await verify(book.redis) < 1_000
        logs = await open_logs(str(folder))
        assert (await verify_logs(logs, [logs.keys[-1]])).holds


async def ended(
    command: list[str], environment: dict[str, str], kill_after_s: float | None = None
) -> float:
    """Seconds that a command took that has to end well, or that was killed after some."""
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        code = await asyncio.wait_for(process.wait(), kill_after_s)
    except TimeoutError:
        with suppress(ProcessLookupError):  # it ended at this very moment
            process.kill()
        code = await process.wait()
    assert code == 0 or kill_after_s is not None
    return time.monotonic() - began
