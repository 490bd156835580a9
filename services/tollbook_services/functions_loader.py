"""Loads the server-side functions, where the engine does not have exactly these already."""

from importlib import resources
from typing import Any, cast

from redis.asyncio import Redis

from tollbook_services.cluster.nodes import primaries


async def load_library(redis: Redis, name: str, filename: str) -> None:
    """Make the engine's library `name` equal to a file of `functions/`, on every primary.

    A look costs one round trip; loading again each time would write to the append-only file.
    """
    code = (resources.files("tollbook_services") / "functions" / filename).read_text("utf-8")
    for node in await primaries(redis):
        client = cast("Any", node)
        reply = await client.function_list(library=name, withcode=True)
        if code.encode() not in list(_flat(reply)):
            await client.function_load(code, replace=True)


def _flat(reply: Any) -> Any:
    """Every bytes value in a reply, whichever protocol version shaped it."""
    if isinstance(reply, bytes):
        yield reply
    elif isinstance(reply, dict):
        for value in reply.values():
            yield from _flat(value)
    elif isinstance(reply, list | tuple):
        for value in reply:
            yield from _flat(value)
