"""Where withheld values lie: encrypted under a key of each report, in the engine, apart."""

import hmac
import secrets
from collections.abc import Awaitable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, cast

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.withholding import KEY_BYTES, PLACE_CHARS, place_name
from tollbook_services import keys

NONCE_BYTES: Final = 12
"""Bytes of a nonce: random, as NIST SP 800-38D section 8.2.2 allows for so few under a key."""

Values = Mapping[str, Any]
"""Withheld values by JSON pointer."""


class Vault:
    """The keys of a ledger's reports and what is encrypted with them.

    A report is known by its key digest (16 bytes, of source and id), what is encrypted of it by
    that and the digest of the content that the ledger keeps: a report and another one in
    quarantine that reuses its id have one key and each its own values.
    """

    def __init__(self, redis: Redis) -> None:
        """Take the client of the ledger."""
        self._redis = redis

    async def keys_of(self, partition: int, reports: Sequence[bytes]) -> list[bytes | None]:
        """The keys of reports; None for one that never had one, or whose key was destroyed."""
        if not reports:
            return []
        found = self._redis.hmget(keys.secrets(partition), cast("Any", list(reports)))
        return await cast("Awaitable[list[bytes | None]]", found)

    async def made_keys(
        self, partition: int, reports: Sequence[bytes], *, keep: bool = True
    ) -> list[bytes]:
        """The keys of reports, made for those that have none; not `keep` makes them for now."""
        made = {report: secrets.token_bytes(KEY_BYTES) for report in reports}
        return await self._made(keys.secrets(partition), reports, made, keep=keep)

    async def place_names(
        self, partition: int, places: Sequence[tuple[str, str]], *, keep: bool = True
    ) -> dict[tuple[str, str], str]:
        """The names that stand for places, by crisis and place; made for those without one."""
        fields = [place_digest(crisis, place) for crisis, place in places]
        made = {field: secrets.token_hex(PLACE_CHARS // 2).encode() for field in fields}
        tokens = await self._made(keys.places(partition), fields, made, keep=keep)
        named = (place_name(token.decode()) for token in tokens)
        return dict(zip(places, named, strict=True))

    async def keep(self, partition: int, sealed: Mapping[bytes, bytes]) -> None:
        """Keep what `encrypted` made, by key and content digest; what is there stays."""
        await self._set_new(keys.withheld(partition), sealed)

    async def has_values(self, partition: int, report: bytes, content: bytes) -> bool:
        """Whether values of a report are kept, readable or not."""
        found = self._redis.hexists(keys.withheld(partition), cast("Any", report + content))
        return bool(await cast("Awaitable[Any]", found))

    async def values(
        self, partition: int, report: bytes, content: bytes, *, holder: int | None = None
    ) -> Values | None:
        """The withheld values of a report; None where its key was destroyed.

        Args:
            partition: where the values are.
            report: its key digest.
            content: the digest of the content that the ledger keeps.
            holder: the partition where the key is, for one in quarantine; else the same.

        Raises:
            CheckFailedError: the key is there and does not open what is kept.
        """
        about = report + content
        (key,) = await self.keys_of(partition if holder is None else holder, [report])
        name = keys.withheld(partition)
        sealed = await cast("Awaitable[Any]", self._redis.hget(name, cast("Any", about)))
        if key is None:
            return None
        if sealed is None:
            raise CheckFailedError("the withheld fields of this report are gone, its key is not")
        return decrypted(key, about, sealed)

    async def _made(
        self, name: str, fields: Sequence[bytes], made: Mapping[bytes, bytes], *, keep: bool
    ) -> list[bytes]:
        """What a hash has for fields, after it got what was made for those that were missing."""
        if not fields:
            return []
        if keep:
            await self._set_new(name, made)
        reply = self._redis.hmget(name, cast("Any", list(fields)))
        found = await cast("Awaitable[list[bytes | None]]", reply)
        return [
            made[field] if one is None else one for field, one in zip(fields, found, strict=True)
        ]

    async def _set_new(self, name: str, fields: Mapping[bytes, bytes]) -> None:
        if not fields:
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for field, value in fields.items():
                pipe.hsetnx(name, cast("Any", field), cast("Any", value))
            await pipe.execute()


def encrypted(key: bytes, about: bytes, values: Values) -> bytes:
    """A nonce and the AES-256-GCM encryption of values, bound to what they are about."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + _cipher(key).encrypt(nonce, canonical_bytes(values), about)


def decrypted(key: bytes, about: bytes, sealed: bytes) -> Values:
    """The values that `encrypted` took.

    Raises:
        CheckFailedError: they are not what was encrypted under this key about this.
    """
    try:
        plain = _cipher(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
    except InvalidTag:
        raise CheckFailedError(
            "the withheld fields of this report were altered: its key does not open them"
        ) from None
    values: Values = orjson.loads(plain)
    return values


def place_digest(crisis: str, place: str) -> bytes:
    """What the name of a place is kept under: the same place of another crisis has another."""
    return sha256(f"{crisis}\x00{place}".encode()).digest()


def _cipher(key: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key, b"tollbook withheld encryption", "sha256"))
