"""What the URL of an engine says: one server, a cluster, or the primary that Sentinels name."""

from dataclasses import dataclass, field
from typing import Final, Literal, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tollbook_schemas.errors import EngineError
from tollbook_services.shown import safe_url

FORMS: Final = (
    "give redis://host:port, unix:///path, redis+cluster://host:port,host:port or "
    "redis+sentinel://host:port,host:port/name-of-the-primary"
)

REPLICAS: Final = "replicas"
"""Option of a URL: how many replicas have what is acknowledged on disk."""

REPLICAS_MAX: Final = 9

_PORTS: Final = {"cluster": 6379, "sentinel": 26379}

Kind = Literal["single", "cluster", "sentinel"]


@dataclass(frozen=True, slots=True)
class EngineUrl:
    """A URL, taken apart.

    Attributes:
        kind: what is behind it.
        nodes: URLs as redis-py takes them: the server, or each node or Sentinel that is named;
            with the password, so never to be shown.
        primary: the name by which Sentinels know the primary.
        replicas: how many replicas have to confirm an fsync.
    """

    kind: Kind
    nodes: tuple[str, ...] = field(repr=False)
    primary: str | None = None
    replicas: int = 0


def parse_engine_url(url: str) -> EngineUrl:
    """Take a URL apart; nothing is connected to.

    Raises:
        EngineError: it is not the URL of an engine.
    """
    try:
        return _parsed(url)
    except ValueError as error:
        raise EngineError(f"{safe_url(url)!r} is no engine ({error}): {FORMS}") from error


def _parsed(url: str) -> EngineUrl:
    parts = urlsplit(url)
    options = parse_qsl(parts.query, keep_blank_values=True)
    replicas = _replicas([value for name, value in options if name == REPLICAS])
    query = urlencode([pair for pair in options if pair[0] != REPLICAS])
    base, _, kind = parts.scheme.partition("+")
    if kind not in ("cluster", "sentinel"):
        rest = url if replicas is None else f"{url.partition('?')[0]}?{query}".rstrip("?")
        return EngineUrl("single", (rest,), replicas=replicas or 0)
    primary = parts.path.strip("/")
    if base not in ("redis", "rediss"):
        raise ValueError(f"{parts.scheme} is neither redis+{kind} nor rediss+{kind}")
    if kind == "cluster" and primary:
        raise ValueError("a cluster has no databases: leave out what stands behind the hosts")
    if kind == "sentinel" and not primary:
        raise ValueError("the name by which Sentinels know the primary is missing at the end")
    user, at, hosts = parts.netloc.rpartition("@")
    named = [_with_port(host, _PORTS[kind]) for host in hosts.split(",")]
    nodes = tuple(urlunsplit((base, f"{user}{at}{host}", "", query, "")) for host in named)
    return EngineUrl(cast("Kind", kind), nodes, primary or None, replicas or 0)


def with_replicas(url: str, replicas: int) -> str:
    """The URL with the number of replicas in it, so that whoever is given it waits for them."""
    parts = urlsplit(url)
    if not replicas or f"{REPLICAS}=" in parts.query:
        return url
    joined = f"{parts.query}&{REPLICAS}={replicas}".removeprefix("&")
    return f"{url.partition('?')[0]}?{joined}"


def _replicas(values: list[str]) -> int | None:
    if not values:
        return None
    number = int(values[-1]) if values[-1].isdigit() else -1
    if not 0 <= number <= REPLICAS_MAX:
        raise ValueError(f"{REPLICAS}={values[-1]}: a number from 0 to {REPLICAS_MAX}")
    return number


def _with_port(host: str, port: int) -> str:
    parts = urlsplit(f"//{host}")
    if not parts.hostname:
        raise ValueError("a host is empty")
    return host if parts.port is not None else f"{host}:{port}"
