"""The sealer: adds what was appended to the Merkle tree of its partition, and signs the new head.

The tree is a projection like the others: folded in order from the stream, with its own position,
in steps that fail unless the position is the expected one. Any number of sealers share the
partitions, each of which one has by lease; a killed one leaves nothing half done.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

import structlog
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import TimeoutError as EngineTimeoutError

from tollbook_schemas.errors import EngineError, TollbookError
from tollbook_schemas.tlog.keys import SigningKey, VerifierKey
from tollbook_services.division import Division, Held
from tollbook_services.fence import Fence
from tollbook_services.heartbeats import BEAT_INTERVAL_S, Heartbeats
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.log_keys import LogKeys
from tollbook_services.sealing.partition import PartitionSealing, Signing
from tollbook_services.sealing.signed_heads import SignedHeads
from tollbook_services.verify import must_be_same_ledger

ROLE: Final = "sealer"

PAUSE_S: Final = 0.2
"""Seconds between two checkpoints of a partition: the head is sealed well within a second of its
append, and a busy partition does not sign hundreds of heads that nobody can fetch."""

ENGINE_GONE_S_MAX: Final = 30.0
"""How long a lost engine is waited for; after that the worker ends, and says why."""

RECONNECT_S: Final = 0.2

_log = structlog.get_logger("tollbook.sealer")


class KeyReplacedError(TollbookError):
    """The key that a sealer works with is not the one in use any more."""


class Sealer:
    """Seals partitions with one key."""

    def __init__(
        self,
        ledger: Ledger,
        key: SigningKey,
        heads: SignedHeads | None = None,
        *,
        engine_gone_s_max: float = ENGINE_GONE_S_MAX,
    ) -> None:
        """Take the ledger and the key that names its logs; nothing is read yet.

        Args:
            ledger: whose events are sealed.
            key: that signs; its name begins the names of the logs.
            heads: remembers what was signed, where the engine may come back from an older copy.
            engine_gone_s_max: how long a lost engine is waited for.
        """
        self._ledger = ledger
        self._key = key
        self._heads = heads or SignedHeads(None, ledger.id)
        self._log_keys = LogKeys(ledger)
        self._known: tuple[VerifierKey, ...] = ()
        self._engine_gone_s_max = engine_gone_s_max
        self._heartbeats = Heartbeats(ledger.redis)

    async def run(self, partitions: Iterable[int], stop: asyncio.Event) -> None:
        """Follow this worker's share of the partitions until `stop` is set.

        Raises:
            EngineError: the engine stayed away, or is no longer fit.
            CheckFailedError: stored events or tiles were altered, the ledger was replaced, or
                is not the one whose heads were signed.
            KeyReplacedError: another key took this one's place meanwhile.
        """
        self._known = await self._log_keys.use(self._key)
        division = Division(
            self._ledger.redis,
            ROLE,
            self._ledger.partitions,
            watch=self._watch,
            engine_gone_s_max=self._engine_gone_s_max,
        )
        await division.run(partitions, self._follow_always, stop)

    async def catch_up(self, partition: int) -> int:
        """Seal up to where the head is now; the size that is sealed then.

        Raises:
            EngineError, CheckFailedError: as `run`.
        """
        self._known = await self._log_keys.use(self._key)
        target = await self._ledger.head(partition)
        work = self._partition(partition)
        try:
            await work.step()
            while await work.size() < target:
                await work.step()
            return await work.size()
        finally:
            await work.close()

    async def _follow_always(self, held: Held) -> None:
        """Follow a partition, over losses of the engine that it comes back from."""
        partition, stop = held.partition, held.leave
        loop = asyncio.get_running_loop()
        gone_since: float | None = None
        while not stop.is_set():
            try:
                await self._follow(held)
            except (LostConnectionError, EngineTimeoutError, OSError) as error:
                gone_since = loop.time() if gone_since is None else gone_since
                if loop.time() - gone_since > self._engine_gone_s_max:
                    raise EngineError(f"the engine has been away too long: {error}") from error
                _log.warning("engine lost, trying again", partition=partition, error=str(error))
                await asyncio.sleep(RECONNECT_S)

    async def _follow(self, held: Held) -> None:
        partition, stop, worker = held.partition, held.leave, held.worker
        work = self._partition(partition, held.fence)
        loop, beaten_s = asyncio.get_running_loop(), float("-inf")
        try:
            while not stop.is_set():
                if not await work.step():
                    await work.wait()
                if loop.time() - beaten_s >= BEAT_INTERVAL_S:
                    await self._heartbeats.beat(
                        partition, worker, ROLE, "running", await work.size()
                    )
                    beaten_s = loop.time()
                await _pause(stop)
            if held.stopping.is_set():
                await self._heartbeats.beat(partition, worker, ROLE, "stopped", await work.size())
        finally:
            await work.close()

    def _partition(self, number: int, fence: Fence | None = None) -> PartitionSealing:
        signing = Signing(self._key, self._known, self._heads, fence)
        return PartitionSealing(self._ledger, signing, number)

    async def _watch(self) -> None:
        await must_be_same_ledger(self._ledger.redis, self._ledger.id)
        if (await self._log_keys.history())[-1].key != self._key.verifier:
            raise KeyReplacedError(
                "the key was replaced: start again with the one that took its place"
            )


async def _pause(stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), PAUSE_S)
    except TimeoutError:
        return
