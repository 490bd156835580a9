"""Where in an engine lies what several partitions share.

On one server each such thing has one key, and one call changes it together with a partition. In a
cluster a call reaches the keys of one partition only: each partition has its own, and what they
have to agree about is brought from one to the others before anything is acknowledged.
"""

from dataclasses import dataclass
from typing import Final, Literal

from redis.asyncio import Redis

from tollbook_services import keys
from tollbook_services.cluster.nodes import is_cluster

LAYOUT: Final = "layout"
"""Field of the ledger's own hash that says how it is laid out; left out for one server."""

LAYOUTS: Final = frozenset({"one", "cluster"})
"""Those that this version knows."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The names of what partitions share.

    Attributes:
        name: `one` where it lies on one server, `cluster` where each partition has its own.
    """

    name: Literal["one", "cluster"]

    @property
    def spread(self) -> bool:
        """Whether each partition has its own."""
        return self.name == "cluster"

    def index(self, partition: int) -> str:
        """Hash: key digest to content digest and position."""
        return keys.own_index(partition) if self.spread else keys.INDEX

    def ledger(self, partition: int) -> str:
        """Hash with the ledger's id: what an append compares."""
        return keys.own_ledger(partition) if self.spread else keys.LEDGER

    def gazetteers(self, partition: int) -> str:
        """Hash of the places of published gazetteers."""
        return keys.own_gazetteers(partition) if self.spread else keys.GAZETTEERS

    def policies(self, partition: int) -> str:
        """Hash of the places of published policies."""
        return keys.own_policies(partition) if self.spread else keys.POLICIES

    def changes(self, partition: int) -> str:
        """Stream that a commit writes its changes to."""
        return keys.own_changes(partition) if self.spread else keys.CHANGES

    def each(self, partitions: int) -> range:
        """One partition for every key that there is of a kind."""
        return range(partitions) if self.spread else range(1)


ONE: Final = Layout("one")
CLUSTER: Final = Layout("cluster")


def layout_of(redis: Redis) -> Layout:
    """The layout of every ledger in an engine."""
    return CLUSTER if is_cluster(redis) else ONE
