"""What partitions of a cluster share: the change feed, published areas and policies."""

import asyncio

import orjson
import pytest
from redis.exceptions import ConnectionError as LostConnectionError
from tests.contract.ledger_kit import event, report

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services import changes_out, generation, keys, references
from tollbook_services.admission import Admission
from tollbook_services.connection import connect
from tollbook_services.documents import Document
from tollbook_services.feed import read_changes
from tollbook_services.ledger import Ledger
from tollbook_services.publish import publish
from tollbook_services.settings import Settings
from tollbook_services.testing import gazetteer, policy
from tollbook_services.wiring import Tollbook, open_tollbook

pytestmark = pytest.mark.anyio

PARTITIONS = 8
HERE, THERE = "flood-2025", "syria-coast-2025"
AREA = {"code": "SY-X9", "name": "New Area", "level": 1, "parent": "SY"}


@pytest.fixture
async def book(cluster, anyio_backend):
    cluster.empty()
    settings = Settings(redis=cluster.url(), partitions=PARTITIONS)
    async with open_tollbook(settings, create=True) as found:
        yield found


def parsed(document) -> ParsedEvent:
    found = parse_event(orjson.dumps(document), default_gazetteer())
    assert isinstance(found, ParsedEvent), found
    return found


async def told(book: Tollbook) -> list[tuple[str, int]]:
    """Crisis and high of every change in the feed, of the cells of one area."""
    changes = [one async for one in read_changes(book.redis)]
    return [
        (one["crisis"], one["after"]["high"]) for one in changes if one["cell"]["area"] == "SY-LA"
    ]


async def follow(book: Tollbook) -> None:
    for partition in range(PARTITIONS):
        await book.projector().catch_up(partition)


@pytest.mark.parametrize("before", [True, False], ids=["before the call", "after the call"])
async def test_whoever_dies_while_changes_are_handed_on_they_come_once(book, monkeypatch, before):
    hand_on = changes_out.hand_on

    async def dies(redis, partition, entries_max):
        if not before:
            await hand_on(redis, partition, entries_max)
        raise LostConnectionError("killed")

    for value in range(1, 6):
        await book.ledger.append([event(f"e{value}", value, crisis=HERE)])
        monkeypatch.setattr(generation, "hand_on", dies if value % 2 else hand_on)
        try:
            await follow(book)
        except LostConnectionError:
            assert value % 2
    monkeypatch.setattr(generation, "hand_on", hand_on)
    for partition in range(PARTITIONS):  # as a projector does when it starts
        await book.readmodels.open(partition, book.projections["figures"])

    values = [high for _, high in await told(book)]
    assert values == sorted(set(values))
    assert values[-1] == 5
    for partition in range(PARTITIONS):
        assert await book.redis.xlen(keys.own_changes(partition)) == 0


async def test_many_hands_hand_each_change_on_once_and_in_order(book, monkeypatch):
    async def nobody(*_) -> None:
        """The commits leave their changes where they are."""

    monkeypatch.setattr(generation, "hand_on", nobody)
    crises = [f"crisis-{number}" for number in range(10)]
    for value in range(1, 8):
        await book.ledger.append([event(f"{one}-{value}", value, crisis=one) for one in crises])
        await follow(book)
    monkeypatch.setattr(changes_out, "PAGE", 3)

    await asyncio.gather(
        *(
            changes_out.hand_on(book.redis, partition, 1_000)
            for partition in range(PARTITIONS)
            for _ in range(4)
        )
    )

    changes = await told(book)
    for crisis in crises:
        assert [high for one, high in changes if one == crisis] == list(range(1, 8))


async def test_an_area_published_for_one_crisis_is_known_to_all_when_it_is_acknowledged(book):
    published = gazetteer("g1", "syria-2026", "SY", AREA, crisis=HERE)
    documents = [
        Document(1, 1, orjson.dumps(one))
        for one in (published, named(AREA["code"], THERE), named(AREA["code"], "crisis-3"))
    ]

    receipts = await publish(documents, book.ledger, book.admission)

    assert [one.status for one in receipts] == ["appended"] * 3, receipts
    assert len({one.partition for one in receipts}) > 1
    for partition in range(PARTITIONS):
        assert await book.redis.hlen(keys.own_gazetteers(partition)) == 1


def named(area: str, crisis: str):
    document = report(f"at-{crisis}", 1, crisis)
    document["data"]["figures"][0]["areas"] = [area]
    return document


@pytest.mark.parametrize("kind", ["gazetteers", "policies"])
async def test_what_a_dead_publisher_told_only_one_partition_the_next_one_tells_all(
    book, cluster, monkeypatch, kind
):
    acts = {
        "gazetteers": gazetteer("g1", "syria-2026", "SY", AREA, crisis=HERE),
        "policies": policy("p1", "strict", crisis=HERE),
    }
    home = keys.partition_of(HERE, PARTITIONS)

    async def dies(*_):
        raise LostConnectionError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("tollbook_services.writer.listed", dies)
        with pytest.raises(LostConnectionError):
            await book.ledger.append([parsed(acts[kind])])
    lists = [references.list_of(book.redis, kind, one) for one in range(PARTITIONS)]
    assert [await book.redis.hlen(name) for name in lists].count(1) == 1
    assert await book.redis.hlen(lists[home]) == 1

    redis = await connect(cluster.url())
    other = await Ledger.open(redis)
    receipts = await other.append([event("a", crisis=HERE), event("b", crisis=THERE)])
    admission = Admission(other, default_gazetteer())
    found = await references.listed(redis, kind, PARTITIONS)
    await admission.gazetteer()

    assert [one.status for one in receipts] == ["appended", "appended"]
    assert len(found) == 1
    assert [await redis.hlen(name) for name in lists] == [1] * PARTITIONS
    await redis.aclose()
