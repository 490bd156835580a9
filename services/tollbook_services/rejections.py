"""Keeps what could not be an event in the rejected stream, with its reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, cast

import orjson
from redis.asyncio import Redis

from tollbook_schemas.errors import Fault
from tollbook_schemas.limits import DOCUMENT_BYTES_MAX
from tollbook_services import keys
from tollbook_services.durability import must_be_durable, wait_for_disks
from tollbook_services.stored import KEPT_BYTES, Whole
from tollbook_services.writer import now_micros

_CALL_BYTES_MAX: Final = 8 * 2**20
"""Bytes of one call, as of one append: a table of long rows does not pile up in the engine."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something that could not be an event.

    Attributes:
        raw: its bytes as sent, or their beginning.
        faults: why it is refused.
        origin: where it came from.
        whole: the length and digest of all bytes, where `raw` is only their beginning.
        once: a digest under which it is kept only once, whoever refuses it again.
    """

    raw: bytes
    faults: Sequence[Fault]
    origin: str
    whole: Whole | None = None
    once: bytes | None = None


async def keep(redis: Redis, rejections: Sequence[Rejection]) -> None:
    """Keep all of them, in order, durably; of what is longer than any event its beginning.

    Two writers that refuse the same thing at the same moment may both keep it: nothing is lost.
    """
    batch: list[Rejection] = []
    size = 0
    for one in await _new(redis, rejections):
        batch.append(one)
        size += len(one.raw)
        if size >= _CALL_BYTES_MAX:
            await _add(redis, batch)
            batch, size = [], 0
    if batch:
        await _add(redis, batch)


async def _new(redis: Redis, rejections: Sequence[Rejection]) -> list[Rejection]:
    """Those that are not kept yet; of the same digest the first."""
    digests = {one.once: at for at, one in reversed(list(enumerate(rejections))) if one.once}
    asked = list(digests)
    known: Any = await cast("Any", redis.smismember(keys.REJECTED_ONCE, asked)) if asked else []
    left_out = {digest for digest, found in zip(asked, known, strict=True) if found}
    return [
        one
        for at, one in enumerate(rejections)
        if one.once is None or (one.once not in left_out and digests[one.once] == at)
    ]


async def _add(redis: Redis, batch: Sequence[Rejection]) -> None:
    once = [one.once for one in batch if one.once is not None]
    async with redis.pipeline(transaction=False) as pipe:
        for one in batch:
            pipe.xadd(keys.REJECTED, _fields(one))
        wait_for_disks(pipe, redis)
        must_be_durable(redis, (await pipe.execute())[-1])
    if once:
        await cast("Any", redis.sadd(keys.REJECTED_ONCE, *once))


def _fields(one: Rejection) -> Any:
    raw, whole = one.raw, one.whole
    if whole is None and len(raw) > DOCUMENT_BYTES_MAX:
        whole = Whole(len(raw), sha256(raw).digest())
    reasons = orjson.dumps([fault.document() for fault in one.faults])
    fields = {"e": raw, "reasons": reasons, "origin": one.origin, "t": now_micros()}
    if whole is None:
        return fields
    return fields | {"e": raw[:KEPT_BYTES], "length": whole.length, "sha256": whole.sha256}
