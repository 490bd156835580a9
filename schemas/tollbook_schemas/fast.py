"""Takes the reports that are plainly good in a quarter of the time; leaves all others alone.

What is accepted here, `parse.examine` accepts too, with the same bytes: nothing is decided but
what is certain. Whatever is doubtful (another type, an escape, an `ext`, a longer chain of parts,
any fault) comes back as None and is examined in full, which alone makes faults.

Reports repeat most of what they say: who is counted, where, since when, by whom. So what stays the
same from figure to figure is looked at once, and remembered as a whole.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Struct
from pydantic import BaseModel

from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.event import Event
from tollbook_schemas.figure import Figure, Window
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.limits import DEPTH_MAX, DOCUMENT_BYTES_MAX, INTEGER_MAX
from tollbook_schemas.mirror import Check, checks_of, mirror_of
from tollbook_schemas.quantity import SHAPES, Quantity
from tollbook_schemas.report import ReportFiled, Statement
from tollbook_schemas.scope import is_ledger_subject
from tollbook_schemas.segment import FREE, RESERVED, Segment
from tollbook_schemas.times import end_of, start_of
from tollbook_schemas.to_come import latest_of_figure

Document = dict[str, Any]

_EXAMINED: Final = frozenset({"ext", "sensitive", "withheld"})
"""Fields that are left to the full examination: not only their types matter."""

_ALONE: Final = frozenset({"id", "time", "quantity", "incident", "note", "url", "title", "text"})
"""Fields that are another in most reports, and looked at one by one."""

_REMEMBERED: Final = 4_096
"""Values of a kind that are remembered: a crisis has some hundred, each some 500 bytes."""

_LISTED: Final = frozenset({"figures", "statements"})
_REFERRING: Final = ("part_of", "components", "restates", "pair")
_PLACED: Final = ("areas", "origin", "destination")

_NUMBERS: Final = ("value", "from", "to", "word")
_QUANTITIES: Final = frozenset(
    (qualifier, *(name in given for name in _NUMBERS))
    for qualifier, shapes in SHAPES.items()
    for given in shapes
)
"""Each qualifier with whether there is a value, a `from`, a `to` and a word."""


def fast_document(
    raw: bytes, gazetteer: Gazetteer, last: str | None = None
) -> tuple[Any, bytes] | None:
    """A report, in the mirror of its model, and its canonical bytes; None for what is examined.

    Args:
        raw: one JSON document, UTF-8.
        gazetteer: the areas a report may name.
        last: leave what speaks of a later day (`to_come.last_day`); None takes any.
    """
    if len(raw) > DOCUMENT_BYTES_MAX or b"\\" in raw:
        return None
    reading = _reading()
    try:
        report = reading.decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not reading.is_good(report, gazetteer, last):
        return None
    canonical = reading.encoder.encode(report)
    # Without escapes every text takes two quotes, so a member that was overwritten by another of
    # the same name leaves fewer of them in what is written again.
    if canonical != raw and canonical.count(b'"') != raw.count(b'"'):
        return None
    return report, canonical


def fast_made(document: Document, gazetteer: Gazetteer, last: str | None = None) -> bytes | None:
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
    reading = _reading()
    try:
        report = msgspec.convert(bare, reading.kind)
    except msgspec.MsgspecError:
        return None
    if not reading.is_good(report, gazetteer, last):
        return None
    canonical = canonical_bytes(document)
    return canonical if len(canonical) <= DOCUMENT_BYTES_MAX else None


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


class _Frame(NamedTuple):
    """What is said by values that differ only in the fields that stand alone.

    Attributes:
        latest: the last day they speak of, as YYYY-MM-DD; empty where they name none.
        areas: the codes they name.
        refers: whether they name other figures.
    """

    latest: str
    areas: tuple[str, ...] = ()
    refers: bool = False


class _Frames:
    """Looks at values of one kind; what they have in common is looked at once."""

    def __init__(self, checks: Mapping[str, Check], framed: Callable[[Any], _Frame]) -> None:
        """Take the fields that have to be looked at.

        Args:
            checks: what their values have to be, by names, dotted for those further inside.
            framed: what is said by a value whose fields are good, going by these fields.
        """
        alone, common = _split(checks, lambda name: name.rpartition(".")[2] in _ALONE)
        self._alone, self._alone_checks = attrgetter(*alone), tuple(alone.values())
        self._common, self._common_checks = attrgetter(*common), tuple(common.values())
        self._framed = framed
        self._known: dict[tuple[Any, ...], _Frame] = {}

    def of(self, value: Struct) -> _Frame | None:
        """What is said by it; None where a field is not good."""
        common = self._common(value)
        frame = self._known.get(common)
        if frame is None:
            if not all(map(_is_good, self._common_checks, common)):
                return None
            frame = self._framed(value)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[common] = frame
        for check, one in zip(self._alone_checks, self._alone(value), strict=True):
            if one is not UNSET and one is not None and not check(one):
                return None
        return frame


def _split(
    checks: Mapping[str, Check], is_first: Callable[[str], bool]
) -> tuple[dict[str, Check], dict[str, Check]]:
    first = {name: check for name, check in checks.items() if is_first(name)}
    return first, {name: check for name, check in checks.items() if name not in first}


def _is_good(check: Check, value: Any) -> bool:
    return value is UNSET or value is None or check(value)


class _Reading:
    """The mirror of a report event with all that is checked of it; made at first use.

    It takes some 20 ms to make, which --help must not pay.
    """

    def __init__(self) -> None:
        instead = {
            "type": Literal["org.tollbook.report.filed.v1"],
            "data": mirror_of(ReportFiled, _EXAMINED),
        }
        self.kind = mirror_of(Event, _EXAMINED, instead)
        self.decoder = msgspec.json.Decoder(self.kind)
        self.encoder = msgspec.json.Encoder()
        envelope = checks_of(Event, _EXAMINED | {"data"}, _RULES)
        data = checks_of(ReportFiled, _EXAMINED | _LISTED, _RULES)
        self._envelopes = _Frames(
            envelope | {f"data.{name}": check for name, check in data.items()},
            lambda report: _Frame(report.data.published_at[:10]),
        )
        self._figures = _Frames(checks_of(Figure, _EXAMINED, _RULES), _framed_figure)
        self._statements = _Frames(
            checks_of(Statement, _EXAMINED, _RULES),
            lambda statement: _Frame((_given(statement.said_at) or "")[:10]),
        )

    def is_good(self, report: Any, gazetteer: Gazetteer, last: str | None) -> bool:
        """Whether nothing at all can be said against a report of the right types."""
        data = report.data
        figures, statements = data.figures or (), data.statements or ()
        if not (figures or statements) or is_ledger_subject(report.subject):
            return False
        if last is not None and report.time[:10] > last:
            return False
        frames = (
            self._envelopes.of(report),
            *map(self._figures.of, figures),
            *map(self._statements.of, statements),
        )
        alone = len(figures) == 1 and not statements
        for frame in frames:
            if frame is None or (last is not None and frame.latest > last):
                return False
            for code in frame.areas:
                if gazetteer.resolve(code) is None:
                    return False
            alone = alone and not frame.refers
        return alone or _hold_together(figures, statements)


@cache
def _reading() -> _Reading:
    return _Reading()


def _given(value: Any) -> Any:
    """A value of a mirror; None where it was not sent."""
    return None if value is UNSET else value


def _framed_figure(figure: Any) -> _Frame:
    said = msgspec.to_builtins(figure)
    return _Frame(
        latest_of_figure(said),
        tuple(code for name in _PLACED for code in said.get(name, ())),
        any(said.get(name) for name in _REFERRING),
    )


def _quantity_fits(quantity: Any) -> bool:
    value, start, end = _given(quantity.value), _given(quantity.from_), _given(quantity.to)
    word = _given(quantity.word) is not None
    given = (value is not None, start is not None, end is not None, word)
    if (quantity.qualifier, *given) not in _QUANTITIES:
        return False
    if start is not None and start > end:
        return False
    return quantity.qualifier != "less_than" or bool(value)


def _segment_reads(segment: Any) -> bool:
    return all(getattr(segment, name) not in RESERVED for name in FREE)


def _runs_forward(window: Any) -> bool:
    start, end = _given(window.start), _given(window.end)
    if start is None or end is None:
        return start is not end
    return end_of(end) >= start_of(start)


_RULES: Final[dict[type[BaseModel], Check]] = {
    Quantity: _quantity_fits,
    Segment: _segment_reads,
    Window: _runs_forward,
}
"""The models' own validators, for what lies inside one figure."""


def _hold_together(figures: Sequence[Any], statements: Sequence[Any]) -> bool:
    """Whether the report's own validator has nothing to say."""
    ids = {figure.id: figure for figure in figures}
    if len(ids) != len(figures) or len({one.id for one in statements}) != len(statements):
        return False
    pairs = Counter(_given(figure.pair) for figure in figures)
    return all(_refers_well(figure, ids, pairs) for figure in figures) and all(
        _lead(statement.about or (), ids) for statement in statements
    )


def _refers_well(figure: Any, ids: dict[str, Any], pairs: Counter[str | None]) -> bool:
    """References that lead somewhere; a part of a part is left to the full examination."""
    whole = _given(figure.part_of)
    if whole is not None and "#" not in whole:
        around = ids.get(whole)
        if around is None or _given(around.part_of) is not None:
            return False
    for names in (figure.components or (), figure.restates or ()):
        if figure.id in names or not _lead(names, ids):
            return False
    pair = _given(figure.pair)
    return pair is None or pairs[pair] > 1


def _lead(names: Collection[str], ids: dict[str, Any]) -> bool:
    return all(name in ids or "#" in name for name in names)
