"""`changes`: the change feed, one JSON document a line."""

from typing import Annotated

from cyclopts import Parameter

from tollbook_schemas.errors import UsageError
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.feed import read_changes
from tollbook_services.queries import known_or_refuse
from tollbook_services.render import data
from tollbook_services.wiring import open_tollbook


async def changes(
    *,
    crisis: Annotated[str | None, Parameter(help="Only changes of this crisis.")] = None,
    from_: Annotated[
        str,
        Parameter(
            name="--from", help="Only what comes after this id; $ for what changes from now on."
        ),
    ] = "0",
    follow: Annotated[
        bool, Parameter(negative="", help="Go on with what changes, until interrupted.")
    ] = False,
    common: Common = COMMON,
) -> None:
    """Which cells changed, from what to what, and why: one JSON document a line, oldest first.

    The feed keeps about the last 100,000 changes. Each document has an id, which --from takes.
    """
    _must_be_id(from_)
    async with open_tollbook(common.settings()) as book:
        await book.catch_up()
        if crisis is not None:
            await known_or_refuse(book, crisis)
        async for change in read_changes(book.redis, from_, crisis, follow=follow):
            data.write_json_line(change)


def _must_be_id(text: str) -> None:
    parts = text.split("-")
    numbers = all(part.isascii() and part.isdigit() and int(part) < 2**64 for part in parts)
    if text != "$" and not (numbers and len(parts) <= 2):
        raise UsageError(f"--from: {text!r} is no id of a change: take one as `changes` prints it")
