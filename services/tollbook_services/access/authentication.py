"""Finds out who a bearer token belongs to, and whether it is still taken."""

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tollbook_schemas.errors import TollbookError
from tollbook_services.access.principal import Principal
from tollbook_services.access.secrets import hashed, is_secret, split_token
from tollbook_services.access.tokens import Token, Tokens

LOOK_AGAIN_S: Final = 1.0
"""A token that was revoked is refused everywhere after so long."""

USED_S: Final = 60.0
"""How often the last use of a token is noted."""

_KEPT: Final = 1_024
"""Tokens whose secret need not be hashed again."""

Fault = Literal["malformed", "unknown", "expired", "revoked"]

_WHY: Final[dict[Fault, str]] = {
    "malformed": "this is no token: one looks like tb_<id>_<secret>",
    "unknown": "this token is none of this ledger",
    "expired": "this token has expired: ask for a new one",
    "revoked": "this token was revoked: ask for a new one",
}


class TokenError(TollbookError):
    """A token is not taken.

    Attributes:
        fault: malformed, unknown, expired or revoked.
    """

    problem = "token-refused"

    def __init__(self, fault: Fault) -> None:
        """Say why; the token itself is in no message."""
        super().__init__(_WHY[fault])
        self.fault = fault


@dataclass(slots=True)
class _Verified:
    token: Token
    looked_at: datetime
    used_at: datetime | None = None


class Authentication:
    """Verifies tokens, and remembers for a while which were: a hash costs some 40 ms.

    What is remembered is looked up again every second, so that a revocation works everywhere. It
    is remembered under a keyed digest, so that memory does not hold tokens.
    """

    def __init__(self, redis: Redis) -> None:
        """Take the engine's client."""
        self._tokens = Tokens(redis)
        self._key = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()
        self._hashing = asyncio.Semaphore(2)
        self._none = hashed("")

    async def principal(
        self, text: str, trying: AbstractAsyncContextManager[None] | None = None
    ) -> Principal:
        """Who a token belongs to.

        Args:
            text: the token.
            trying: entered only where the secret has to be hashed, such as to limit that.

        Raises:
            TokenError: it is not taken.
        """
        digest = hmac.digest(self._key, text.encode(errors="replace"), hashlib.sha256)
        known = self._verified.get(digest)
        if known is None:
            async with trying or nullcontext():
                known = self._verified.get(digest) or await self._first(digest, text)
        self._verified.move_to_end(digest)
        now = datetime.now(UTC)
        if now - known.looked_at >= timedelta(seconds=LOOK_AGAIN_S):
            found = await self._tokens.find(known.token.id)
            if found is None:
                self._verified.pop(digest, None)
                raise TokenError("unknown")
            known.token, known.looked_at = found, now
        token = known.token
        if token.revoked_at is not None:
            raise TokenError("revoked")
        if not token.in_force(now):
            raise TokenError("expired")
        if known.used_at is None or now - known.used_at >= timedelta(seconds=USED_S):
            known.used_at = now
            with suppress(ResponseError):  # a full engine takes no writes, and can be read
                await self._tokens.used(token.id, now)
        return Principal(token.name, token.role, token.sources or None, token.id)

    async def _first(self, digest: bytes, text: str) -> _Verified:
        began = datetime.now(UTC)  # as the look into the engine may be old when the hash is made
        made = _Verified(await self._verify(text), began)
        self._verified[digest] = made
        if len(self._verified) > _KEPT:
            self._verified.popitem(last=False)
        return made

    async def _verify(self, text: str) -> Token:
        parts = split_token(text)
        if parts is None:
            raise TokenError("malformed")
        token = await self._tokens.find(parts[0])
        salt, expected = self._none if token is None else (token.salt, token.hash)
        async with self._hashing:
            right = await asyncio.to_thread(is_secret, parts[1], salt, expected)
        if token is None or not right:
            raise TokenError("unknown")
        return token
