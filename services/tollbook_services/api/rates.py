"""How often somebody may ask: by token, or by address without one; counted in this process."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final
from weakref import WeakValueDictionary

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from tollbook_services.api.problems import ProblemError

REFUSED_PER_MINUTE: Final = 20
"""Tokens that are not taken, from one address: each costs a slow hash."""

_NOT_TAKEN: Final = "tokens that are not taken"

_PREFIX: Final = 64
"""Bits of an IPv6 address that name whom it belongs to: the rest each can choose (RFC 6177)."""


class Rates:
    """Counts requests, and refuses those beyond the limit."""

    def __init__(self, per_minute: int) -> None:
        """Take the limit of a token, or of an address without one."""
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._asked = RateLimitItemPerMinute(per_minute, namespace="asked")
        self._refused = RateLimitItemPerMinute(REFUSED_PER_MINUTE, namespace="refused")
        self._turns = WeakValueDictionary[str, asyncio.Lock]()

    def ask(self, who: str) -> None:
        """Count a request of a token, or of an address without one.

        Raises:
            ProblemError: 429, these are too many.
        """
        name = network_of(who)
        if not self._limiter.hit(self._asked, name):
            raise self._too_many(self._asked, name, "requests")

    @asynccontextmanager
    async def trying(self, address: str) -> AsyncIterator[None]:
        """Verify one token of an address at a time, until too many were not taken.

        Otherwise a thousand of them at once would all be hashed before the first is counted.

        Raises:
            ProblemError: 429, it has sent too many.
        """
        network = network_of(address)
        turn = self._turns.setdefault(network, asyncio.Lock())
        async with turn:
            if not self._limiter.test(self._refused, network):
                raise self._too_many(self._refused, network, _NOT_TAKEN)
            yield

    def refused(self, address: str) -> None:
        """Count a token that was not taken.

        Raises:
            ProblemError: 429, these are too many.
        """
        network = network_of(address)
        if not self._limiter.hit(self._refused, network):
            raise self._too_many(self._refused, network, _NOT_TAKEN)

    def _too_many(self, limit: RateLimitItemPerMinute, who: str, what: str) -> ProblemError:
        reset = self._limiter.get_window_stats(limit, who).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        return ProblemError(
            429,
            "too-many-requests",
            f"these are too many {what}: {limit.amount} a minute are taken; go on in {wait} s",
            headers={"Retry-After": str(wait)},
        )


def network_of(who: str) -> str:
    """Whom an address belongs to: itself, or its network of IPv6; another text as it is."""
    try:
        address = ip_address(who.partition("%")[0])
    except ValueError:
        return who
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((address, _PREFIX), strict=False))
    return who
