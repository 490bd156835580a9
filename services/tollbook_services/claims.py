"""Claims of idempotency keys in a cluster, so that a key is recorded in one partition only.

A key that is used with two crises reaches two partitions, and no call of the engine sees the
indexes of both. So a key is claimed before it is appended, where its digest says and whatever
crisis it names. The first claim decides. A claim that was never followed by an event (its sender
died) is taken over: the partition it was for is told never to record that turn of it.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from tollbook_schemas.errors import CheckFailedError, EngineError
from tollbook_services import keys
from tollbook_services.durability import must_be_confirmed, must_be_durable, wait_for_disks
from tollbook_services.functions_loader import load_library
from tollbook_services.layout import layout_of

LIBRARY: Final = ("tollbook_claims_v1", "claims.lua")

TRIES_MAX: Final = 20
"""Times that a claim is taken over by others while it is being looked at."""

PATIENCE_S: Final = 1.0
"""Seconds, about, in which whoever claimed a key before is expected to record it: an append is
some ten times faster. Half of it is drawn by lot, so that two who wait for each other do not give
up at the same moment. It doubles with each turn of the claim, up to `LONGEST_PATIENCE` times as
long: where machines are so busy that appends take longer, claims would else be taken over for ever.
"""

LONGEST_PATIENCE: Final = 16

LOOK_AGAIN_S: Final = 0.02

KEY_BYTES: Final = 16
"""Bytes of the digest of an idempotency key."""

_NO_ENTRY: Final = b""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known of a key that is not simply this partition's in its first turn.

    Attributes:
        turn: the number of the claim, from 1.
        entry: the index entry of another partition that has recorded the key; empty for none.
    """

    turn: int = 1
    entry: bytes = _NO_ENTRY


class Claims:
    """Claims keys for one partition of a ledger in a cluster.

    Attributes:
        partitions: how many the ledger has.
    """

    def __init__(self, redis: Redis, ledger_id: str, partition: int, partitions: int) -> None:
        """Take the client, the ledger, and the partition that keys are claimed for."""
        self._redis = redis
        self._ledger_id = ledger_id
        self._partition = partition
        self.partitions = partitions

    async def claim(self, wanted: Sequence[bytes]) -> tuple[dict[int, Claim], list[int]]:
        """Claim keys, durably; nobody is waited for.

        Args:
            wanted: digests of the keys.

        Returns:
            By place in `wanted`, from 0, what an append has to know: a key that is not there was
            claimed for this partition, in its first turn. And the places of those keys that
            another partition has claimed and not recorded yet: they have to be settled first.

        Raises:
            CheckFailedError: the engine does not hold this ledger any more.
            RedisError, EngineError: a node is away; nothing was appended.
        """
        homes: dict[int, list[int]] = {}
        for place, key in enumerate(wanted):
            homes.setdefault(keys.home_of(key, self.partitions), []).append(place)
        told = await asyncio.gather(
            *(
                self._claim_at(home, [wanted[place] for place in places])
                for home, places in homes.items()
            )
        )
        known: dict[int, Claim] = {}
        theirs: dict[int, list[int]] = {}
        for places, others in zip(homes.values(), told, strict=True):
            for at, partition, turn in others:
                if partition == self._partition:
                    known[places[at]] = Claim(turn)
                else:
                    theirs.setdefault(partition, []).append(places[at])
        looked = await asyncio.gather(
            *(self._recorded(wanted, places, partition) for partition, places in theirs.items())
        )
        for entries in looked:
            known.update(entries)
        disputed = (place for places in theirs.values() for place in places)
        return known, sorted(place for place in disputed if place not in known)

    async def settle(self, key: bytes) -> Claim:
        """What becomes of a key that another partition has claimed: it is waited for, or taken."""
        home = keys.home_of(key, self.partitions)
        _, partition, turn = (await self._claim_at(home, [key], every=True))[0]
        for _ in range(TRIES_MAX):
            if partition == self._partition:
                return Claim(turn)
            entry = await self._entry_soon(key, partition, turn)
            entry = entry or await self._entry_or_void(key, partition, turn)
            if entry:
                return Claim(entry=entry)
            partition, turn = await self._take(key, partition, turn)
        raise EngineError(
            f"the key {key.hex()} is claimed by two partitions in turn: two senders give the same "
            "source and id to events of two crises; give each event an id of its own"
        )

    async def again(self, wanted: Sequence[bytes]) -> None:
        """Take a new turn for those keys whose claim is this partition's, but was voided there."""
        name = keys.voided(self._partition)
        found: Any = self._redis.hmget(name, list(wanted))
        for key, voided in zip(wanted, await found, strict=True):
            home = keys.home_of(key, self.partitions)
            if voided is None:
                continue
            _, partition, turn = (await self._claim_at(home, [key], every=True))[0]
            if partition == self._partition and turn <= int(voided):
                await self._take(key, partition, turn)

    async def _recorded(
        self, wanted: Sequence[bytes], places: Sequence[int], partition: int
    ) -> dict[int, Claim]:
        """The claims of those keys, by place, that the partition they were claimed for has."""
        name = layout_of(self._redis).index(partition)
        found: Any = self._redis.hmget(name, [wanted[place] for place in places])
        entries = {
            place: Claim(entry=bytes(entry))
            for place, entry in zip(places, await found, strict=True)
            if entry
        }
        if entries:
            await must_be_confirmed(self._redis, keys.state(partition))
        return entries

    async def _claim_at(
        self, home: int, wanted: Sequence[bytes], *, every: bool = False
    ) -> list[tuple[int, int, int]]:
        names = [keys.claims(home), keys.own_ledger(home)]
        reply = await self._call(
            home, "tollbook_claim", names, [self._ledger_id, self._partition, b"".join(wanted)]
        )
        if reply[0] == b"other":
            raise CheckFailedError(
                f"partition {home} of the ledger {self._ledger_id} was erased from its node, or "
                "replaced: nothing was appended; restore that node's files from a backup"
            )
        others = [
            (int(reply[at]) - 1, int(reply[at + 1]), int(reply[at + 2]))
            for at in range(1, len(reply), 3)
        ]
        if not every:
            return others
        named = {at: (partition, turn) for at, partition, turn in others}
        return [(at, *named.get(at, (self._partition, 1))) for at in range(len(wanted))]

    async def _entry_soon(self, key: bytes, partition: int, turn: int) -> bytes:
        """The entry that whoever claimed the key for a partition records there; empty for none."""
        clock = asyncio.get_running_loop().time
        patience = PATIENCE_S * min(2 ** (turn - 1), LONGEST_PATIENCE)
        until = clock() + patience * random.uniform(0.5, 1)  # noqa: S311 - no secret
        while True:
            name = layout_of(self._redis).index(partition)
            found: Any = self._redis.hget(name, key)
            entry = await found
            if entry:
                await must_be_confirmed(self._redis, keys.state(partition))
                return bytes(entry)
            if clock() >= until:
                return _NO_ENTRY
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _entry_or_void(self, key: bytes, partition: int, turn: int) -> bytes:
        names = [layout_of(self._redis).index(partition), keys.voided(partition)]
        return bytes(await self._call(partition, "tollbook_void", names, [key, turn]))

    async def _take(self, key: bytes, partition: int, turn: int) -> tuple[int, int]:
        """Take a claim over, unless somebody else did; whose it is then, and its turn."""
        home = keys.home_of(key, self.partitions)
        reply = await self._call(
            home, "tollbook_reclaim", [keys.claims(home)], [key, partition, turn, self._partition]
        )
        return int(reply[0]), int(reply[1])

    async def _call(
        self, partition: int, function: str, names: Sequence[str], arguments: Sequence[Any]
    ) -> Any:
        """A call in a partition's slot, and the wait until what it wrote or found is durable.

        The library is loaded if need be.
        """
        for attempt in range(2):
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.execute_command("FCALL", function, len(names), *names, *arguments)
                wait_for_disks(pipe, self._redis, keys.state(partition))
                reply, *waits = await pipe.execute(raise_on_error=False)
            if isinstance(reply, Exception):
                if attempt or "function not found" not in str(reply).lower():
                    raise reply
                await load_library(self._redis, *LIBRARY)
                continue
            must_be_durable(self._redis, waits[-1])
            return reply
        raise AssertionError("a call ends by its answer or its error")
