"""Clusters of real servers on loopback ports, with or without replicas."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError
from tests.server_kit import PASSWORD, Process, free_port, process_of

SLOTS = 16_384
WAIT_S_MAX = 60.0
LOOK_S = 0.02


@dataclass(frozen=True)
class Node:
    """A node of a cluster, with a client of it alone."""

    process: Process
    bus_port: int
    id: str
    redis: Redis

    @property
    def port(self) -> int:
        """Where clients connect to."""
        return self.process.port

    def ask(self, *command: Any) -> Any:
        """The answer to a command."""
        return self.redis.execute_command(*command)


@dataclass(frozen=True)
class Cluster:
    """Primaries, and their replicas in turn."""

    primaries: tuple[Node, ...]
    replicas: tuple[Node, ...]

    def url(self, options: str = "") -> str:
        """Its URL, by the addresses of all primaries."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.primaries)
        return f"redis+cluster://:{PASSWORD}@{hosts}{options}"

    def owner_of(self, key: str) -> Node:
        """The node that serves a key now."""
        slot = key_slot(key.encode())
        told = self._told()
        port = next(one[2][1] for one in told if one[0] <= slot <= one[1])
        return next(node for node in (*self.primaries, *self.replicas) if node.port == port)

    def empty(self) -> None:
        """Leave nothing of earlier tests."""
        for node in self.primaries:
            node.redis.flushall()
            node.redis.function_flush()

    def migrate(self, key: str, target: Node) -> None:
        """Hand a key's slot to another primary, atomically (Valkey 9)."""
        slot = key_slot(key.encode())
        source = self.owner_of(key)
        source.ask("CLUSTER MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", target.id)
        until(lambda: self.owner_of(key) is target)
        until(lambda: all(_knows(node, slot, target.port) for node in self.primaries))

    def migrate_key_by_key(self, key: str, target: Node, count: int) -> None:
        """The same as every version does it: some keys at a time, redirected meanwhile."""
        slot = key_slot(key.encode())
        source = self.owner_of(key)
        target.ask("CLUSTER SETSLOT", slot, "IMPORTING", source.id)
        source.ask("CLUSTER SETSLOT", slot, "MIGRATING", target.id)
        while found := source.ask("CLUSTER GETKEYSINSLOT", slot, count):
            place = ("127.0.0.1", target.port, "", 0, int(1000 * WAIT_S_MAX))
            source.ask("MIGRATE", *place, "AUTH", PASSWORD, "KEYS", *found)
        for node in (target, source, *self.primaries):
            node.ask("CLUSTER SETSLOT", slot, "NODE", target.id)
        until(lambda: all(_knows(node, slot, target.port) for node in self.primaries))

    def _told(self) -> Any:
        for node in (*self.primaries, *self.replicas):
            with suppress(RedisError, OSError):
                return node.ask("CLUSTER SLOTS")
        raise AssertionError("no node answers")


@contextmanager
def cluster_of(
    binary: Path, directory: Path, primaries: int = 3, replicas: int = 0
) -> Iterator[Cluster]:
    """A cluster with the slots shared evenly; all its servers are killed at the exit."""
    with ExitStack() as stack:
        nodes = []
        for number in range(primaries + replicas):
            bus_port = free_port()
            settings = {"cluster-enabled": "yes", "cluster-node-timeout": "1500"}
            settings |= {"cluster-port": str(bus_port), "masterauth": PASSWORD}
            settings |= {"cluster-allow-replica-migration": "no"}
            folder = directory / f"node-{number}"
            process = stack.enter_context(process_of(binary, folder, **settings))
            client = Redis(host="127.0.0.1", port=process.port, password=PASSWORD)
            stack.callback(client.close)
            until(lambda client=client: _answers(client))
            own = client.execute_command("CLUSTER MYID").decode()
            nodes.append(Node(process, bus_port, own, client))
        _form(nodes[:primaries], nodes[primaries:])
        yield Cluster(tuple(nodes[:primaries]), tuple(nodes[primaries:]))


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that comes about by itself: gossip, an election, a copy."""
    end = time.monotonic() + WAIT_S_MAX
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(LOOK_S)


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False


def _form(primaries: Sequence[Node], replicas: Sequence[Node]) -> None:
    nodes = [*primaries, *replicas]
    for number, node in enumerate(nodes, 1):
        node.ask("CLUSTER SET-CONFIG-EPOCH", number)
    for number, node in enumerate(primaries):
        first, last = number * SLOTS // len(primaries), (number + 1) * SLOTS // len(primaries) - 1
        node.ask("CLUSTER ADDSLOTSRANGE", first, last)
    for node in nodes[1:]:
        node.ask("CLUSTER MEET", "127.0.0.1", nodes[0].port, nodes[0].bus_port)
    until(lambda: all(len(node.ask("CLUSTER NODES")) == len(nodes) for node in nodes))
    for number, node in enumerate(replicas):
        node.ask("CLUSTER REPLICATE", primaries[number % len(primaries)].id)
    until(lambda: all(_ready(node, len(replicas)) for node in nodes))
    until(lambda: all(_linked(node) for node in replicas))


def _linked(node: Node) -> bool:
    return bool(node.redis.info("replication")["master_link_status"] == "up")


def _ready(node: Node, replicas: int) -> bool:
    slots = node.ask("CLUSTER SLOTS")
    followers = sum(len(others) for _, _, _, *others in slots)
    return bool(node.ask("CLUSTER INFO")["cluster_state"] == "ok") and followers == replicas


def _knows(node: Node, slot: int, port: int) -> bool:
    told = node.ask("CLUSTER SLOTS")
    return bool(next(one[2][1] for one in told if one[0] <= slot <= one[1]) == port)
