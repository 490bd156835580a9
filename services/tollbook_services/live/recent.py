"""The last changes in memory, so that readers who come back soon ask nothing of the engine."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from tollbook_services.live.change import LiveChange
from tollbook_services.live.place import EntryId

CHANGES_MAX: Final = 5_000
"""Changes kept at least, once there were so many, unless they are large: about 4 MB."""

BYTES_MAX: Final = 16 * 2**20


class Recent:
    """A run of changes without a gap."""

    def __init__(self, after: EntryId) -> None:
        """Begin after a place."""
        self._after = after
        self._changes: list[LiveChange] = []
        self._ids: list[EntryId] = []
        self._bytes = 0

    def add(self, changes: Sequence[LiveChange]) -> None:
        """Take the changes that follow, and let old ones go in large pieces."""
        self._changes += changes
        self._ids += [one.entry for one in changes]
        self._bytes += sum(len(one.sent) for one in changes)
        while len(self._ids) > 2 * CHANGES_MAX or (
            self._bytes > 2 * BYTES_MAX and len(self._ids) > 1
        ):
            self._drop(len(self._ids) // 2)

    def after(self, entry: EntryId, count: int) -> list[LiveChange] | None:
        """Up to so many changes after a place; None where memory does not reach back to it.

        The place has to be that of a change: whether what follows is all there is known by it.
        """
        start = bisect_right(self._ids, entry)
        known = self._ids[start - 1] if start else self._after
        return self._changes[start : start + count] if known == entry else None

    def _drop(self, count: int) -> None:
        self._after = self._ids[count - 1]
        self._bytes -= sum(len(one.sent) for one in self._changes[:count])
        del self._changes[:count], self._ids[:count]
