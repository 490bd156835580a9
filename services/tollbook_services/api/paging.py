"""Pages of an answer: a cursor names the position the first page was made at, and goes on there."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final, Self

import orjson
from fastapi import Query, Request

from tollbook_schemas.errors import OptionError
from tollbook_services.api.options import PAGE_MAX

_TAKE: Final = "take one as `next` of a page has it, with the same parameters"

Limit = Annotated[
    int | None,
    Query(ge=1, le=PAGE_MAX, description=f"Items of a page, 1 to {PAGE_MAX}."),
]

CursorText = Annotated[str | None, Query(max_length=1000, description="`next` of the page before.")]


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins.

    Attributes:
        about: digest of the path and the parameters it belongs to.
        at: how many items come before it, or what else a list goes on from.
        known: the sequence that every page is answered at.
    """

    about: str
    at: list[int]
    known: int | None

    def text(self) -> str:
        """The cursor as a client carries it."""
        told = orjson.dumps([self.about, self.at, self.known])
        return urlsafe_b64encode(told).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, request: Request) -> Self:
        """The cursor of a request.

        Raises:
            OptionError: it is none, or belongs to other parameters.
        """
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            match orjson.loads(raw):
                case [str(about), [*at], int() | None as known] if all(
                    isinstance(one, int) and one >= 0 for one in at
                ):
                    found = cls(about, at, known)
                case _:
                    raise OptionError("cursor", f"{text!r} is none: {_TAKE}")
        except ValueError:
            raise OptionError("cursor", f"{text!r} is none: {_TAKE}") from None
        if found.about != about_of(request) or found.text() != text:
            raise OptionError("cursor", f"it belongs to other parameters: {_TAKE}")
        return found


def about_of(request: Request) -> str:
    """What a cursor of this request belongs to: everything that is asked but the page."""
    beside = sorted(
        item
        for item in request.query_params.multi_items()
        if item[0] not in {"cursor", "limit", "format"}
    )
    return sha256(repr((request.url.path, beside)).encode()).hexdigest()[:16]


def next_link(request: Request, cursor: str) -> str:
    """The `Link` header of the page after (RFC 8288)."""
    url = request.url.include_query_params(cursor=cursor)
    return f'<{url.path}?{url.query}>; rel="next"'
