"""Sealing a partition: the tree, the checkpoint, several sealers at once; on both engines."""

import asyncio
from functools import partial
from hashlib import sha256

import orjson
import pytest
from tests.contract.ledger_kit import events, report
from tests.integration.intake_load import wait_for
from tests.unit.tlog_kit import LOG, slow_root

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_schemas.tlog.bundles import entries_in, entry_of
from tollbook_schemas.tlog.checkpoint import Checkpoint, checkpoint_from
from tollbook_schemas.tlog.keys import KeyKind, SigningKey, verified
from tollbook_schemas.tlog.note import note_from
from tollbook_schemas.tlog.tiles import subtrees_in, tiles_of
from tollbook_services import keys
from tollbook_services.ledger import Ledger
from tollbook_services.sealing import partition as sealing
from tollbook_services.sealing.keyring import new_key
from tollbook_services.sealing.log_keys import LogKeys
from tollbook_services.sealing.log_names import verifier_of
from tollbook_services.sealing.logs import LiveLog
from tollbook_services.sealing.sealed import SealedTree
from tollbook_services.sealing.sealer import Sealer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ledger(any_redis) -> Ledger:
    return await Ledger.open(any_redis, partitions=1)


async def leaves_stored(ledger: Ledger) -> list[bytes]:
    stored = await ledger.read(0, 0, 100_000)
    return [leaf_hash(entry_of(entry.stored)) for entry in stored]


async def reaches(tree: SealedTree, size: int) -> bool:
    return (await tree.head()).size >= size


async def sealed_checkpoint(ledger: Ledger) -> Checkpoint:
    """The checkpoint that is published, whose signature has to hold."""
    head = await SealedTree(ledger.redis, ledger.id, 0).head()
    note = note_from(head.checkpoint)
    assert verified(note, [verifier_of(LOG.verifier, 0)])
    found = checkpoint_from(note.text)
    assert found.size == head.size
    return found


@pytest.mark.parametrize("count", [1, 255, 256, 257, 600])
async def test_the_checkpoint_is_of_all_events_in_their_order(ledger, count):
    await ledger.append(events(count))
    assert await Sealer(ledger, LOG).catch_up(0) == count
    found = await sealed_checkpoint(ledger)
    leaves = await leaves_stored(ledger)
    assert found == Checkpoint(f"{LOG.name}/0", count, slow_root(leaves))


async def test_every_tile_of_the_tree_is_there_and_leads_to_the_root(ledger):
    for part in range(7):
        await ledger.append(events(100, f"p{part}-"))
        await Sealer(ledger, LOG).catch_up(0)
    tree = SealedTree(ledger.redis, ledger.id, 0)
    for size in (1, 256, 257, 699, 700):
        tiles = await tree.tiles(list(tiles_of(size)))
        read = subtrees_in(tiles.__getitem__, size)
        leaves = (await leaves_stored(ledger))[:size]
        for level in range(size.bit_length()):
            for index in range(size >> level):
                inside = leaves[index << level : (index + 1) << level]
                assert read(level, index) == slow_root(inside)


async def test_nothing_is_written_where_nothing_was_appended(ledger):
    await ledger.append(events(3))
    sealer = Sealer(ledger, LOG)
    await sealer.catch_up(0)
    before = await ledger.redis.hgetall(keys.sealed(0))
    assert await sealer.catch_up(0) == 3
    assert await Sealer(ledger, LOG).catch_up(0) == 3
    assert await ledger.redis.hgetall(keys.sealed(0)) == before


async def test_an_empty_log_has_a_checkpoint(ledger):
    assert await Sealer(ledger, LOG).catch_up(0) == 0
    assert await sealed_checkpoint(ledger) == Checkpoint(f"{LOG.name}/0", 0, slow_root([]))


async def test_a_new_key_signs_the_head_again(ledger):
    await ledger.append(events(3))
    await Sealer(ledger, LOG).catch_up(0)
    before = await sealed_checkpoint(ledger)
    new = new_key(LOG.name)
    await LogKeys(ledger).replace(LOG, new)
    await Sealer(ledger, new).catch_up(0)
    note = note_from((await SealedTree(ledger.redis, ledger.id, 0).head()).checkpoint)
    assert verified(note, [verifier_of(new.verifier, 0)])
    assert checkpoint_from(note.text) == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [(b"\n3\n", b"\n4\n", "is not of this text"), (b"\n\n", b"\n", "a blank line")],
)
async def test_a_checkpoint_that_was_altered_is_not_gone_on_from(ledger, old, new, said):
    await ledger.append(events(3))
    await Sealer(ledger, LOG).catch_up(0)
    stored = await ledger.redis.hget(keys.sealed(0), "checkpoint")
    await ledger.redis.hset(keys.sealed(0), "checkpoint", stored.replace(old, new))
    with pytest.raises(CheckFailedError, match=said):
        await Sealer(ledger, LOG).catch_up(0)


async def test_many_sealers_at_once_make_the_tree_that_one_makes(ledger, monkeypatch):
    monkeypatch.setattr(sealing, "STEP_EVENTS", 7)
    await ledger.append(events(300))
    reached = await asyncio.gather(*(Sealer(ledger, LOG).catch_up(0) for _ in range(4)))
    assert set(reached) == {300}
    assert (await sealed_checkpoint(ledger)).root == slow_root(await leaves_stored(ledger))


async def test_a_stalled_sealer_cannot_take_the_checkpoint_back(ledger):
    await ledger.append(events(10))
    await Sealer(ledger, LOG).catch_up(0)
    stalled = SealedTree(ledger.redis, ledger.id, 0)
    assert not await stalled.seal(0, 5, b"old", {})
    assert not await stalled.seal(10, 5, b"old", {})
    assert (await sealed_checkpoint(ledger)).size == 10


async def test_a_sealer_that_follows_seals_what_is_appended(ledger):
    stop = asyncio.Event()
    follower = asyncio.create_task(Sealer(ledger, LOG).run([0], stop))
    tree = SealedTree(ledger.redis, ledger.id, 0)
    for part in range(3):
        await ledger.append(events(5, f"p{part}-"))
        await wait_for(partial(reaches, tree, 5 * (part + 1)), "the events are sealed")
    stop.set()
    await follower
    assert (await sealed_checkpoint(ledger)).root == slow_root(await leaves_stored(ledger))


async def test_a_long_event_is_sealed_by_its_digest(ledger):
    document = report("long")
    document["data"]["ext"] = {"notes": ["y" * 1_900] * 40}
    long = parse_event(orjson.dumps(document), default_gazetteer())
    assert isinstance(long, ParsedEvent), long
    await ledger.append([*events(2), long])
    await Sealer(ledger, LOG).catch_up(0)
    entries = await ledger.read(0, 0, 3)
    assert len(entries[2].stored) > 65_535
    told = b'{"detached":{"length":%d,"sha256":"%s"}}' % (
        len(entries[2].stored),
        sha256(entries[2].stored).hexdigest().encode(),
    )
    leaves = [entries[0].leaf, entries[1].leaf, leaf_hash(told)]
    assert (await sealed_checkpoint(ledger)).root == slow_root(leaves)
    log = LiveLog(ledger, 0)
    bundle = await log.read("tile/entries/000.p/3")
    assert entries_in(bundle)[2] == told
    assert await log.read("event/2") == entries[2].stored
    assert [await log.read(f"event/{index}") for index in (0, 3)] == [None, None]


async def test_the_log_is_read_as_files(ledger):
    await ledger.append(events(600))
    await Sealer(ledger, LOG).catch_up(0)
    log = LiveLog(ledger, 0)
    leaves = await leaves_stored(ledger)
    read = 0
    for path in ("tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"):
        for entry in entries_in(await log.read(path)):
            assert leaf_hash(entry) == leaves[read]
            read += 1
    assert read == 600
    assert await log.read("tile/0/002.p/88") == b"".join(leaves[512:])
    assert await log.read("tile/0/002.p/9") == b"".join(leaves[512:521])
    for path in ("tile/0/002", "tile/0/002.p/89", "tile/entries/003.p/1", "tile/2/000.p/1", "x"):
        assert await log.read(path) is None


async def test_what_is_not_sealed_yet_is_not_served(ledger):
    log = LiveLog(ledger, 0)
    await ledger.append(events(3))
    assert await log.read("checkpoint") is None
    assert await log.read("tile/entries/000.p/3") is None


async def test_an_event_that_was_altered_is_not_sealed(ledger):
    await ledger.append(events(5))
    fields = (await ledger.redis.xrange(keys.ledger(0), "3-0", "3-0"))[0][1]
    await ledger.redis.delete(keys.ledger(0))
    for entry in range(1, 4):
        stored = {**fields, b"e": fields[b"e"].replace(b"flood", b"fluud")}
        await ledger.redis.xadd(keys.ledger(0), stored, f"{entry}-0")
    with pytest.raises(CheckFailedError, match="event 1 of partition 0 does not match"):
        await Sealer(ledger, LOG).catch_up(0)


async def test_events_that_are_missing_are_not_sealed_over(ledger):
    await ledger.append(events(5))
    await ledger.redis.xdel(keys.ledger(0), "2-0")
    with pytest.raises(CheckFailedError, match="has event 3 where 2 should be"):
        await Sealer(ledger, LOG).catch_up(0)


async def test_a_tile_that_was_altered_is_noticed_before_anything_is_signed_over_it(ledger):
    await ledger.append(events(300))
    await Sealer(ledger, LOG).catch_up(0)
    stored = bytearray(await ledger.redis.hget(keys.tiles(0), "0/1"))
    stored[40] ^= 1
    await ledger.redis.hset(keys.tiles(0), "0/1", bytes(stored))
    await ledger.append(events(5, "more"))
    with pytest.raises(CheckFailedError, match="the tiles of the sealed tree do not lead to it"):
        await Sealer(ledger, LOG).catch_up(0)


async def test_a_key_of_another_name_does_not_go_on_with_the_log(ledger):
    await ledger.append(events(1))
    await Sealer(ledger, LOG).catch_up(0)
    await ledger.append(events(1, "more"))
    other = SigningKey.from_seed("log.example.org/other", KeyKind.LOG, bytes(32))
    with pytest.raises(CheckFailedError, match="is sealed with the key"):
        await Sealer(ledger, other).catch_up(0)


async def test_a_head_beyond_the_ledger_is_refused(ledger):
    await ledger.append(events(2))
    with pytest.raises(EngineError, match="fewer events than the 3"):
        await SealedTree(ledger.redis, ledger.id, 0).seal(0, 3, b"", {})
