"""A byte that was flipped in the append-only file: the next start refuses, and says where."""

import asyncio
from pathlib import Path

import orjson
import pytest
from tests.contract.ledger_kit import events
from tests.integration.engine_kit import client

from tollbook_schemas.errors import CheckFailedError, EngineError, TollbookError
from tollbook_services import keys
from tollbook_services.cli import run
from tollbook_services.engine import open_engine
from tollbook_services.ledger import Ledger
from tollbook_services.settings import Settings
from tollbook_services.supervisor import serve
from tollbook_services.verify import verify, verify_once
from tollbook_services.wiring import open_tollbook

pytestmark = pytest.mark.anyio

THIRD = b'"id":"e2"'
"""In the event at sequence 3."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A store of five events in one partition whose engine has been stopped."""

    async def fill() -> None:
        async with open_tollbook(Settings(data=tmp_path, partitions=1), create=True) as book:
            await book.ledger.append(events(5))

    asyncio.run(fill())
    return tmp_path


def aof(data: Path) -> Path:
    (path,) = (data / "appendonlydir").glob("*.incr.aof")
    return path


def flip(data: Path, at: int, bit: int = 1) -> None:
    content = bytearray(aof(data).read_bytes())
    content[at] ^= bit
    aof(data).write_bytes(bytes(content))


def place_of(data: Path, text: bytes, after: bytes = b"") -> int:
    """Where a text is in the append-only file, behind another one."""
    content = aof(data).read_bytes()
    return content.index(text, content.index(after))


async def refusal(data: Path) -> TollbookError:
    """Why the store is not opened."""
    with pytest.raises(TollbookError) as refused:
        async with open_tollbook(Settings(data=data)):
            pass
    return refused.value


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        (b'"value":1', 8),
        (b'"recordedtime":"2', 15),
        (b'"areas"', 3),
        (b"\r\nh\r\n$32\r\n", 15),
        (b"\r\nh\r\n$32\r\n", 2),
        (b"\r\nt\r\n$16\r\n", 20),
        (b"\r\nt\r\n$16\r\n", 2),
    ],
    ids=["digit", "recorded time", "member", "hash", "name of hash", "time beside", "name of time"],
)
def test_a_flipped_byte_of_an_event_is_refused_by_partition_and_sequence(data, text, offset):
    begin = aof(data).read_bytes().rindex(b"XADD", 0, place_of(data, THIRD))
    content = aof(data).read_bytes()
    flip(data, content.index(text, begin) + offset)

    refused = asyncio.run(refusal(data))

    assert isinstance(refused, CheckFailedError)
    assert refused.exit_code == 4
    assert "partition 0, sequence 3: " in str(refused)
    assert "restore them from a backup" in str(refused)


def test_an_entry_whose_stream_was_renamed_is_missing_by_its_sequence(data):
    content = aof(data).read_bytes()
    flip(data, content.rindex(b":ledger", 0, place_of(data, THIRD)) + 3)

    refused = asyncio.run(refusal(data))

    assert isinstance(refused, CheckFailedError)
    assert "partition 0, sequence 3: the event is missing" in str(refused)


def test_a_head_that_was_altered_is_refused(data):
    head = place_of(data, b"\r\n5\r\n$8\r\nrecorded") + 2
    flip(data, head, 2)

    refused = asyncio.run(refusal(data))

    assert isinstance(refused, CheckFailedError)
    assert "partition 0" in str(refused)


def test_a_frame_that_the_engine_cannot_load_is_told_in_its_own_words(data):
    flip(data, place_of(data, b"$", after=THIRD), 2)

    refused = asyncio.run(refusal(data))

    assert isinstance(refused, EngineError)
    assert "does not start" in str(refused)
    assert "Bad file format" in str(refused)


def test_serve_refuses_an_altered_store_before_it_says_that_it_is_ready(data):
    said: list[str] = []
    flip(data, place_of(data, THIRD) + 7)

    with pytest.raises(CheckFailedError, match="partition 0, sequence 3"):
        asyncio.run(serve(Settings(data=data), asyncio.Event(), commands=(), announce=said.append))

    assert said == []


def test_check_names_what_was_altered_and_still_looks_at_everything(data, capsys):
    where = ["--data", str(data), "--format", "json"]
    assert run(["check", *where]) == 0
    assert orjson.loads(capsys.readouterr().out)["holds"]
    flip(data, place_of(data, THIRD) + 7)
    assert run(["check", *where]) == 4

    told = orjson.loads(capsys.readouterr().out)

    found = {one["name"]: one for one in told["invariants"]}
    assert not told["holds"]
    assert found["hashes"]["faults"][0].startswith("partition 0, sequence 3: ")
    assert found["keys"]["faults_count"] > 0
    assert found["dense"]["holds"]
    assert found["heads"]["holds"]
    assert not found["views, pages of 7"]["holds"]


async def test_events_are_verified_once_in_a_run_of_the_engine(data):
    async with open_engine(data) as handle, client(handle.url) as redis:
        assert await verify_once(redis)
        assert not await verify_once(redis)
    async with open_engine(data) as handle, client(handle.url) as redis:
        assert await verify_once(redis)


async def test_a_full_engine_is_verified_too_and_only_not_marked(data):
    async with open_engine(data) as handle, client(handle.url) as redis:
        await redis.config_set("maxmemory", "1mb")
        assert await verify_once(redis)
        assert await verify_once(redis)
        assert not await redis.exists(keys.VERIFIED)


async def test_every_page_is_verified_and_progress_is_told(any_server):
    ledger = await Ledger.open(any_server, partitions=2)
    for number in range(3):
        await ledger.append(events(400, f"part{number}-"))
    told: list[tuple[int, int]] = []

    assert await verify(any_server, lambda done, total: told.append((done, total))) == 1_200

    assert told[-1] == (1_200, 1_200)
    assert len(told) > 2


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (("XDEL", keys.ledger(0), "7-0"), "partition 0, sequence 7: the event is missing"),
        (("XTRIM", keys.ledger(0), "MINID", "5"), "sequence 1 to 4: the events are missing"),
        (("XADD", keys.ledger(0), "901-0", "e", "x"), "has 901 events, but its head is 900"),
        (("XADD", keys.ledger(0), "900-1", "e", "x"), "sequence 901: an entry has the id 900-1"),
        (("HSET", keys.state(0), "head", "899"), "has 900 events, but its head is 899"),
        (("HSET", keys.state(0), "recorded", "1"), "is not that of its last event"),
        (("HSET", keys.INDEX, "foreign", "x"), "901 keys for 900 events"),
        (("DEL", keys.INDEX), "0 keys for 900 events"),
    ],
)
async def test_whatever_was_done_to_the_keys_by_hand_is_found(any_server, damage, said):
    ledger = await Ledger.open(any_server, partitions=1)
    await ledger.append(events(900))
    await verify(any_server)

    await any_server.execute_command(*damage)

    with pytest.raises(CheckFailedError, match=said):
        await verify(any_server)
