"""Appends to a partition of a cluster: who waits for the claims of others holds none meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Generic, Protocol, TypeVar

from tollbook_schemas.errors import EngineError
from tollbook_services.claims import KEY_BYTES, Claim, Claims
from tollbook_services.receipts import Receipt

VOIDED_MAX: Final = 20
"""Times that claims may be taken over while an append is being made; each turn is waited for
longer."""


class Keyed(Protocol):
    """An event with its digests, of which the first is that of its idempotency key."""

    @property
    def digests(self) -> bytes: ...


Item = TypeVar("Item", bound=Keyed)

Record = Callable[
    [Sequence[Item], int | None, Mapping[int, Claim]], Awaitable[list[Receipt] | None]
]
"""Appends events at an expected sequence, or at any, with what is known of their claims by place
from 0; None where a claim does not hold any more and nothing was appended."""


class ClaimedAppends(Generic[Item]):
    """Claims the keys of events, and appends them.

    What nobody else has claimed is appended at once. What somebody else has, and has not recorded
    yet, is waited for one by one and appended one by one: two who each held what the other waits
    for would take it from each other for ever.
    """

    def __init__(self, claims: Claims, record: Record[Item]) -> None:
        """Take what claims for the partition, and what appends to it."""
        self._claims = claims
        self._record = record

    async def append(self, items: Sequence[Item], expected: int | None) -> list[Receipt]:
        """Append events, in their order but for those whose keys are disputed at this moment.

        Args:
            items: the events.
            expected: the sequence they are to follow: then all of them are appended, or none.

        Raises:
            EngineError: the claims were taken over again and again; what was appended stays so.
        """
        if expected is not None:
            return await self._settled(items, expected)
        found = await self._undisputed(items) if len(items) > 1 else {}
        rest = [place for place in range(len(items)) if place not in found]
        made = await asyncio.gather(
            *(self._settled([items[place]]) for place in rest), return_exceptions=True
        )
        for place, receipts in zip(rest, made, strict=True):
            if isinstance(receipts, BaseException):
                raise receipts
            found[place] = receipts[0]
        return [found[place] for place in range(len(items))]

    async def _undisputed(self, items: Sequence[Item]) -> dict[int, Receipt]:
        """Append those that no other partition has claimed without recording them; by place."""
        wanted = _keys(items)
        for _ in range(VOIDED_MAX):
            known, pending = await self._claims.claim(wanted)
            ready = [place for place in range(len(items)) if place not in pending]
            if not ready:
                break
            at = {place: number for number, place in enumerate(ready)}
            claimed = {at[place]: claim for place, claim in known.items()}
            receipts = await self._record([items[place] for place in ready], None, claimed)
            if receipts is not None:
                return dict(zip(ready, receipts, strict=True))
            await self._claims.again([wanted[place] for place in ready])
        return {}

    async def _settled(self, items: Sequence[Item], expected: int | None = None) -> list[Receipt]:
        """Append events together, after every one's claim is settled."""
        wanted = _keys(items)
        for _ in range(VOIDED_MAX):
            known, pending = await self._claims.claim(wanted)
            settled = await asyncio.gather(
                *(self._claims.settle(wanted[place]) for place in pending)
            )
            claimed = {**known, **dict(zip(pending, settled, strict=True))}
            receipts = await self._record(items, expected, claimed)
            if receipts is not None:
                return receipts
            await self._claims.again(wanted)
        raise EngineError(
            "the claims of keys change faster than the events can be appended: several senders "
            "give the same source and id to events of other crises; sending the same again is safe"
        )


def _keys(items: Sequence[Keyed]) -> list[bytes]:
    return [item.digests[:KEY_BYTES] for item in items]
