"""`token create`, `list` and `revoke`: who may do what over HTTP."""

import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from cyclopts import Parameter
from rich import box
from rich.table import Table
from rich.text import Text

from tollbook_schemas.errors import OptionError
from tollbook_schemas.times import end_of
from tollbook_services.access.roles import Role
from tollbook_services.access.tokens import Tokens
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.render import console, data, words
from tollbook_services.wiring import open_tollbook

_COLUMNS: Final = (
    "id", "name", "role", "sources", "created_at", "expires_at", "revoked_at", "last_used_at",
)  # fmt: skip

_AFTER: Final = re.compile(r"([0-9]{1,5})([hdw])", re.ASCII)
_UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}


async def create(
    name: Annotated[str, Parameter(help="Whose it is: what their events record as publisher.")],
    *,
    role: Annotated[Role, Parameter(help="What they may do: docs/access.md has the table.")],
    source: Annotated[
        tuple[str, ...],
        Parameter(
            negative_iterable="",
            help="A publisher's `source`, or a prefix/* of them; repeat the option.",
        ),
    ] = (),
    expires: Annotated[
        str | None,
        Parameter(help="When it ends: 12h, 30d, 8w, a date or a date-time [default: never]."),
    ] = None,
    common: Common = COMMON,
) -> None:
    """Make a token and print it, this once; the ledger keeps only a salted hash."""
    until = None if expires is None else _end(expires)
    async with open_tollbook(common.settings(), create=True) as book:
        token, text = await Tokens(book.redis).create(name, role, source, until)
    if common.format == "json":
        data.write_json({**token.document(), "token": text})
        return
    sys.stdout.write(text + "\n")
    console.note(f"tollbook: the token of {name}, {role}; it is not shown again")


async def list_(*, common: Common = COMMON) -> None:
    """Every token that was ever made, without its secret."""
    async with open_tollbook(common.settings()) as book:
        documents = [one.document() for one in await Tokens(book.redis).all()]
    match common.format:
        case "json":
            data.write_json({"tokens": documents})
        case "csv":
            data.write_csv(_COLUMNS, documents)
        case _:
            console.answer(_table(documents) if documents else Text("No tokens."))


async def revoke(
    named: Annotated[str, Parameter(name="NAME", help="Its name or its id.")],
    *,
    common: Common = COMMON,
) -> None:
    """Refuse a token from now on; running servers do within a second."""
    async with open_tollbook(common.settings()) as book:
        token = await Tokens(book.redis).revoke(named)
    if common.format == "json":
        data.write_json(token.document())
    else:
        console.answer(Text(f"revoked {token.id}, the token of {token.name}"))


def _end(text: str) -> datetime:
    """When a token ends: so long from now, or a moment.

    Raises:
        OptionError: the text is neither.
    """
    found = _AFTER.fullmatch(text)
    if found is not None:
        return datetime.now(UTC) + timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        return end_of(text)
    except ValueError as error:
        raise OptionError("expires", f"{error}; or how long from now: 12h, 30d, 8w") from None


def _table(documents: Iterable[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("id", "name", "role"):
        table.add_column(name, no_wrap=True)
    table.add_column("sources", overflow="fold")
    for name in ("until", "last used"):
        table.add_column(name, no_wrap=True)
    for one in documents:
        ended = one["revoked_at"]
        until = f"revoked {words.moment(ended)}" if ended else _moment(one["expires_at"])
        table.add_row(
            one["id"],
            one["name"],
            one["role"],
            words.clean(" ".join(one["sources"])),
            until,
            _moment(one["last_used_at"]),
        )
    return table


def _moment(text: str | None) -> str:
    return words.MISSING if text is None else words.moment(text)
