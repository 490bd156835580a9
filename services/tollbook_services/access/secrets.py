"""Bearer tokens as texts: how they are made, read, and kept as salted hashes."""

import hashlib
import hmac
import re
import secrets
from base64 import b32encode
from typing import Final

_LEAD: Final = "tb_"
_ID_BYTES: Final = 5
_SECRET_BYTES: Final = 32
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32

_TOKEN: Final = re.compile(r"(tb_[^_\s/]{1,64}_)[^\s/]+")

_SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1, "dklen": _HASH_BYTES, "maxmem": 64 * 2**20}
"""RFC 7914; 16 MiB and some 40 ms, as OWASP's cheat sheet of password storage has it."""


def new_id() -> str:
    """A token's id: 8 letters and digits, no secret."""
    return b32encode(secrets.token_bytes(_ID_BYTES)).decode().lower()


def new_secret() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def token_text(token_id: str, secret: str) -> str:
    """A token as it is handed out: `tb_<id>_<secret>`."""
    return f"{_LEAD}{token_id}_{secret}"


def split_token(text: str) -> tuple[str, str] | None:
    """Id and secret of a token; None where the text is none."""
    if not text.isascii() or not text.startswith(_LEAD):
        return None
    token_id, found, secret = text.removeprefix(_LEAD).partition("_")
    return (token_id, secret) if found and token_id and secret else None


def without_tokens(text: str) -> str:
    """A text for logs: of whatever may be a token in it only the id is left."""
    return _TOKEN.sub(r"\1***", text)


def hashed(secret: str) -> tuple[bytes, bytes]:
    """A fresh salt, and the hash of a secret with it."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return salt, _hash(secret, salt)


def is_secret(secret: str, salt: bytes, expected: bytes) -> bool:
    """Whether a secret has this hash; compared in constant time."""
    return hmac.compare_digest(_hash(secret, salt), expected)


def _hash(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, **_SCRYPT)
