"""How often somebody may ask: by token, or by address without one; counted in this process."""

import math
import time
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from tollbook_services.api.problems import ProblemError

REFUSED_PER_MINUTE: Final = 20
"""Tokens that are not taken, from one address: each costs a slow hash."""


class Rates:
    """Counts requests, and refuses those beyond the limit."""

    def __init__(self, per_minute: int) -> None:
        """Take the limit of a token, or of an address without one."""
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._asked = RateLimitItemPerMinute(per_minute, namespace="asked")
        self._refused = RateLimitItemPerMinute(REFUSED_PER_MINUTE, namespace="refused")

    def ask(self, who: str) -> None:
        """Count a request.

        Raises:
            ProblemError: 429, these are too many.
        """
        if not self._limiter.hit(self._asked, who):
            raise self._too_many(self._asked, who, "requests")

    def may_try(self, address: str) -> None:
        """See that an address has not sent too many tokens that were not taken.

        Raises:
            ProblemError: 429, it has.
        """
        if not self._limiter.test(self._refused, address):
            raise self._too_many(self._refused, address, "tokens that are not taken")

    def refused(self, address: str) -> None:
        """Count a token that was not taken."""
        self._limiter.hit(self._refused, address)

    def _too_many(self, limit: RateLimitItemPerMinute, who: str, what: str) -> ProblemError:
        reset = self._limiter.get_window_stats(limit, who).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        return ProblemError(
            429,
            "too-many-requests",
            f"these are too many {what}: {limit.amount} a minute are taken; go on in {wait} s",
            headers={"Retry-After": str(wait)},
        )
