"""Makes the client of a URL: one server, a cluster, or the primary that Sentinels name."""

import asyncio
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from tollbook_schemas.errors import EngineError
from tollbook_services.cluster.client import ClusterClient
from tollbook_services.cluster.nodes import node_of
from tollbook_services.engine_url import FORMS, EngineUrl, parse_engine_url
from tollbook_services.shown import safe_url

CONNECT_S_MAX: Final = 5.0
"""A connection across a continent takes less than a second."""

SOCKET_S_MAX: Final = 30.0
"""Longer than any call takes, so that a slow disk is not mistaken for a dead server."""


class ServerClient(Redis):
    """A client of one server, or of whichever server is the primary now.

    Attributes:
        replicas: how many replicas have to confirm an fsync.
    """

    replicas = 0

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001
        """Close its connections, those to Sentinels too."""
        await super().aclose(close_connection_pool)
        manager = getattr(self.connection_pool, "sentinel_manager", None)
        for sentinel in () if manager is None else manager.sentinels:
            await sentinel.aclose()


class OrderlySentinel(Sentinel):
    """Asks Sentinels for the primary, one question at a time.

    redis-py puts the one that answered first, at places it looked up before it waited: of two who
    ask at once, the later puts one Sentinel in twice and drops another, which is then neither asked
    nor closed any more.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        """As redis-py's."""
        cast("Any", super()).__init__(*args, **options)
        self._asking = asyncio.Lock()

    async def discover_master(self, service_name: str) -> Any:
        """Host and port of the primary; MasterNotFoundError where no Sentinel knows one."""
        async with self._asking:
            return await cast("Any", super()).discover_master(service_name)


def client_of(url: str) -> Redis:
    """A client that does not repeat calls by itself; nothing is connected to yet.

    Raises:
        EngineError: it is not the URL of an engine.
    """
    parsed = parse_engine_url(url)
    try:
        if parsed.kind == "cluster":
            return ClusterClient(parsed.nodes, _server, parsed.replicas)
        client = _primary(parsed) if parsed.kind == "sentinel" else _server(parsed.nodes[0])
    except (ValueError, TypeError) as error:
        raise EngineError(f"{safe_url(url)!r} is no engine ({error}): {FORMS}") from error
    client.replicas = parsed.replicas
    return client


async def url_of_key(url: str, redis: Redis, key: str) -> str:
    """A plain URL of the server that has a key now, for a library that knows nothing else.

    Args:
        url: that of the engine.
        redis: its client.
        key: such as the inbox.

    Raises:
        RedisError: there is none.
    """
    parsed = parse_engine_url(url)
    if parsed.kind == "single":
        return parsed.nodes[0]
    if parsed.kind == "sentinel":
        host, port = await cast("Any", redis.connection_pool).get_master_address()
    else:
        options = (await node_of(redis, key)).connection_pool.connection_kwargs
        host, port = options["host"], options["port"]
    parts = urlsplit(parsed.nodes[0])
    user, at, _ = parts.netloc.rpartition("@")
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return parts._replace(netloc=f"{user}{at}{place}").geturl()


def _server(url: str) -> ServerClient:
    return cast("ServerClient", ServerClient.from_url(url, **_options()))


def _primary(parsed: EngineUrl) -> ServerClient:
    """The client of whichever server Sentinels call the primary; these have the same password."""
    hosts = [urlsplit(url) for url in parsed.nodes]
    first = hosts[0]
    secret: dict[str, Any] = {}
    if first.password is not None:
        secret["password"] = unquote(first.password)
    if first.username:
        secret["username"] = unquote(first.username)
    if first.scheme == "rediss":
        secret["ssl"] = True
    sentinels: Any = OrderlySentinel(
        [(one.hostname, one.port) for one in hosts],
        sentinel_kwargs=secret | _options(),
        **secret | _options(),
    )
    return cast("ServerClient", sentinels.master_for(parsed.primary, redis_class=ServerClient))


def _options() -> dict[str, Any]:
    return {
        "socket_connect_timeout": CONNECT_S_MAX,
        "socket_timeout": SOCKET_S_MAX,
        "retry": Retry(NoBackoff(), 0),
    }
