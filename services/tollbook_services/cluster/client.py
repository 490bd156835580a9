"""A client of a cluster that is used like one of a single server, as long as calls keep to a slot.

redis-py has a cluster client, too. It asks a server for the keys of each function call by sending
it all arguments, and it cannot put a WAITAOF behind a call on the same connection; both are in
every append here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import AskError, ClusterDownError, MovedError, TryAgainError
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import TimeoutError as EngineTimeoutError

from tollbook_services.cluster.commands import slot_of
from tollbook_services.cluster.pipeline import ClusterPipeline
from tollbook_services.cluster.topology import MakeNode, Topology

PATIENCE_S: Final = 15.0
"""Seconds that a call is redirected, or waits for a slot that is on its way to another node."""

LOOK_AGAIN_S: Final = 0.05

_Done = TypeVar("_Done")


class ClusterClient(Redis):
    """Sends each command to the node that serves its first key.

    A command without keys goes to any primary: ask `primaries` where that makes a difference.
    Redirections are followed, and a slot that is being moved is waited for. A call whose answer
    is lost is not repeated.

    Attributes:
        topology: which node serves what.
        replicas: how many replicas have to confirm an fsync.
    """

    def __init__(self, seeds: Sequence[str], make: MakeNode, replicas: int = 0) -> None:
        """Take URLs of some nodes and what makes the client of one; nothing is connected to."""
        super().__init__()
        self.topology = Topology(seeds, self._node_maker(make))
        self.replicas = replicas

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send one command and return its answer."""
        return await self.routed(
            slot_of(args),
            lambda node: cast("Any", node).execute_command(*args, **options),
            lambda node: _asked(node, args, options),
        )

    def pipeline(
        self,
        transaction: bool = True,  # noqa: FBT001, FBT002 - as redis-py has it
        shard_hint: str | None = None,  # noqa: ARG002
    ) -> Pipeline:
        """Several commands at once: in a transaction of one slot, or each slot's on their own."""
        return ClusterPipeline(self, transaction=transaction)

    async def scan_iter(self, *args: Any, **options: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        """The keys of all primaries."""
        for node in await self.topology.primaries():
            async for key in node.scan_iter(*args, **options):
                yield key

    async def routed(
        self,
        slot: int | None,
        call: Callable[[Redis], Awaitable[_Done]],
        asking: Callable[[Redis], Awaitable[_Done]],
    ) -> _Done:
        """Make a call where the slot is served, wherever it moves meanwhile.

        Args:
            slot: what the call is about; None for nothing.
            call: makes it with the client of a node.
            asking: the same at a node that is about to get the slot.

        Raises:
            LostConnectionError: nobody serves the slot in `PATIENCE_S`; nothing was done.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + PATIENCE_S
        while True:
            try:
                return await call(await self.topology.of_slot(slot))
            except MovedError as error:
                reason: Exception = error
                self.topology.moved(error.slot_id, error.node_addr)
            except AskError as error:  # a MovedError is one, too
                reason = error
                try:
                    return await asking(self.topology.at(error.node_addr))
                except (MovedError, TryAgainError, ClusterDownError) as again:
                    reason = again
                    self.topology.forget()
            except (TryAgainError, ClusterDownError) as error:
                reason = error
                self.topology.forget()
            except (LostConnectionError, EngineTimeoutError, OSError):
                self.topology.forget()
                raise
            if clock() >= until:
                raise LostConnectionError(
                    f"the cluster did not serve slot {slot} for {PATIENCE_S:g} s: {reason}"
                ) from reason
            await asyncio.sleep(0 if isinstance(reason, MovedError) else LOOK_AGAIN_S)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001
        """Close the clients of all nodes."""
        await self.topology.aclose()
        await super().aclose(close_connection_pool)

    def _node_maker(self, make: MakeNode) -> MakeNode:
        def node(url: str) -> Redis:
            made = make(url)
            made.response_callbacks = self.response_callbacks
            return made

        return node


async def _asked(node: Redis, args: Sequence[Any], options: dict[str, Any]) -> Any:
    """The answer of a node that is about to get the slot."""
    async with node.pipeline(transaction=False) as pipe:
        pipe.execute_command("ASKING")
        pipe.execute_command(*args, **options)
        return (await pipe.execute())[-1]
