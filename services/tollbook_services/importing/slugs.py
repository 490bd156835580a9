"""Slugs of names: what a producer calls a group, in the letters that the contract has."""

import re
import unicodedata
from functools import lru_cache
from hashlib import sha256
from typing import Final

from tollbook_schemas.limits import SLUG_CHARS_MAX

_DIGEST_CHARS: Final = 8
"""Of the digest behind a slug that does not tell two names apart by itself."""

_NAMES_KEPT_MAX: Final = 4_096
"""Names whose slugs are remembered: the sides of a large conflict stand in every row."""

_NOT_PLAIN: Final = re.compile(r"[^a-z0-9]+")


@lru_cache(_NAMES_KEPT_MAX)
def slug_of(name: str) -> str:
    """A name in a-z, 0-9 and `-`: `DKBA 5` is `dkba-5`; letters lose their marks.

    A name with letters of another script, or too long for a slug, ends in a digest of it, so that
    two names do not become one.
    """
    parts = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(one for one in parts if not unicodedata.combining(one))
    slug = _NOT_PLAIN.sub("-", plain).strip("-")
    if len(slug) <= SLUG_CHARS_MAX and slug and plain.isascii():
        return slug
    digest = sha256(name.encode()).hexdigest()[:_DIGEST_CHARS]
    kept = slug[: SLUG_CHARS_MAX - _DIGEST_CHARS - 1].rstrip("-")
    return f"{kept}-{digest}" if kept else f"x-{digest}"
