"""Leases: which worker has which partition, until when by the engine's clock, and since when."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from tollbook_services import keys
from tollbook_services.fence import Fence
from tollbook_services.functions_caller import Functions
from tollbook_services.layout import layout_of

LIBRARY: Final = ("tollbook_leases", "leases.lua")

KEYS_AT_ONCE: Final = 256
"""Leases asked for in one call: well below a millisecond of the engine's time."""

EVERYTHING: Final = "*"
"""What a worker announces that can work on every partition."""


@dataclass(frozen=True, slots=True)
class Lease:
    """How a lease stands.

    Attributes:
        token: grows with each worker that takes it; 0 where nobody ever did.
        worker: who has it; None where nobody does.
        since_ms: when that worker took it, by the engine's clock.
        left_ms: how long it lasts; 0 where it is free, or has expired and can be taken.
    """

    token: int
    worker: str | None
    since_ms: int
    left_ms: int

    @property
    def holder(self) -> str | None:
        """Who has it now; None where it is free, or has expired."""
        return self.worker if self.left_ms else None

    def is_same(self, other: "Lease") -> bool:
        """Whether it is the same one at another time."""
        return (self.token, self.worker) == (other.token, other.worker)

    def fence(self, role: str) -> Fence:
        """What is shown with each write made under it."""
        return Fence(role, f"{self.token} {self.worker}")


class Leases:
    """The leases of one role."""

    def __init__(self, redis: Redis, role: str) -> None:
        """Take the engine's client; nothing is asked yet."""
        self._redis = redis
        self._role = role
        self._functions = Functions(redis, LIBRARY)

    async def acquire(self, partition: int, worker: str, ttl_ms: int) -> Lease | None:
        """Take a lease that is free, expired, or the worker's own; None where another has it."""
        arguments: list[str | bytes | int] = [self._role, worker, ttl_ms]
        taken, *told = await self._call("tollbook_lease_acquire", [partition], arguments)
        return _lease(told) if taken else None

    async def renew(self, tokens: Mapping[int, int], worker: str, ttl_ms: int) -> dict[int, Lease]:
        """Make leases last from now on, where nobody else took them; how each stands.

        Args:
            tokens: the token that the worker has each partition with; 0 only looks.
            worker: who has them.
            ttl_ms: how long they are to last.
        """
        found: dict[int, Lease] = {}
        for some in _together(self._redis, tuple(tokens)):
            own = [tokens[partition] for partition in some]
            arguments: list[str | bytes | int] = [self._role, worker, ttl_ms, *own]
            told = await self._call("tollbook_lease_renew", some, arguments)
            found |= dict(zip(some, map(_lease, told), strict=True))
        return found

    async def release(self, partition: int, worker: str, token: int) -> bool:
        """Give a lease back; whether it was the worker's."""
        arguments: list[str | bytes | int] = [self._role, worker, token]
        return bool(await self._call("tollbook_lease_release", [partition], arguments))

    async def announce(
        self, worker: str, ttl_ms: int, wanted: frozenset[int] | None
    ) -> dict[str, frozenset[int] | None]:
        """Say that a worker shares the work for a time, or with 0 that it leaves; who does so.

        Args:
            worker: who.
            ttl_ms: how long it is counted on.
            wanted: what it can work on; None for everything.
        """
        arguments: list[str | bytes | int] = [self._role, worker, ttl_ms, _text(wanted)]
        told = await self._functions.call("tollbook_lease_announce", [keys.WORKERS], arguments)
        pairs = zip(told[::2], told[1::2], strict=True)
        return {name.decode(): _wanted(text.decode()) for name, text in pairs}

    def _call(
        self, function: str, partitions: Sequence[int], arguments: Sequence[str | bytes | int]
    ) -> Awaitable[Any]:
        return self._functions.call(function, [keys.leases(one) for one in partitions], arguments)


async def read_leases(redis: Redis, partitions: Sequence[int]) -> dict[int, dict[str, Lease]]:
    """The leases of some partitions by role; reads only."""
    functions, found = Functions(redis, LIBRARY), dict[int, dict[str, Lease]]()
    for some in _together(redis, partitions):
        names = [keys.leases(partition) for partition in some]
        told = await functions.call("tollbook_lease_look", names, [], read_only=True)
        for partition, leases in zip(some, told, strict=True):
            found[partition] = {role.decode(): _lease(one) for role, *one in sorted(leases)}
    return found


def _together(redis: Redis, partitions: Sequence[int]) -> list[tuple[int, ...]]:
    """Partitions whose leases one call reaches: one, where each has a slot of its own."""
    count = 1 if layout_of(redis).spread else KEYS_AT_ONCE
    return [tuple(partitions[at : at + count]) for at in range(0, len(partitions), count)]


def _lease(told: Sequence[Any]) -> Lease:
    token, worker, since, left = told
    name = worker.decode()
    return Lease(int(token), None if name == "-" else name, int(since), int(left))


def _text(wanted: frozenset[int] | None) -> str:
    if wanted is None:
        return EVERYTHING
    return ",".join(map(str, sorted(wanted)))


def _wanted(text: str) -> frozenset[int] | None:
    if text == EVERYTHING:
        return None
    return frozenset(map(int, text.split(",")))
