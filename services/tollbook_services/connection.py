"""A client of an engine, and whether that engine keeps what it acknowledges."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    ResponseError,
)
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import TimeoutError as EngineTimeoutError

from tollbook_schemas.errors import EngineError
from tollbook_services.cluster.nodes import is_cluster, primaries
from tollbook_services.cluster.topology import NoClusterError
from tollbook_services.engine_client import client_of
from tollbook_services.shown import safe_url

LISTEN_S_MAX: Final = 2.0
"""A server that was just started, or restarted, listens within this."""

ANSWER_S_MAX: Final = 15.0
"""A server answers its first PING within this, even behind a slow fsync."""

LOAD_S_MAX: Final = 600.0
"""Loading tens of gigabytes of append-only file takes minutes."""

_LOOK_S: Final = 0.1

_WANTED: Final = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "maxmemory-policy": "noeviction",
}
_OLDEST: Final = {"valkey": (8, 0), "redis": (7, 2)}


async def connect(url: str) -> Redis:
    """A client of an engine that answers; it does not repeat calls by itself.

    An engine that does not answer yet is waited for, longer while it says that it is loading.

    Raises:
        EngineError: nothing answers at the URL, or it refuses the password.
    """
    redis = client_of(url)
    try:
        await _first_answer(redis)
    except AuthenticationError as error:
        await redis.aclose()
        raise EngineError(
            f"the engine at {safe_url(url)} refuses the user or the password ({error}): "
            "give redis://user:password@host:port, or leave the user out for the default one"
        ) from error
    except NoClusterError as error:
        await redis.aclose()
        raise EngineError(f"{error}: give redis://host:port for a single server") from error
    except (LostConnectionError, EngineTimeoutError, OSError, ResponseError) as error:
        await redis.aclose()
        reason = str(error) or f"silence for {ANSWER_S_MAX:g} s"
        raise EngineError(f"no engine answers at {safe_url(url)}: {reason}") from error
    except BaseException:
        await redis.aclose()
        raise
    return redis


async def check_engine(redis: Redis) -> None:
    """Refuse an engine that could lose what it acknowledged; of a cluster, any of its primaries.

    Raises:
        EngineError: names the setting to change: a replica, an append-only file that is off or
            not synced at every write, a policy that evicts, or a server that is too old.
    """
    wrong = []
    for node in await primaries(redis):
        found = await _wrong_with(node, clustered=is_cluster(redis))
        wrong += [f"{_name(node)}: {one}" for one in found] if is_cluster(redis) else found
    if wrong:
        raise EngineError("this engine may lose acknowledged events: " + "; ".join(wrong))


async def _wrong_with(node: Redis, *, clustered: bool) -> list[str]:
    client = cast("Any", node)
    try:
        info: Mapping[str, Any] = await client.info("server", "replication", "cluster")
        if not clustered and info.get("cluster_enabled"):
            raise EngineError(
                "this engine is one node of a cluster: give redis+cluster://host:port,host:port"
            )
        return _wrong_server(info) or _wrong_settings(await client.config_get(*_WANTED))
    except (NoPermissionError, ResponseError) as error:
        raise EngineError(
            f"cannot read the engine's settings ({error}): allow INFO and CONFIG GET, "
            "so that it can be seen whether it keeps what it acknowledges"
        ) from error


def _name(node: Redis) -> str:
    options = node.connection_pool.connection_kwargs
    return f"{options.get('host')}:{options.get('port')}"


def _wrong_server(info: Mapping[str, Any]) -> list[str]:
    wrong = []
    if info.get("role") != "master":
        wrong.append(f"it is a {info.get('role')}: name the primary")
    kind = "valkey" if "valkey_version" in info else "redis"
    version = str(info.get(f"{kind}_version", "0"))
    oldest = _OLDEST[kind]
    if tuple(int(part) for part in version.split(".")[:2]) < oldest:
        wrong.append(f"{kind} {version} is too old, use {oldest[0]}.{oldest[1]} or later")
    return wrong


def _wrong_settings(settings: Mapping[Any, Any]) -> list[str]:
    found = {_text(name): _text(value) for name, value in settings.items()}
    return [
        f"{name} is {found.get(name)}, set it to {wanted}"
        for name, wanted in _WANTED.items()
        if found.get(name) != wanted
    ]


async def _first_answer(redis: Redis) -> None:
    clock = asyncio.get_running_loop().time
    began = clock()
    while True:
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                for node in await primaries(redis):
                    await cast("Awaitable[Any]", node.ping())
        except BusyLoadingError:
            if clock() - began > LOAD_S_MAX:
                raise
        except (LostConnectionError, EngineTimeoutError, OSError) as error:
            if isinstance(error, AuthenticationError) or clock() - began > LISTEN_S_MAX:
                raise
        else:
            return
        await asyncio.sleep(_LOOK_S)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
