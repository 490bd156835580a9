"""Several commands at once for a cluster: those of a slot go together, over one connection."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, cast

from redis.asyncio.client import Pipeline
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    RedisError,
    TryAgainError,
    WatchError,
)

from tollbook_services.cluster.commands import slot_of

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from tollbook_services.cluster.client import ClusterClient

_ELSEWHERE: Final = (MovedError, AskError, TryAgainError, ClusterDownError)

Command = tuple[tuple[Any, ...], dict[str, Any]]


class ClusterPipeline(Pipeline):
    """A pipeline of `ClusterClient`.

    Without a transaction, commands are sent slot by slot in the order of the first command of
    each; one without a key goes with those before it, as a WAITAOF has to. A transaction is of
    one slot.
    """

    def __init__(self, cluster: ClusterClient, *, transaction: bool) -> None:
        """Take the client whose nodes the commands go to."""
        super().__init__(cluster.connection_pool, cluster.response_callbacks, transaction, None)
        self._cluster = cluster

    async def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        """WATCH, and what is read after it: on a connection of the node that has the key."""
        if self.connection is None:
            node = await self._cluster.topology.of_slot(slot_of(args))
            self.connection_pool = node.connection_pool
        run: Any = super().immediate_execute_command
        return await run(*args, **options)

    async def execute(self, raise_on_error: bool = True) -> list[Any]:  # noqa: FBT001, FBT002
        """Send the commands; their answers in their order."""
        if self.watching:
            try:
                return await super().execute(raise_on_error)
            except _ELSEWHERE as error:
                raise WatchError(f"the key moved to another node: {error}") from error
        commands: list[Command] = list(cast("Any", self.command_stack))
        self.command_stack = []
        if not commands:
            return []
        try:
            if self.is_transaction or self.explicit_transaction:
                return await self._transaction(commands, raise_on_error=raise_on_error)
            answers = await self._by_slot(commands)
        finally:
            await cast("Any", self).reset()
        if raise_on_error:
            self.raise_first_error(cast("Any", commands), answers)
        return answers

    async def _transaction(self, commands: list[Command], *, raise_on_error: bool) -> list[Any]:
        slot = next(slot for args, _ in commands if (slot := slot_of(args)) is not None)

        async def call(node: Redis, *, asking: bool = False) -> list[Any]:
            pipe = node.pipeline(transaction=True)
            if asking:
                raise TryAgainError("a transaction waits until its slot has moved")
            pipe.command_stack = list(commands)
            return list(await pipe.execute(raise_on_error))

        return await self._cluster.routed(slot, call, lambda node: call(node, asking=True))

    async def _by_slot(self, commands: list[Command]) -> list[Any]:
        slots: list[int | None] = []
        for args, _ in commands:
            slot = slot_of(args)
            slots.append(slots[-1] if slot is None and slots else slot)
        order = sorted(range(len(commands)), key=lambda at: slots.index(slots[at]))
        answers: list[Any] = [None] * len(commands)
        for slot, places in groupby(order, key=slots.__getitem__):
            own = list(places)
            told = await self._of_slot(slot, [commands[at] for at in own])
            for at, answer in zip(own, told, strict=True):
                answers[at] = answer
        return answers

    async def _of_slot(self, slot: int | None, commands: list[Command]) -> list[Any]:
        """The answers to commands of one slot; what a node did not take is sent to the next."""
        done: list[Any] = []

        async def call(node: Redis, *, asking: bool = False) -> list[Any]:
            rest = commands[len(done) :]
            pipe = node.pipeline(transaction=False)
            for command in rest:
                pipe.command_stack += [(("ASKING",), {}), command] if asking else [command]
            answers = list(await pipe.execute(raise_on_error=False))
            answers = answers[1::2] if asking else answers
            refused = next(
                (at for at, one in enumerate(answers) if isinstance(one, _ELSEWHERE)), None
            )
            done.extend(answers[:refused])
            if refused is not None:
                raise _as_error(answers[refused])
            return done

        return await self._cluster.routed(slot, call, lambda node: call(node, asking=True))


def _as_error(answer: Any) -> RedisError:
    if not isinstance(answer, RedisError):
        raise TypeError(answer)
    return answer
