"""Who published an event, as the server authenticated them, stored with it by every engine."""

import asyncio

import orjson
import pytest
from tests.contract.ledger_kit import event, outcomes

from tollbook_services.ledger import Ledger

pytestmark = pytest.mark.anyio


async def test_the_publisher_is_stored_with_the_event_and_is_no_part_of_what_was_sent(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)

    done = await ledger.append([event("a"), event("b")], by="desk-1")
    own = await ledger.append([event("a")], by="desk-2")
    unknown = await ledger.append([event("a"), event("c")])

    assert outcomes(done) == [("appended", 1), ("appended", 2)]
    assert outcomes(own) == [("duplicate", 1)]
    assert outcomes(unknown) == [("duplicate", 1), ("appended", 3)]
    entries = await ledger.read(0, after=0, count=9)
    assert [entry.recorded_by() for entry in entries] == ["desk-1", "desk-1", None]
    assert [orjson.loads(entry.stored).get("recordedby") for entry in entries[1:]] == [
        "desk-1",
        None,
    ]
    assert [entry.sent() for entry in entries] == [event(name).canonical for name in "abc"]


async def test_what_is_put_aside_is_kept_as_it_was_sent_with_who_published_it(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    await ledger.append([event("a")], by="desk-1")

    (receipt,) = await ledger.append([event("a", 2)], by="desk-2")
    await ledger.append([event("a", 3)])

    assert receipt.status == "quarantined"
    found = await ledger.read_quarantine(0)
    assert [(one.raw, one.by) for one in found] == [
        (event("a", 2).canonical, "desk-2"),
        (event("a", 3).canonical, None),
    ]


async def test_publishers_that_append_at_once_keep_their_own_names(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    names = [f"desk-{number}" for number in range(20)]

    await asyncio.gather(*(ledger.append([event(f"e.{name}")], by=name) for name in names))

    entries = await ledger.read(0, after=0, count=99)
    found = {entry.recorded_by(): orjson.loads(entry.sent())["id"] for entry in entries}
    assert found == {name: f"e.{name}" for name in names}
