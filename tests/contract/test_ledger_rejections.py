"""What a ledger keeps of many refusals at once: each in its order, and what is told so, once."""

from hashlib import sha256

import orjson
import pytest
from redis.asyncio import Redis

from tollbook_schemas.errors import Fault
from tollbook_schemas.limits import DOCUMENT_BYTES_MAX
from tollbook_services.ledger import Ledger
from tollbook_services.rejections import Rejection
from tollbook_services.stored import KEPT_BYTES, Whole

pytestmark = pytest.mark.anyio

MANY = 20
WHY = (Fault("/data", "no figure"),)


def rejection(raw: bytes, once: bytes | None = None) -> Rejection:
    return Rejection(raw, WHY, "import csv:rows.csv, line 2", once=once)


async def test_many_refusals_are_kept_in_their_order_with_reasons_and_origin(
    any_redis: Redis,
) -> None:
    ledger = await Ledger.open(any_redis)

    await ledger.reject_all([rejection(b"%d" % number) for number in range(MANY)])

    kept = await ledger.read_rejected()
    assert [entry.raw for entry in kept] == [b"%d" % number for number in range(MANY)]
    assert {entry.reasons for entry in kept} == {(("/data", "no figure"),)}
    assert {entry.origin for entry in kept} == {"import csv:rows.csv, line 2"}


async def test_nothing_refused_is_nothing_kept(any_redis: Redis) -> None:
    ledger = await Ledger.open(any_redis)

    await ledger.reject_all([])

    assert await ledger.rejected_length() == 0


async def test_what_has_a_digest_is_kept_once_now_and_later(any_redis: Redis) -> None:
    """Given digests that repeat in a call and in the next, then each is kept the first time."""
    ledger = await Ledger.open(any_redis)
    one, two, three = (sha256(name).digest() for name in (b"1", b"2", b"3"))

    await ledger.reject_all([rejection(b"a", one), rejection(b"b", one), rejection(b"c", two)])
    await ledger.reject_all([rejection(b"d", two), rejection(b"e", three), rejection(b"f")])
    await ledger.reject_all([rejection(b"f")])

    assert [entry.raw for entry in await ledger.read_rejected()] == [b"a", b"c", b"e", b"f", b"f"]


async def test_of_more_than_an_event_may_be_the_beginning_is_kept_with_length_and_digest(
    any_redis: Redis,
) -> None:
    ledger = await Ledger.open(any_redis)
    raw = orjson.dumps({"cell": "x" * DOCUMENT_BYTES_MAX})

    await ledger.reject_all([rejection(raw)] * MANY)

    kept = await ledger.read_rejected()
    assert len(kept) == MANY
    assert {entry.raw for entry in kept} == {raw[:KEPT_BYTES]}
    assert {entry.whole for entry in kept} == {Whole(len(raw), sha256(raw).digest())}
