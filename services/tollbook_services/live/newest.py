"""The newest changes that a filter lets through, newest first: for a page, or a feed reader."""

from typing import Any, Final, NamedTuple

import orjson
from redis.asyncio import Redis

from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services import keys
from tollbook_services.live.filter import Filter, subject_of
from tollbook_services.live.place import EntryId

SCANNED_MAX: Final = 20_000
"""Changes that are looked at for one answer: about 0.2 s of work."""

PAGE: Final = 500


class Told(NamedTuple):
    """A change that was found, with its id."""

    id: EntryId
    document: dict[str, Any]


async def newest_id(redis: Redis) -> EntryId | None:
    """The id of the last change; None where there is none."""
    found: Any = await redis.xrevrange(keys.CHANGES, count=1)
    return EntryId.of(found[0][0]) if found else None


async def newest_changes(
    redis: Redis, wanted: Filter, gazetteer: Gazetteer, count: int
) -> list[Told]:
    """Up to so many changes among the last `SCANNED_MAX`, newest first.

    Args:
        redis: the engine's client.
        wanted: which changes.
        gazetteer: what lies in which area.
        count: at most so many.
    """
    found, upto = list[Told](), "+"
    mark = b'"crisis":"%b"' % wanted.crisis.encode() if wanted.crisis else b""
    for _ in range(SCANNED_MAX // PAGE):
        page: Any = await redis.xrevrange(keys.CHANGES, upto, "-", PAGE)
        for entry_id, fields in page:
            body = fields.get(b"change", b"")
            told = _told(entry_id, body, wanted, gazetteer) if mark in body else None
            if told is not None:
                found.append(told)
                if len(found) == count:
                    return found
        if len(page) < PAGE:
            break
        upto = f"({page[-1][0].decode()}"
    return found


def _told(entry_id: bytes, body: bytes, wanted: Filter, gazetteer: Gazetteer) -> Told | None:
    """The change, if it is one that is wanted; what others wrote into the stream is none."""
    try:
        document = orjson.loads(body)
        if not subject_of(document, gazetteer).fits(wanted):
            return None
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return Told(EntryId.of(entry_id), document)
