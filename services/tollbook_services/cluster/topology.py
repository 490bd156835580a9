"""Which node of a cluster serves which slot, and a client of each node."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as EngineTimeoutError

SLOTS: Final = 16_384

Address = tuple[str, int]
MakeNode = Callable[[str], Redis]


class NoClusterError(RedisError):
    """A server is not a node of a cluster."""


class Topology:
    """The primaries and replicas of a cluster as they were last told.

    It is asked for again where it is known to be out of date: a node is away, or says that it
    does not serve a slot any more.
    """

    def __init__(self, seeds: Sequence[str], make: MakeNode) -> None:
        """Take URLs of some nodes, and what makes the client of a node of a URL."""
        self._seeds = tuple(seeds)
        self._make = make
        self._clients: dict[Address, Redis] = {}
        self._primaries: dict[int, Address] = {}
        self._replicas: tuple[Address, ...] = ()
        self._lock = asyncio.Lock()
        self._known = False

    async def of_slot(self, slot: int | None) -> Redis:
        """The client of the primary of a slot; of any primary for None.

        Raises:
            LostConnectionError: no node answers, or none serves the slot.
        """
        await self._look()
        address = self._primaries.get(slot) if slot is not None else None
        if slot is None and self._primaries:
            address = next(iter(self._primaries.values()))
        if address is None:
            self.forget()
            raise LostConnectionError(f"no node of the cluster serves slot {slot}")
        return self._client(address)

    async def primaries(self) -> list[Redis]:
        """The clients of all primaries that serve slots, by address."""
        await self._look()
        return [self._client(address) for address in sorted(set(self._primaries.values()))]

    async def nodes(self) -> list[Redis]:
        """The same, and the replicas after them."""
        found = await self.primaries()
        return found + [self._client(address) for address in self._replicas]

    def at(self, address: Address) -> Redis:
        """The client of a node that another node named."""
        return self._client(address)

    def moved(self, slot: int, address: Address) -> None:
        """Take the word of a node for where a slot is."""
        self._primaries[slot] = address

    def forget(self) -> None:
        """Ask again before the next call."""
        self._known = False

    async def aclose(self) -> None:
        """Close all clients."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

    async def _look(self) -> None:
        if self._known:
            return
        async with self._lock:
            if not self._known:
                await self._ask_all()
                self._known = True

    async def _ask_all(self) -> None:
        reason: Exception | None = None
        named = {_address(url): url for url in self._seeds}
        for address in [*dict.fromkeys(self._primaries.values()), *self._replicas, *named]:
            try:
                client: Any = self._client(address)
                slots: Any = await client.execute_command("CLUSTER SLOTS")
            except ResponseError as error:
                if "cluster support disabled" in str(error):
                    raise NoClusterError(f"{_text(address)} is not a node of a cluster") from error
                reason = error
            except (LostConnectionError, EngineTimeoutError, OSError) as error:
                reason = error
            else:
                self._take(slots, address)
                return
        raise LostConnectionError(f"no node of the cluster answers: {reason}") from reason

    def _take(self, slots: Sequence[Sequence[Any]], told_by: Address) -> None:
        primaries: dict[int, Address] = {}
        replicas: set[Address] = set()
        for first, last, primary, *others in slots:
            address = _told(primary, told_by)
            primaries.update(dict.fromkeys(range(first, last + 1), address))
            replicas.update(_told(one, told_by) for one in others)
        self._primaries = primaries
        self._replicas = tuple(sorted(replicas - set(primaries.values())))

    def _client(self, address: Address) -> Redis:
        if address not in self._clients:
            self._clients[address] = self._make(_url_at(self._seeds[0], address))
        return self._clients[address]


def _told(node: Sequence[Any], told_by: Address) -> Address:
    """An address out of CLUSTER SLOTS; a node that knows no name of its own says an empty one."""
    host = node[0].decode() if isinstance(node[0], bytes) else str(node[0] or "")
    return host or told_by[0], int(node[1])


def _address(url: str) -> Address:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


def _url_at(url: str, address: Address) -> str:
    """The URL of another node: user, password and options are those of the first."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{_text(address)}"))


def _text(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
