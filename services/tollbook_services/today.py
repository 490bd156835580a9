"""The last day that something new may speak of, by this machine's clock."""

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from tollbook_schemas.to_come import last_day

_LOOK_S: Final = 60
"""Seconds for which it is not worked out again: it is asked for with every event."""


def last_day_now() -> str:
    """See `to_come.last_day`."""
    return _last_day(time.time_ns() // (_LOOK_S * 1_000_000_000))


@lru_cache(maxsize=1)
def _last_day(_minute: int) -> str:
    return last_day(datetime.now(UTC))
