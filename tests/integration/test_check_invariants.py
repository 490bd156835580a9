"""`tollbook check`: whatever is done to a ledger by hand, the invariant it breaks names it."""

import orjson
import pytest
from redis.asyncio import Redis
from tests.contract.ledger_kit import event, events

from tollbook_schemas.canonical import content_digest, key_digest
from tollbook_schemas.errors import EngineError, UsageError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services import keys
from tollbook_services.acknowledged import Acknowledged, check_acknowledged, read_acknowledged
from tollbook_services.check import check_events
from tollbook_services.check_views import check_positions, page_sizes
from tollbook_services.invariants import FAULTS_MAX, Invariant, Tally, all_of
from tollbook_services.ledger import Ledger
from tollbook_services.settings import Settings
from tollbook_services.wiring import open_tollbook

pytestmark = pytest.mark.anyio

KEY = key_digest("https://desk.example.org", "e2")


def broken(found: list[Invariant]) -> dict[str, str]:
    """The first fault of each invariant that does not hold."""
    return {one.name: one.faults[0] for one in found if not one.holds}


async def filled(redis: Redis) -> Ledger:
    ledger = await Ledger.open(redis, partitions=2)
    await ledger.append([*events(5), event("other", crisis="quake-2024")])
    return ledger


def place(ledger: Ledger) -> int:
    return keys.partition_of("flood-2025", ledger.partitions)


async def test_a_sound_ledger_holds_in_everything(any_redis):
    await filled(any_redis)

    found = await check_events(any_redis)

    assert broken(found) == {}
    assert {one.name: one.checked for one in found} == {
        "dense": 6,
        "hashes": 6,
        "heads": 2,
        "keys": 6,
        "decisions": 0,
    }


async def test_a_removed_event_breaks_density_and_head_and_leaves_its_key(any_redis):
    ledger = await filled(any_redis)
    number = place(ledger)
    await any_redis.xdel(keys.ledger(number), "3-0")

    found = broken(await check_events(any_redis))

    assert found["dense"] == f"partition {number}, sequence 3: the event is missing"
    assert set(found) == {"dense", "heads"}


async def test_an_index_entry_with_other_content_or_place_is_named(any_server):
    ledger = await filled(any_server)
    entry = await any_server.hget(keys.INDEX, KEY)

    await any_server.hset(keys.INDEX, KEY, bytes(32) + entry[32:])
    assert "has another content for this event" in broken(await check_events(any_server))["keys"]
    await any_server.hset(keys.INDEX, KEY, entry[:32] + b"0:77")
    assert "has the key of this event at 0:77" in broken(await check_events(any_server))["keys"]
    await any_server.hdel(keys.INDEX, KEY)
    found = broken(await check_events(any_server))

    assert found["keys"].startswith(f"position {place(ledger)}:3: the index does not have the key")
    assert set(found) == {"keys"}


async def test_an_event_that_was_appended_twice_by_hand_is_found_by_its_key(any_redis):
    ledger = await filled(any_redis)
    number = place(ledger)
    ((_, fields),) = await any_redis.xrange(keys.ledger(number), "3-0", "3-0")
    doubled = await ledger.head(number) + 1
    await any_redis.xadd(keys.ledger(number), fields, id=f"{doubled}-0")
    await any_redis.hset(keys.state(number), "head", doubled)

    found = broken(await check_events(any_redis))

    assert "its key occurs twice" in found["keys"]


async def test_what_was_acknowledged_is_there_byte_for_byte(any_redis):
    ledger = await filled(any_redis)
    sent = events(5)
    receipts = await ledger.append(sent)
    told = [
        Acknowledged(
            one.key[0],
            one.key[1],
            frozenset({f"{receipt.partition}:{receipt.sequence}"}),
            frozenset({content_digest(one.canonical)}),
        )
        for one, receipt in zip(sent, receipts, strict=True)
    ]

    (found,) = await check_acknowledged(any_redis, told)

    assert (found.holds, found.checked) == (True, 5)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (Acknowledged("https://desk.example.org", "never"), "its key is not in the ledger"),
        (
            Acknowledged("https://desk.example.org", "e2", frozenset({"9:9"})),
            "acknowledged at 9:9, but its key is at",
        ),
        (
            Acknowledged("https://desk.example.org", "e2", frozenset({"0:1", "0:3"})),
            "acknowledged at several positions: 0:1, 0:3",
        ),
        (
            Acknowledged("https://desk.example.org", "e2", contents=frozenset({bytes(32)})),
            "is not byte for byte what was sent",
        ),
    ],
)
async def test_what_was_acknowledged_and_is_not_so_is_named(any_redis, told, said):
    await filled(any_redis)

    (found,) = await check_acknowledged(any_redis, [told])

    assert said in found.faults[0]
    assert found.faults[0].startswith(f"https://desk.example.org/{told.id}: ")


async def test_an_acknowledged_event_that_was_removed_is_named(any_redis):
    ledger = await filled(any_redis)
    await any_redis.xdel(keys.ledger(place(ledger)), "3-0")

    (found,) = await check_acknowledged(any_redis, [Acknowledged("https://desk.example.org", "e2")])

    assert "acknowledged, but there is no event at" in found.faults[0]


async def as_sent(parsed):
    """What a ledger keeps of events that withhold nothing."""
    return list(parsed)


async def test_receipts_and_events_are_read_together(tmp_path):
    receipts, sent = tmp_path / "receipts", tmp_path / "events"
    one = event("e2")
    sent.write_bytes(one.canonical + b"\n" + event("refused").canonical)
    receipt = {
        "status": "appended",
        "source": one.key[0],
        "id": "e2",
        "partition": 1,
        "sequence": 4,
    }
    refused = {**receipt, "status": "quarantined", "id": "refused"}
    receipts.write_bytes(orjson.dumps(receipt) + b"\n" + orjson.dumps(refused) + b"\n\n")

    (told,) = await read_acknowledged(receipts, sent, default_gazetteer(), as_sent)

    assert told == Acknowledged(
        one.key[0], "e2", frozenset({"1:4"}), frozenset({content_digest(one.canonical)})
    )
    assert len(await read_acknowledged(None, sent, default_gazetteer(), as_sent)) == 2


async def test_a_file_that_holds_no_receipts_is_a_usage_error(tmp_path):
    path = tmp_path / "receipts"
    path.write_bytes(b'{"id": 1}\n')

    with pytest.raises(UsageError, match="line 1 is no receipt"):
        await read_acknowledged(path, None, default_gazetteer(), as_sent)
    with pytest.raises(UsageError, match=r"cannot read .*missing"):
        await read_acknowledged(tmp_path / "missing", None, default_gazetteer(), as_sent)


async def test_views_beyond_the_head_are_named(any_engine_url):
    async with open_tollbook(Settings(redis=any_engine_url, partitions=1), create=True) as book:
        await book.ledger.append(events(5))
        await book.catch_up()
        assert broken(await check_positions(book)) == {}
        await book.redis.hset(keys.state(0), "head", "4")

        found = broken(await check_positions(book))

    assert "partition 0 stands at 5, the head is 4" in found["positions"]


async def test_a_look_that_breaks_off_is_a_fault_and_the_others_go_on():
    async def breaks() -> list[Invariant]:
        raise EngineError("no engine")

    async def finds() -> list[Invariant]:
        return [Tally("second", "holds").result()]

    found = await all_of(("first", breaks), ("second", finds))

    assert [(one.name, one.holds) for one in found] == [("first", False), ("second", True)]


def test_faults_are_counted_beyond_those_that_are_kept():
    tally = Tally("many", "holds")
    for number in range(FAULTS_MAX + 5):
        tally.fault(str(number))

    assert len(tally.result().faults) == FAULTS_MAX
    assert tally.result().faults_count == FAULTS_MAX + 5


def test_a_long_ledger_is_not_folded_event_by_event():
    assert page_sizes(100) == (1, 7, 97, 500)
    assert page_sizes(7_000) == (7, 97, 500)
    assert page_sizes(1_000_000) == (500,)
