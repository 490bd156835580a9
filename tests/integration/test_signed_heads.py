"""A ledger that came back from an older copy is not signed into a fork."""

import asyncio
import shutil

import pytest
from tests.contract.ledger_kit import events
from tests.integration.intake_load import wait_for
from tests.unit.tlog_kit import LOG

from tollbook_schemas.errors import CheckFailedError
from tollbook_services import keys
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.keyring import write_key_file
from tollbook_services.sealing.log_keys import LogKeys, rotated
from tollbook_services.sealing.sealed import SealedTree
from tollbook_services.sealing.sealer import KeyReplacedError, Sealer
from tollbook_services.sealing.signed_heads import SignedHead, SignedHeads

pytestmark = pytest.mark.anyio

FILE = "signing.heads"


@pytest.fixture
def key_file(tmp_path):
    return tmp_path / "signing"


async def ledger_of(redis, *prefixes, ledger_id="l1") -> Ledger:
    """A new ledger of that id, with ten events of each prefix: like one restored from a copy."""
    await redis.flushall()
    await redis.hset(keys.LEDGER, mapping={"id": ledger_id, "partitions": "1"})
    ledger = await Ledger.open(redis)
    for prefix in prefixes:
        await ledger.append(events(10, prefix))
    return ledger


def sealer(ledger: Ledger, key_file) -> Sealer:
    return Sealer(ledger, LOG, SignedHeads.beside(key_file, ledger.id))


async def test_a_ledger_that_grew_another_way_is_not_signed(redis, key_file):
    assert await sealer(await ledger_of(redis, "a", "b"), key_file).catch_up(0) == 20
    other = await ledger_of(redis, "a", "c", "d")
    with pytest.raises(CheckFailedError, match=r"a tree of 20 events .* restored from an older"):
        await sealer(other, key_file).catch_up(0)
    assert not await redis.exists(keys.sealed(0))


async def test_a_ledger_that_ends_before_what_was_signed_is_refused(redis, key_file):
    await sealer(await ledger_of(redis, "a", "b"), key_file).catch_up(0)
    older = await ledger_of(redis, "a")
    stop = asyncio.Event()
    with pytest.raises(CheckFailedError, match="a tree of 20 events was signed, and it has 10"):
        await asyncio.wait_for(sealer(older, key_file).run([0], stop), 20)


async def test_what_is_sealed_in_the_engine_is_compared_as_well(redis, key_file, tmp_path):
    await sealer(await ledger_of(redis, "a"), key_file).catch_up(0)
    kept = tmp_path / "kept"
    shutil.copy(tmp_path / FILE, kept)
    other = await ledger_of(redis, "b", "c")
    (tmp_path / FILE).unlink()
    await sealer(other, key_file).catch_up(0)
    shutil.copy(kept, tmp_path / FILE)
    await other.append(events(1, "more"))
    with pytest.raises(CheckFailedError, match="a tree of 10 events"):
        await sealer(other, key_file).catch_up(0)


async def test_a_head_that_was_remembered_but_not_published_is_sealed_again(redis, key_file):
    ledger = await ledger_of(redis, "a", "b")
    await sealer(ledger, key_file).catch_up(0)
    root = SignedHeads.beside(key_file, "l1").read(0).root
    await redis.delete(keys.sealed(0), keys.tiles(0))
    await ledger.append(events(5, "c"))
    assert await sealer(ledger, key_file).catch_up(0) == 25
    tree = await SealedTree(redis, "l1", 0).tree(20)
    assert tree.root == root


def test_a_head_is_not_taken_back(tmp_path):
    heads = SignedHeads(tmp_path / FILE, "l1")
    heads.write(0, SignedHead(7, b"r" * 32))
    heads.write(0, SignedHead(5, b"s" * 32))
    heads.write(1, SignedHead(5, b"s" * 32))
    assert [heads.read(number).size for number in (0, 1, 2)] == [7, 5, 0]
    assert SignedHeads(tmp_path / FILE, "l2").read(0).size == 0


@pytest.mark.parametrize("text", ["", "[]", '{"l1/0": 5}', '{"l1/0": {"size": 1, "root": "x"}}'])
def test_a_file_that_says_something_else_is_refused(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(CheckFailedError, match="does not say which heads were signed"):
        SignedHeads(tmp_path / FILE, "l1").read(0)


async def test_a_sealer_ends_when_its_key_is_replaced(redis, key_file):
    write_key_file(key_file, LOG)
    ledger = await ledger_of(redis, "a")
    following = asyncio.create_task(sealer(ledger, key_file).run([0], asyncio.Event()))
    tree = SealedTree(redis, ledger.id, 0)

    async def sealed() -> bool:
        return (await tree.head()).size == 10

    await wait_for(sealed, "the events are sealed")
    await rotated(LogKeys(ledger), key_file)
    with pytest.raises(KeyReplacedError, match="the key was replaced"):
        await asyncio.wait_for(following, 20)
