"""Withheld and redacted fields: what rows say of them, and what views show in their place."""

from collections.abc import Mapping
from typing import Any, Final

from tollbook_projections.filing import REDACTION_ROW, Document, decode
from tollbook_schemas.withholding import REDACTED, WITHHELD

_TOLD: Final = ("event", "by", "legal_basis", "reason", "time", "sequence", "recorded_at")


def redactions_in(rows: Mapping[str, bytes]) -> list[Document]:
    """What was redacted of a crisis, in order of the ledger: who decided it, by which right, why.

    Each has `event`, the global id of the event whose withheld fields were destroyed. What was
    redacted once is redacted at any moment that is asked about: it is nowhere any more.
    """
    found = [decode(row) for key, row in sorted(rows.items()) if key.startswith(REDACTION_ROW)]
    return [{name: one[name] for name in _TOLD} for one in found]


def as_told(documents: list[Document], rows: Mapping[str, bytes]) -> list[Document]:
    """Documents of a crisis with `[redacted]` where a withheld text was destroyed since.

    Args:
        documents: of figures, statements or acts; each has the `event` it came with.
        rows: the rows of the crisis, with those of the table `redaction`.
    """
    destroyed = {one["event"] for one in redactions_in(rows)}
    if not destroyed:
        return documents
    return [_redacted(one) if one["event"] in destroyed else one for one in documents]


def withheld_note(document: Document) -> Document:
    """`withheld` or `redacted` with the names of these fields; empty where there are none."""
    names = document.get("withheld")
    if not names:
        return {}
    return {"redacted" if document.get("redacted") else "withheld": names}


def without_marks(document: Document) -> Document:
    """A document without what rows say of withheld fields: `withheld_note` says it to readers."""
    return {name: item for name, item in document.items() if name not in ("withheld", "redacted")}


def withheld_flag(document: Document) -> str | None:
    """The flag of a figure with withheld fields: `withheld`, or `redacted` once destroyed."""
    return next(iter(withheld_note(document)), None)


def _redacted(document: Document) -> Document:
    told: Document = _replaced(document)
    return told | {"redacted": True}


def _replaced(value: Any) -> Any:
    match value:
        case dict():
            return {name: _replaced(item) for name, item in value.items()}
        case list():
            return [_replaced(item) for item in value]
        case str() if value == WITHHELD:
            return REDACTED
        case _:
            return value
