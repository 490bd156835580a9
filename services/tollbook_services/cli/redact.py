"""`withheld` and `redact`: what is kept apart of a report, and destroying it for good."""

from typing import Annotated, Any

import orjson
from cyclopts import Parameter
from rich import box
from rich.table import Table
from rich.text import Text

from tollbook_schemas.errors import InputRefusedError, UsageError
from tollbook_services.cli.acts import EDITOR, Editor
from tollbook_services.cli.common import COMMON, WHERE, Common, Where
from tollbook_services.cli.editorial import Reason
from tollbook_services.editorial import prepare
from tollbook_services.render import console, data, words
from tollbook_services.wiring import Tollbook, open_tollbook
from tollbook_services.withheld.disclosure import disclosed
from tollbook_services.withheld.redaction import (
    claimed_crisis,
    event_of,
    purge,
    redacted_by,
    withheld_event,
)

Source = Annotated[str, Parameter(help="The source of the event.")]
Id = Annotated[str, Parameter(name="ID", help="Its id.")]


async def withheld(source: Source, id_: Id, *, common: Common = COMMON) -> None:
    """The fields of an event that are kept apart, for those who may see them.

    With --format json each has the salt with which anybody can check its commitment in the
    immutable event. What was redacted is gone: its redaction is shown instead.
    """
    async with open_tollbook(common.settings()) as book:
        document = await disclosed(book, source, id_)
    match common.format:
        case "json":
            data.write_json(document)
        case "csv":
            data.write_csv(("at", "value", "salt", "commitment"), document["fields"])
        case _:
            console.answer(*_fields(document))


async def redact(
    source: Source,
    id_: Id,
    *,
    by: Annotated[str, Parameter(help="Who decided it.")],
    legal_basis: Annotated[str, Parameter(help="By which right or duty, such as GDPR Art. 17.")],
    reason: Reason,
    editor: Editor = EDITOR,
    where: Where = WHERE,
) -> int:
    """Destroy the withheld fields of an event for good; proofs and tolls stay what they are.

    Recorded as an event; run it again if it was interrupted. Backups that were made before have to
    be destroyed by who keeps them.
    """
    async with open_tollbook(where.settings()) as book:
        entry = await withheld_event(book, source, id_)
        crisis = editor.crisis or (
            event_of(entry).crisis if entry is not None else await claimed_crisis(book, source, id_)
        )
        if crisis is None:
            raise UsageError(f"name --crisis: the refused documents of {id_!r} do not tell")
        if entry is not None and crisis != event_of(entry).crisis:
            raise UsageError(f"--crisis: {source}/{id_} is about {event_of(entry).crisis}")
        said = {"source": source, "id": id_, "by": by, "legal_basis": legal_basis}
        said["reason"] = reason
        before = await redacted_by(book, crisis, f"{source}/{id_}")
        if before is None:
            refused = await _record(book, crisis, said, editor)
            if refused or editor.dry_run:
                return InputRefusedError.exit_code if refused else 0
        else:
            console.note(f"was redacted by {before['by']} at {before['time']}; looking for rests")
        if editor.dry_run:
            return 0
        done = await purge(book, source, id_)
        await book.catch_up(patience_s=book.settings.visible_timeout_s)
    if done.refused:
        console.note(f"deleted {words.plural(done.refused, 'refused document')} of the same id")
    if not done.inbox_empty:
        console.note("the inbox is not empty: run the same command again when `status` says so")
    console.note(done.advice or "the append-only file was rewritten: no copy is left in the engine")
    return 0


async def _record(book: Tollbook, crisis: str, said: dict[str, Any], editor: Editor) -> bool:
    """Append the redaction, which destroys the key in the same call; whether it was refused."""
    act = await prepare(book, "payload.redacted.v1", crisis, said, editor.uri)
    if editor.dry_run:
        data.write_json(act.document)
        console.note("nothing was written: with this the withheld fields would be destroyed")
        return False
    (receipt,) = await book.ledger.append([act.parsed])
    data.write_json_line(receipt.document(book.ledger.id))
    return receipt.status not in ("appended", "duplicate")


def _fields(document: dict[str, Any]) -> list[Table | Text]:
    redacted = document["redacted"]
    if redacted is not None:
        by, basis = words.clean(redacted["by"]), words.clean(redacted["legal_basis"])
        reason = words.clean(redacted["reason"])
        return [Text(f"redacted by {by} at {redacted['time']} ({basis}): {reason}")]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("field", overflow="fold")
    table.add_column("value")
    for one in document["fields"]:
        value = one["value"]
        shown = value if isinstance(value, str) else orjson.dumps(value).decode()
        table.add_row(words.clean(one["at"]), words.clean(shown))
    return [table]
