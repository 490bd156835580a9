"""The tokens of a ledger, kept in its engine as salted hashes."""

import asyncio
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, cast

import orjson
from redis.asyncio import Redis
from redis.exceptions import WatchError

from tollbook_schemas.errors import NotFoundError, UsageError
from tollbook_schemas.limits import SOURCE_CHARS_MAX
from tollbook_schemas.text import SOURCE_PATTERN
from tollbook_schemas.times import format_instant, instant_of
from tollbook_services import keys
from tollbook_services.access.roles import Role
from tollbook_services.access.secrets import hashed, new_id, new_secret, split_token, token_text
from tollbook_services.access.sources import BELOW

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)

_SOURCE: Final = re.compile(SOURCE_PATTERN)

_SOURCES_MAX: Final = 100

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token.

    Attributes:
        id: names it, also in the token itself; no secret.
        name: of whom it was given to: what their events record as `recordedby`.
        role: what they may do.
        sources: what a publisher may publish under, see `access.sources`; empty for other roles.
        salt: of the hash.
        hash: scrypt of the secret.
        expires_at: from then on it is refused; None for never.
        revoked_at: since when it is refused; None where it is not.
        last_used_at: to a minute; None for never.
    """

    id: str
    name: str
    role: Role
    sources: tuple[str, ...]
    created_at: datetime
    salt: bytes
    hash: bytes
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def in_force(self, now: datetime) -> bool:
        """Whether it is taken."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def document(self) -> Document:
        """The token as it is listed: nothing of the secret, nor of its hash."""
        return {
            "id": self.id,
            "name": self.name,
            "role": self.role.value,
            "sources": list(self.sources),
            "created_at": format_instant(self.created_at),
            "expires_at": _told(self.expires_at),
            "revoked_at": _told(self.revoked_at),
            "last_used_at": _told(self.last_used_at),
        }


class Tokens:
    """Makes, lists and revokes the tokens of a ledger."""

    def __init__(self, redis: Redis) -> None:
        """Take the engine's client; nothing is read yet."""
        self._redis = redis

    async def create(
        self,
        name: str,
        role: Role,
        sources: Sequence[str] = (),
        expires_at: datetime | None = None,
    ) -> tuple[Token, str]:
        """Make a token; what is kept of it, and the text that is shown once.

        Args:
            name: of whom it is for, a slug that no other token in force has.
            role: what they may do.
            sources: of a publisher, at least one: exact, or a prefix that ends in `/*`.
            expires_at: when it ends; None for never.

        Raises:
            UsageError: the name is taken or none, or role and sources do not fit.
        """
        now = datetime.now(UTC)
        _must_fit(name, role, sources, expires_at, now)
        secret = new_secret()
        salt, made = await asyncio.to_thread(hashed, secret)
        token = Token(new_id(), name, role, tuple(sources), now, salt, made, expires_at)
        while True:
            async with self._redis.pipeline(transaction=True) as pipe:
                await pipe.watch(keys.TOKENS)
                if any(one.name == name and one.in_force(now) for one in await self.all()):
                    raise UsageError(
                        f"there is a token called {name!r} already: revoke it first, or choose "
                        "another name"
                    )
                cast("Any", pipe).multi()
                pipe.hset(keys.TOKENS, token.id, _packed(token))
                try:
                    await pipe.execute()
                except WatchError:
                    continue
            return token, token_text(token.id, secret)

    async def all(self) -> list[Token]:
        """Every token that was ever made, oldest first."""
        stored, used = await asyncio.gather(
            cast("Any", self._redis.hgetall(keys.TOKENS)),
            cast("Any", self._redis.hgetall(keys.TOKENS_USED)),
        )
        found = [_unpacked(token_id, raw, used.get(token_id)) for token_id, raw in stored.items()]
        return sorted(found, key=lambda one: (one.created_at, one.id))

    async def find(self, token_id: str) -> Token | None:
        """A token by its id."""
        raw: bytes | None = await cast("Any", self._redis.hget(keys.TOKENS, token_id))
        return None if raw is None else _unpacked(token_id.encode(), raw, None)

    async def in_force(self, ids: Collection[str]) -> set[str]:
        """Which of these tokens are taken now."""
        if not ids:
            return set()
        stored = await cast("Any", self._redis.hmget(keys.TOKENS, list(ids)))
        now = datetime.now(UTC)
        return {
            one
            for one, raw in zip(ids, stored, strict=True)
            if raw is not None and _unpacked(one.encode(), raw, None).in_force(now)
        }

    async def revoke(self, named: str) -> Token:
        """Refuse a token from now on, by its id, or by its name where it is in force.

        Raises:
            NotFoundError: no token in force has this id or name.
        """
        now = datetime.now(UTC)
        in_force = [token for token in await self.all() if token.in_force(now)]
        for token in sorted(in_force, key=lambda one: one.id != named):  # an id before a name
            if named in {token.id, token.name}:
                ended = replace(token, revoked_at=now)
                await cast("Any", self._redis.hset(keys.TOKENS, token.id, _packed(ended)))
                return ended
        if split_token(named) is not None:
            raise NotFoundError(
                "this is a token itself, which belongs in no address and no command: give its id, "
                "the eight characters behind tb_, or its name"
            )
        raise NotFoundError(f"no token in force has the id or name {named!r}")

    async def used(self, token_id: str, at: datetime) -> None:
        """Note when a token was used."""
        text = format_instant(at)
        await cast("Any", self._redis.hset(keys.TOKENS_USED, token_id, text))


def _must_fit(
    name: str,
    role: Role,
    sources: Sequence[str],
    expires_at: datetime | None,
    now: datetime,
) -> None:
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            f"{name!r} names no token: 1 to 64 of a-z, 0-9, `.`, `_` and `-`, and a letter or a "
            "digit first"
        )
    if (role is Role.PUBLISHER) != bool(sources):
        raise UsageError(
            "a publisher needs a source, the `source` of its events: name one with --source"
            if role is Role.PUBLISHER
            else f"sources bind a publisher, and this is {role}: leave them out"
        )
    if len(sources) > _SOURCES_MAX:
        raise UsageError(f"a token is bound to {_SOURCES_MAX} sources at most: use a prefix, x/*")
    for source in sources:
        exact = source.removesuffix(BELOW)
        if len(exact) > SOURCE_CHARS_MAX or "*" in exact or not _SOURCE.fullmatch(exact):
            raise UsageError(
                f"{source[:SOURCE_CHARS_MAX]!r} is no source: give one as events have it, "
                f"{SOURCE_CHARS_MAX} characters at most, or a prefix/*"
            )
    if expires_at is not None and expires_at <= now:
        raise UsageError(f"{format_instant(expires_at)} has passed: name a later end")


def _packed(token: Token) -> bytes:
    document = token.document()
    del document["last_used_at"]
    return orjson.dumps(document | {"salt": token.salt.hex(), "hash": token.hash.hex()})


def _unpacked(token_id: bytes, raw: bytes, used: bytes | None) -> Token:
    told = orjson.loads(raw)
    return Token(
        id=token_id.decode(),
        name=told["name"],
        role=Role(told["role"]),
        sources=tuple(told["sources"]),
        created_at=instant_of(told["created_at"]),
        salt=bytes.fromhex(told["salt"]),
        hash=bytes.fromhex(told["hash"]),
        expires_at=_instant(told["expires_at"]),
        revoked_at=_instant(told["revoked_at"]),
        last_used_at=None if used is None else instant_of(used.decode()),
    )


def _told(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else instant_of(text)
