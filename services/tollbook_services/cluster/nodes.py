"""The single servers behind a client, for what is asked of each of them."""

from redis.asyncio import Redis

from tollbook_services.cluster.client import ClusterClient
from tollbook_services.cluster.commands import slot_of


def is_cluster(redis: Redis) -> bool:
    """Whether keys lie on several nodes, by their hash tags."""
    return isinstance(redis, ClusterClient)


async def primaries(redis: Redis) -> list[Redis]:
    """A client of each server that takes writes; of the only one where there is no cluster."""
    return await redis.topology.primaries() if isinstance(redis, ClusterClient) else [redis]


async def all_nodes(redis: Redis) -> list[Redis]:
    """The same, and of each replica of a cluster."""
    return await redis.topology.nodes() if isinstance(redis, ClusterClient) else [redis]


async def node_of(redis: Redis, key: str) -> Redis:
    """A client of the server that has a key now."""
    if not isinstance(redis, ClusterClient):
        return redis
    return await redis.topology.of_slot(slot_of(("GET", key)))


def replicas_of(redis: Redis) -> int:
    """How many replicas have to confirm an fsync."""
    return int(getattr(redis, "replicas", 0))
