"""Takes the reports that are plainly good in a third of the time; leaves all others alone.

What is accepted here, `parse.examine` accepts too, with the same bytes: nothing is decided but
what is certain. Whatever is doubtful (another type, an escape, an `ext`, a longer chain of parts,
any fault) comes back as None and is examined in full, which alone makes faults.
"""

from collections import Counter
from collections.abc import Collection
from functools import cache
from typing import Any, Final, Literal

import orjson
from pydantic import TypeAdapter
from pydantic_core import SchemaValidator

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.event import Event
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.limits import DEPTH_MAX, DOCUMENT_BYTES_MAX, INTEGER_MAX
from tollbook_schemas.mirror import mirror_of
from tollbook_schemas.quantity import SHAPES
from tollbook_schemas.report import ReportFiled
from tollbook_schemas.scope import is_ledger_subject
from tollbook_schemas.segment import FREE, RESERVED
from tollbook_schemas.times import end_of, start_of

Document = dict[str, Any]

_REFERRING: Final = frozenset({"part_of", "components", "restates", "pair"})
_PLACED: Final = ("areas", "origin", "destination")
_BESIDE: Final = frozenset({"qualifier", "text"})
"""Fields of a quantity that may stand beside any number or word."""

_EXAMINED: Final = frozenset({"ext", "sensitive", "withheld"})
"""Fields that are left to the full examination: not only their types matter."""


def fast_document(raw: bytes, gazetteer: Gazetteer) -> tuple[Document, bytes] | None:
    """A report and its canonical bytes; None where it has to be examined.

    Args:
        raw: one JSON document, UTF-8.
        gazetteer: the areas a report may name.
    """
    if len(raw) > DOCUMENT_BYTES_MAX or b"\\" in raw:
        return None
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if not _is_good(document, gazetteer):
        return None
    canonical = canonical_bytes(document)
    # Without escapes every text takes two quotes, so a member that was overwritten by another of
    # the same name leaves fewer of them in what is written again.
    if canonical.count(b'"') != raw.count(b'"'):
        return None
    return document, canonical


def fast_made(document: Document, gazetteer: Gazetteer) -> bytes | None:
    """The canonical bytes of a report that a program made; None where it has to be examined.

    It was never text, so it holds no name twice, and its `data` may have an `ext`, as reports made
    of rows do.
    """
    data = document.get("data")
    bare = document
    if isinstance(data, dict) and "ext" in data:
        if not isinstance(data["ext"], dict) or not _is_plain(data["ext"], DEPTH_MAX):
            return None
        bare = document | {"data": {name: data[name] for name in data if name != "ext"}}
    if not _is_good(bare, gazetteer):
        return None
    canonical = canonical_bytes(document)
    return canonical if len(canonical) <= DOCUMENT_BYTES_MAX else None


def _is_good(document: Any, gazetteer: Gazetteer) -> bool:
    if not _types().isinstance_python(document) or is_ledger_subject(document["subject"]):
        return False
    data = document["data"]
    figures = data.get("figures", ())
    return _known(figures, gazetteer) and _holds_together(data, figures)


def _is_plain(value: Any, levels: int) -> bool:
    """Whether a value is what canonical JSON has, no deeper than so many levels."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return bool(-INTEGER_MAX <= value <= INTEGER_MAX)
    if kind is list:
        return levels > 0 and all(_is_plain(one, levels - 1) for one in value)
    if kind is not dict or levels <= 0:
        return False
    return all(
        type(name) is str and name.isascii() and _is_plain(one, levels - 1)
        for name, one in value.items()
    )


@cache
def _types() -> SchemaValidator:
    """The types of a report event, made at first use: some 20 ms that --help must not pay."""
    instead: dict[str, Any] = {
        "type": Literal["org.tollbook.report.filed.v1"],
        "data": mirror_of(ReportFiled, _EXAMINED),
    }
    adapter: TypeAdapter[Any] = TypeAdapter(mirror_of(Event, _EXAMINED, instead))
    validator = adapter.validator
    if not isinstance(validator, SchemaValidator):
        raise TypeError("pydantic was told to validate with plugins; the fast reading has none")
    return validator


def _known(figures: Collection[Document], gazetteer: Gazetteer) -> bool:
    return all(
        gazetteer.resolve(code) is not None
        for figure in figures
        for field in _PLACED
        if field in figure
        for code in figure[field]
    )


def _holds_together(data: Document, figures: Collection[Document]) -> bool:
    """Whether the models' own validators have nothing to say."""
    statements = data.get("statements", ())
    if not figures and not statements:
        return False
    ids = {figure["id"]: figure for figure in figures}
    if len(ids) != len(figures):
        return False
    for figure in figures:
        if not (_quantity_fits(figure["quantity"]) and _segment_reads(figure.get("segment"))):
            return False
        window = figure.get("window")
        if window is not None and not _runs_forward(window):
            return False
        if not _REFERRING.isdisjoint(figure) and not _refers_well(figure, ids):
            return False
    return not statements or _statements_hold(statements, ids)


def _quantity_fits(quantity: Document) -> bool:
    given = frozenset([name for name in quantity if quantity[name] is not None])
    qualifier: str = quantity["qualifier"]
    if given - _BESIDE not in SHAPES[qualifier]:
        return False
    if "from" in given and quantity["from"] > quantity["to"]:
        return False
    return qualifier != "less_than" or bool(quantity["value"])


def _segment_reads(segment: Document | None) -> bool:
    return not segment or all(segment.get(name) not in RESERVED for name in FREE)


def _runs_forward(window: Document) -> bool:
    start, end = window.get("start"), window.get("end")
    if start is None or end is None:
        return start is not end
    return end_of(end) >= start_of(start)


def _refers_well(figure: Document, ids: dict[str, Document]) -> bool:
    """References that lead somewhere; a part of a part is left to the full examination."""
    whole = figure.get("part_of")
    if whole is not None and "#" not in whole:
        around = ids.get(whole)
        if around is None or around.get("part_of") is not None:
            return False
    for field in ("components", "restates"):
        names = figure.get(field, ())
        if isinstance(names, str) or figure["id"] in names or not _lead(names, ids):
            return False
    pair = figure.get("pair")
    return pair is None or Counter(one.get("pair") for one in ids.values())[pair] > 1


def _statements_hold(statements: Collection[Document], ids: dict[str, Document]) -> bool:
    if len({statement["id"] for statement in statements}) != len(statements):
        return False
    return all(_lead(statement.get("about", ()), ids) for statement in statements)


def _lead(names: Collection[str], ids: dict[str, Document]) -> bool:
    return all(name in ids or "#" in name for name in names)
