"""Which areas an event may name: the built-in ones, and all that were published anywhere."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from tollbook_schemas.errors import Fault
from tollbook_schemas.gazetteer import Gazetteer, versions_from
from tollbook_schemas.parse import ParsedEvent
from tollbook_schemas.times import instant_of
from tollbook_services.ledger import Ledger
from tollbook_services.references import list_of, listed
from tollbook_services.stored import publishes_areas

Outcome = ParsedEvent | tuple[Fault, ...]

READ_AT_ONCE: Final = 32
"""Items read before other tasks get their turn: half a millisecond."""

_Item = TypeVar("_Item")


class Admission:
    """The gazetteer with which events are admitted to one ledger.

    An area is known once a gazetteer with it is durable, for whichever crisis it was published;
    which tables a crisis is read with is decided when it is read.
    """

    def __init__(self, ledger: Ledger, built_in: Gazetteer) -> None:
        """Take an open ledger and the areas that are known without any event."""
        self._ledger = ledger
        self._built_in = built_in
        self._made = built_in
        self._published: dict[bytes, tuple[Any, dict[str, Any]]] = {}

    @property
    def known(self) -> Gazetteer:
        """The areas known when the engine was last asked; what names no others needs no more."""
        return self._made

    async def gazetteer(self) -> Gazetteer:
        """The areas known now, asked of the engine each time: one short call.

        Whatever was sent after a gazetteer was acknowledged finds its areas. Making a gazetteer
        anew takes up to half a second for the whole world, only after one was published.

        Raises:
            RedisError: the engine cannot be asked.
        """
        redis = self._ledger.redis
        count = await redis.hlen(list_of(redis, "gazetteers", 0))
        if count != len(self._published):
            await self._load()
        return self._made

    async def _load(self) -> None:
        known = len(self._published)
        redis = self._ledger.redis
        for position in await listed(redis, "gazetteers", self._ledger.partitions):
            if position not in self._published:
                event = await self._ledger.reference(position)
                order = (instant_of(event.time), event.global_id)
                self._published[position] = (order, event.data)
        if len(self._published) != known:
            inorder = sorted(self._published.values(), key=lambda one: one[0])
            self._made = self._built_in.with_versions(versions_from(data for _, data in inorder))


async def areas_now(areas: Gazetteer | Admission) -> Gazetteer:
    """The gazetteer to read with now; a plain one stays what it is."""
    return areas if isinstance(areas, Gazetteer) else await areas.gazetteer()


def known_areas(areas: Gazetteer | Admission) -> Gazetteer:
    """The areas to read with where asking the engine is left for what they do not suffice for."""
    return areas if isinstance(areas, Gazetteer) else areas.known


async def read_until_unsure(
    items: Sequence[_Item], read: Callable[[_Item], Outcome]
) -> list[tuple[_Item, Outcome]]:
    """Read items in order, up to where one is refused that could name an area of one before it.

    A gazetteer counts for what comes after it in the same batch, but is known only when it is
    appended. The caller appends what is returned and reads the rest with what is known then.
    Other tasks get their turn between, so that what waits for the engine goes on meanwhile.
    """
    outcomes: list[tuple[_Item, Outcome]] = []
    published = False
    for count, item in enumerate(items):
        if count % READ_AT_ONCE == READ_AT_ONCE - 1:
            await asyncio.sleep(0)
        outcome = read(item)
        if isinstance(outcome, ParsedEvent):
            published = published or publishes_areas(outcome.canonical)
        elif published:
            break
        outcomes.append((item, outcome))
    return outcomes
