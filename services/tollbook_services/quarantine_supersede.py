"""A corrected row: the recorded report gets the figures of the one in quarantine, by acts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from tollbook_projections.projection import RowChange
from tollbook_projections.selection import REVISED_FIELDS
from tollbook_schemas.event import REPORT_FILED
from tollbook_services.document_difference import differences
from tollbook_services.editorial import Act, prepare, preview_all
from tollbook_services.ledger import BATCH_MAX
from tollbook_services.quarantine import Held, recorded_first
from tollbook_services.quarantine_decide import Decided, Verdict, decision_event
from tollbook_services.wiring import Tollbook

Document = dict[str, Any]

_BY_HAND: Final = "retract the figures that were recorded, and accept it under an id of its own"


@dataclass(frozen=True, slots=True)
class Correction:
    """What takes the place of a recorded report's figures.

    Attributes:
        held: the corrected report, in quarantine.
        acts: the acts that say it, in order; empty where no figure differs.
        refused: why it cannot be said by acts; None where it can.
        differing: for each figure that differs, its id and the fields.
    """

    held: Held
    acts: tuple[Act, ...] = ()
    refused: str | None = None
    differing: Mapping[str, tuple[str, ...]] | None = None


async def correction(book: Tollbook, held: Held, reason: str, source: str) -> Correction:
    """The acts after which the recorded figures say what the report in quarantine says.

    A changed number, segment, area, cut-off or phase is a `figure.revised` of the kind
    correction; a figure that the corrected report no longer has is retracted.

    Args:
        book: the ledger.
        held: the report in quarantine.
        reason: of each act.
        source: who says it, a URI.
    """
    first = await recorded_first(book.ledger, held)
    if first is None:
        return Correction(held, refused="the report that was recorded first is not in the ledger")
    then, now = orjson.loads(first.sent()), held.event
    if then["type"] != REPORT_FILED or now["type"] != REPORT_FILED:
        return Correction(held, refused="only the figures of reports can be corrected")
    if then["subject"] != now["subject"]:
        told = f"it is about {now['subject']}, and the recorded one about {then['subject']}"
        return Correction(held, refused=f"{told}: {_BY_HAND}")
    before, after = _figures(then), _figures(now)
    differing = {
        name: tuple(_fields(before.get(name), after.get(name)))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    }
    if (why := _unsayable(then, now, before, after, differing)) is not None:
        return Correction(held, refused=why, differing=differing)
    report = f"{held.source}/{held.id}"
    acts = []
    for name, fields in differing.items():
        figure = f"{report}#{name}"
        if name in after:
            changes = {field: after[name][field] for field in fields}
            said = {"figure": figure, "kind": "correction", "reason": reason, **changes}
            acts.append(await prepare(book, "figure.revised.v1", held.crisis, said, source))
        else:
            said = {"figure": figure, "reason": reason}
            acts.append(await prepare(book, "figure.retracted.v1", held.crisis, said, source))
    return Correction(held, tuple(acts), differing=differing)


async def supersede(
    book: Tollbook, found: Correction, verdict: Verdict, *, dry_run: bool
) -> Decided:
    """Record the acts and that the report in quarantine is decided, in one call of the engine.

    After a crash all are there or none; made again, what is there is not recorded twice.
    """
    held = found.held
    if held.ruling is not None:
        done = f"was {held.ruling.kind} before, at sequence {held.ruling.sequence}"
        return Decided(held, "already", message=done)
    if found.refused is not None:
        return Decided(held, "refused", message=found.refused)
    events = [act.parsed for act in found.acts]
    if len(events) >= BATCH_MAX:
        return Decided(held, "refused", message=f"it corrects more than {BATCH_MAX - 1} figures")
    decision = decision_event(held, verdict, None, await book.admission.gazetteer())
    said = f"figures corrected: {len(events)}" if events else "no figure differs"
    if dry_run:
        return Decided(held, "superseded", message=said)
    receipts = await book.ledger.append([*events, decision])
    return Decided(held, "superseded", sequence=receipts[-1].sequence, message=said)


async def corrected_cells(book: Tollbook, found: Sequence[Correction]) -> list[RowChange]:
    """The cells that corrections would change, with their rows before and after."""
    acts = [act for one in found for act in one.acts if not act.recorded]
    return await preview_all(book, [act.document for act in acts])


def _figures(event: Document) -> dict[str, Document]:
    return {figure["id"]: figure for figure in event["data"].get("figures", ())}


def _fields(before: Document | None, after: Document | None) -> Iterator[str]:
    """The fields of a figure that differ; none where only one of the reports has it."""
    if before is None or after is None:
        return
    found = (one.pointer.split("/")[1] for one in differences(before, after))
    yield from dict.fromkeys(found)


def _unsayable(
    then: Document,
    now: Document,
    before: Mapping[str, Document],
    after: Mapping[str, Document],
    differing: Mapping[str, tuple[str, ...]],
) -> str | None:
    """Why the correction cannot be said by acts, and what to do; None where it can."""
    added = [name for name in after if name not in before]
    if added:
        return f"it has the figures {', '.join(added)}, which the recorded report lacks: {_BY_HAND}"
    for name, fields in differing.items():
        odd = [field for field in fields if field not in REVISED_FIELDS or field not in after[name]]
        if odd:
            return (
                f"figure {name} differs in {', '.join(odd)}, which no revision can change: "
                f"{_BY_HAND}"
            )
    assumed = [
        name
        for name, figure in after.items()
        if not (figure.get("as_of") or (figure.get("window") or {}).get("end"))
    ]
    if assumed and then["data"]["published_at"] != now["data"]["published_at"]:
        return (
            f"its day of publication differs, which figure {assumed[0]} is counted as of: "
            f"{_BY_HAND}"
        )
    if then["data"]["originator"] != now["data"]["originator"]:
        return f"another originator counted it: {_BY_HAND}"
    return None
