"""`incident open`, `merge` and `split`: which single events a crisis is made of."""

from typing import Annotated, Any

from cyclopts import Parameter

from tollbook_schemas.errors import UsageError
from tollbook_services.act_targets import must_know_incidents
from tollbook_services.cli.acts import EDITOR, Editor, say
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.cli.editorial import Reason
from tollbook_services.editorial import find_figure
from tollbook_services.wiring import Tollbook, open_tollbook

Figures = Annotated[
    tuple[str, ...], Parameter(name="--figure", help="A figure of it; repeat the option.")
]


async def open_(  # noqa: PLR0913 - one option for each field of the event
    crisis: str,
    incident: Annotated[str, Parameter(help="Its slug, such as baniyas-2025-03-07.")],
    *,
    title: Annotated[str, Parameter(help="What people call it.")],
    reason: Reason,
    kind: Annotated[str | None, Parameter(help="Such as massacre, air_strike, shipwreck.")] = None,
    areas: Annotated[str | None, Parameter(help="Codes joined with commas.")] = None,
    place: Annotated[str | None, Parameter(help="A named place inside the areas.")] = None,
    start: Annotated[str | None, Parameter(help="When it began.")] = None,
    end: Annotated[str | None, Parameter(help="When it ended.")] = None,
    url: Annotated[str | None, Parameter(help="A page about it.")] = None,
    figures: Figures = (),
    editor: Editor = EDITOR,
    common: Common = COMMON,
) -> int:
    """Open an incident, and say which figures are about it."""
    window = {name: day for name, day in (("start", start), ("end", end)) if day is not None}
    said: dict[str, Any] = {
        "incident": incident,
        "title": title,
        "kind": kind,
        "areas": None if areas is None else [code for code in areas.split(",") if code],
        "place": place,
        "window": window or None,
        "url": url,
        "reason": reason,
    }
    async with open_tollbook(common.settings()) as book:
        said["figures"] = await _ids(book, crisis, figures) or None
        return await say(book, "incident.opened.v1", (crisis,), said, editor, common)


async def merge(
    crisis: str,
    incident: Annotated[
        tuple[str, ...], Parameter(help="Slugs, or global ids of figures without an incident.")
    ],
    /,
    *,
    into: Annotated[str, Parameter(help="The incident that stays.")],
    reason: Reason,
    editor: Editor = EDITOR,
    common: Common = COMMON,
) -> int:
    """Say that incidents are one and the same: their figures no longer add up."""
    said = {"incidents": list(incident), "into": into, "reason": reason}
    async with open_tollbook(common.settings()) as book:
        await must_know_incidents(book, crisis, incident)
        return await say(book, "incidents.merged.v1", (crisis,), said, editor, common)


async def split(
    crisis: str,
    incident: Annotated[str, Parameter(help="The slug, or the global id of its only figure.")],
    *,
    part: Annotated[
        tuple[str, ...],
        Parameter(help="SLUG=FIGURE[,FIGURE]: a new incident and its figures; repeat the option."),
    ],
    reason: Reason,
    editor: Editor = EDITOR,
    common: Common = COMMON,
) -> int:
    """Say that an incident was several: the figures named go to new ones, the others stay."""
    async with open_tollbook(common.settings()) as book:
        await must_know_incidents(book, crisis, (incident,))
        parts = [await _part(book, crisis, text) for text in part]
        said = {"incident": incident, "into": parts, "reason": reason}
        return await say(book, "incident.split.v1", (crisis,), said, editor, common)


async def _part(book: Tollbook, crisis: str, text: str) -> dict[str, Any]:
    slug, equals, names = text.partition("=")
    figures = tuple(name for name in names.split(",") if name)
    if not equals or not slug or not figures:
        raise UsageError(f"--part {text!r}: write SLUG=FIGURE[,FIGURE]")
    return {"incident": slug, "figures": await _ids(book, crisis, figures)}


async def _ids(book: Tollbook, crisis: str, names: tuple[str, ...]) -> list[str]:
    return [(await find_figure(book, name, crisis)).id for name in names]
