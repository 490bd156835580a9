"""What an editor's act has to find in the ledger, so that it does something."""

from typing import Any, Final

from tollbook_projections.filing import decode
from tollbook_schemas.errors import UsageError
from tollbook_schemas.nearest import nearest
from tollbook_services.wiring import Tollbook

Document = dict[str, Any]

_UNDONE: Final = ("retraction", "duplicate")
"""Acts that a reinstatement undoes."""


async def must_be_retracted(book: Tollbook, crisis: str, figure: str) -> None:
    """See that a figure is taken back, or said to repeat another: else nothing is to be undone.

    Raises:
        UsageError: it is not.
    """
    acts = await _documents(book, crisis, "act")
    if not any(one["figure"] == figure and one["act"] in _UNDONE for one in acts):
        raise UsageError(
            f"{figure} was never retracted, so that there is nothing to reinstate: "
            f"`tollbook revisions {crisis}` shows what was said of it"
        )


async def must_know_incidents(book: Tollbook, crisis: str, names: tuple[str, ...]) -> None:
    """See that each name is an incident of the crisis, or the figure of one without a name.

    Raises:
        UsageError: one is none; names those that are near.
    """
    known = await _incidents(book, crisis)
    for name in names:
        if name not in known:
            slugs = sorted(one for one in known if "#" not in one)
            hint = nearest(name, slugs)
            raise UsageError(
                f"{crisis} has no incident {name!r}{hint}: no figure names it, and nobody opened "
                f"it; `tollbook incidents {crisis}` shows them"
            )


async def _incidents(book: Tollbook, crisis: str) -> set[str]:
    figures = await _documents(book, crisis, "figure")
    found = {name for one in figures if (name := one["figure"].get("incident"))}
    found |= {one["id"] for one in figures}
    for one in await _documents(book, crisis, "incident"):
        data = one["data"]
        into = data.get("into")
        parts = into if isinstance(into, list) else []
        found |= {part["incident"] for part in parts}
        found |= {name for name in (data.get("incident"), into) if isinstance(name, str)}
    return found


async def _documents(book: Tollbook, crisis: str, table: str) -> list[Document]:
    partition = book.partition_of(crisis)
    await book.catch_up([partition])
    rows = (await book.read(partition, "figures", crisis, tables=(table,))).rows
    return [decode(row) for row in rows.values()]
