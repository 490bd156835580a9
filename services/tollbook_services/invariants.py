"""What must hold of a ledger, and what was found when it was looked at."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from redis.exceptions import RedisError

from tollbook_schemas.errors import TollbookError, UsageError

FAULTS_MAX: Final = 20
"""Faults kept of each invariant: the first ones tell where to look; all of them are counted."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """What was found of one thing that must hold.

    Attributes:
        name: a word for it.
        promise: what must hold, in a sentence.
        checked: how many events, keys, rows were looked at.
        faults: the first `FAULTS_MAX` things that do not hold, each with its place.
        faults_count: how many there are.
    """

    name: str
    promise: str
    checked: int
    faults: tuple[str, ...]
    faults_count: int

    @property
    def holds(self) -> bool:
        """Whether nothing was found that does not."""
        return not self.faults_count


@dataclass(slots=True)
class Tally:
    """An invariant that is being looked at."""

    name: str
    promise: str
    checked: int = 0
    _faults: list[str] = field(default_factory=list)
    _count: int = 0

    def fault(self, text: str) -> None:
        """Note that something does not hold."""
        self._count += 1
        if len(self._faults) < FAULTS_MAX:
            self._faults.append(text)

    def result(self) -> Invariant:
        """What was found so far."""
        return Invariant(self.name, self.promise, self.checked, tuple(self._faults), self._count)


Look = Callable[[], Awaitable[Sequence[Invariant]]]


async def all_of(*looks: tuple[str, Look]) -> list[Invariant]:
    """What every look finds; one that breaks off is a fault of its name, and the others go on."""
    found: list[Invariant] = []
    for name, look in looks:
        try:
            found += await look()
        except UsageError:
            raise
        except (TollbookError, RedisError, ValueError, KeyError) as error:
            broken = Tally(name, "can be looked at")
            broken.fault(f"cannot be looked at: {error!r}")
            found.append(broken.result())
    return found
