"""Lets nobody in by mistake, and the operator of a new ledger at once."""

from ipaddress import ip_address

from redis.asyncio import Redis

from tollbook_schemas.errors import UsageError
from tollbook_services.access.roles import Role
from tollbook_services.access.tokens import Tokens

FIRST_NAME = "admin"


async def first_token(redis: Redis, host: str, *, open_reading: bool) -> str | None:
    """The token of an administrator, made where the ledger has none; it is shown only now.

    Args:
        redis: the engine's client.
        host: the address that is listened on.
        open_reading: whether everybody may read, or the operator said to start without a token:
            then nobody may do anything until one is made.

    Raises:
        UsageError: others than this machine could ask, and nobody has a token.
    """
    tokens = Tokens(redis)
    if await tokens.all():
        return None
    if not is_loopback(host):
        if open_reading:
            return None
        raise UsageError(
            f"nobody has a token, and {host} is open to other machines: make one with "
            "`tollbook token create NAME --role admin`, or set TOLLBOOK_API_OPEN_READING=true, or "
            "TOLLBOOK_API_AWAIT_TOKEN=true to refuse everybody until there is one"
        )
    try:
        _, text = await tokens.create(FIRST_NAME, Role.ADMIN)
    except UsageError:  # another server, started at the same time, has made it
        return None
    return text


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
