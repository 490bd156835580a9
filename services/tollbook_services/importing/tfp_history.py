"""What became of one published row of Tech for Palestine, commit by commit, as events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from tollbook_schemas.limits import REASON_CHARS_MAX, STATEMENT_CHARS_MAX, TITLE_CHARS_MAX
from tollbook_schemas.times import end_of
from tollbook_services.importing.cells import needed, text
from tollbook_services.importing.reports import kept, report
from tollbook_services.importing.rows import CellFault, Document, Imported, Made, Refused
from tollbook_services.importing.tfp_change import Change
from tollbook_services.importing.tfp_fields import (
    COUNTERS,
    FLASH_SOURCES,
    PUBLISHER,
    SPEAKER,
    counter_of,
    figure_of,
    is_flash,
)

SOURCE: Final = "https://data.techforpalestine.org/revisions"

_REBASED: Final = "phase"
"""A column that comes with a restarted count: what changes with it is rebased, not corrected."""

_FIRST_NOTE: Final = (
    "The value before its first change. The file does not say when it was first published: "
    "published_at is assumed."
)
_COLUMNS: Final = {
    "/time": "committed_at",
    "/id": "commit",
    "/data/published_at": "committed_at",
    "/data/title": "commit_subject",
    "/data/figures": "new_value",
    "/data/quantity": "new_value",
    "/data/reason": "commit_subject",
}


@dataclass(frozen=True, slots=True)
class _Step:
    """What a commit made of one column.

    Attributes:
        changes: the rows that say so: one, or two where the column was renamed as well.
        before: the change whose `old_value` it was; None for nothing.
        after: the change whose `new_value` it is; None for nothing.
    """

    changes: tuple[Change, ...]
    before: Change | None
    after: Change | None

    @property
    def old(self) -> str | None:
        """The text before."""
        return self.before.old if self.before else None


@dataclass(slots=True)
class _Cell:
    """What the publisher prints in one column.

    Attributes:
        printed: the text; None for nothing.
        quantity: the same, read.
        counter: who counted it.
        figures: the global ids of its figures, by who counted.
    """

    printed: str | None = None
    quantity: Document | None = None
    counter: str = ""
    figures: dict[str, str] = field(default_factory=dict)


class History:
    """A row of the publisher: one territory and day, from its first known state on."""

    def __init__(self, crisis: str, changes: Sequence[Change]) -> None:
        """Take all changes of the row."""
        self._crisis = crisis
        self._changes = sorted(changes, key=_order)
        self._territory, self._day = changes[0].territory, changes[0].day
        self._cells: dict[str, _Cell] = {}
        said = next((one.old for one in self._changes if one.names_source), None)
        self._flash = FLASH_SOURCES.get(said or "", False)

    @property
    def counted(self) -> set[tuple[str, str]]:
        """Columns of which there are figures, with who counted them; complete after `events`."""
        return {(column, who) for column, cell in self._cells.items() for who in cell.figures}

    def events(self) -> Iterator[Imported]:
        """Events and refusals, in order of the commits."""
        for _, commit in groupby(self._changes, key=lambda one: (one.at, one.commit)):
            yield from self._commit(list(commit))

    def _commit(self, changes: Sequence[Change]) -> Iterator[Imported]:
        """A report of all that a commit changed, with what appeared; then acts on what was there.

        Before it comes what it changed, where no earlier commit had told it.
        """
        once, copies = _told_once(changes)
        steps, refusals = self._steps(once)
        yield from refusals
        refused = {id(row) for one in refusals for row in one.rows}
        fit = [one for one in once if id(one.row) not in refused]
        if not fit:
            return
        for column, step in steps.items():
            if column not in self._cells and step.before is not None:
                yield self._first(column, step.before)
        figures: list[Document] = []
        acts = list(self._moves(fit, steps, figures))
        whole = self._report(fit, figures)
        yield whole
        if copies:
            yield Made(tuple(one.row for one in copies), whole.event, _COLUMNS)
        yield from acts

    def _steps(self, changes: Sequence[Change]) -> tuple[dict[str, _Step], list[Refused]]:
        """What became of each column that counts people; what does not fit is refused."""
        by_column: dict[str, list[Change]] = {}
        for change in changes:
            if change.counts:
                by_column.setdefault(change.column, []).append(change)
        steps: dict[str, _Step] = {}
        refusals = []
        for column, found in by_column.items():
            before = [one for one in found if one.old is not None]
            after = [one for one in found if one.new is not None]
            step = _Step(tuple(found), *(one[0] if one else None for one in (before, after)))
            fault = self._fault(column, step, max(len(before), len(after)))
            if fault is None:
                steps[column] = step
            else:
                refusals.append(Refused(tuple(one.row for one in found), (fault,)))
        return steps, refusals

    def _fault(self, column: str, step: _Step, rows: int) -> CellFault | None:
        if rows > 1:
            message = f"this commit has {rows} rows for {column} of {self._day}: it can have one"
            return CellFault("field", message)
        cell = self._cells.get(column)
        if cell is None or cell.printed == step.old:
            return None
        left, now = cell.printed or "nothing", step.old or "nothing"
        message = f"{column} is {now} here, but the change before left {left}: one is missing"
        return CellFault("old_value", message)

    def _moves(
        self, fit: Sequence[Change], steps: Mapping[str, _Step], figures: list[Document]
    ) -> Iterator[Made]:
        """Bring every column to what it is after a commit."""
        source = next((one for one in fit if one.names_source), None)
        if source is not None:
            self._flash = FLASH_SOURCES.get(source.new or "", False)
        rebased = any(one.column == _REBASED for one in fit)
        for column, step in steps.items():
            after = step.after
            value = (after.new, after.quantity("new_value")) if after else (None, None)
            yield from self._move(column, *value, step.changes[-1], figures, rebased=rebased)
        gone = next((one for one in fit if one.deletes), None)
        cause = gone or source
        if cause is None:
            return
        for column in [one for one in self._cells if one not in steps or gone]:
            cell = self._cells[column]
            value = (None, None) if gone else (cell.printed, cell.quantity)
            yield from self._move(column, *value, cause, figures)

    def _move(
        self,
        column: str,
        printed: str | None,
        quantity: Document | None,
        cause: Change,
        figures: list[Document],
        *,
        rebased: bool = False,
    ) -> Iterator[Made]:
        """Acts on the figures of a column; a figure that was not there is added to `figures`."""
        cell = self._cells.setdefault(column, _Cell())
        flash = self._flash and is_flash(self._territory, column)
        counter = counter_of(self._territory, column, flash=flash)
        stays = cell.printed is not None and printed is not None and counter == cell.counter
        if cell.printed is not None and not stays:
            yield self._act("retracted", cell.figures[cell.counter], column, cause, {})
        if stays and printed != cell.printed:
            data = {"kind": "rebase" if rebased else "correction", "quantity": quantity}
            yield self._act("revised", cell.figures[counter], column, cause, data)
        elif quantity is not None and not stays and counter in cell.figures:
            data = {"kind": "reinstatement", "quantity": quantity}
            yield self._act("revised", cell.figures[counter], column, cause, data)
        elif quantity is not None and not stays:
            figures.append(self._figure(column, quantity, counter))
            cell.figures[counter] = f"{SOURCE}/{self._id(cause.commit)}#{column}"
        cell.printed, cell.quantity, cell.counter = printed, quantity, counter

    def _first(self, column: str, change: Change) -> Made:
        """The report of what a column said before its first change."""
        quantity = change.quantity("old_value") or {"qualifier": "unknown"}
        flash = self._flash and is_flash(self._territory, column)
        counter = counter_of(self._territory, column, flash=flash)
        identity = f"{self._id('first')}:{column}"
        figures = {counter: f"{SOURCE}/{identity}#{column}"}
        self._cells[column] = _Cell(change.old, quantity, counter, figures)
        later = end_of(self._day) > change.at
        published = change.committed_at if later else self._day
        data: Document = {
            "originator": counter,
            "published_at": published,
            "note": _FIRST_NOTE,
            "figures": [self._figure(column, quantity, counter)],
            "ext": {"columns": kept(change.row)},
        }
        event = report(
            source=SOURCE,
            id=identity,
            crisis=self._crisis,
            time=published if later else f"{self._day}T23:59:59Z",
            data=data,
        )
        columns = _COLUMNS | {"/data/published_at": "report_date", "/data/figures": "old_value"}
        return Made((change.row,), event, columns, again=True)

    def _figure(self, column: str, quantity: Document, counter: str) -> Document:
        return figure_of(self._territory, column, quantity, self._day, counter, None)

    def _report(self, changes: Sequence[Change], figures: list[Document]) -> Made:
        first = changes[0]
        told = "; ".join(change.told for change in changes)[:STATEMENT_CHARS_MAX]
        said = {"id": "changes", "speaker": SPEAKER, "kind": "revision", "text": told}
        rows = [kept(change.row) for change in changes]
        data: Document = {
            "originator": COUNTERS[self._territory] if figures else PUBLISHER,
            "published_at": first.committed_at,
            "figures": figures,
            "statements": [said],
            "ext": {"columns": rows[0]} if len(rows) == 1 else {"rows": rows},
        }
        if title := text(first.row, "commit_subject"):
            data["title"] = title[:TITLE_CHARS_MAX]
        event = report(
            source=SOURCE,
            id=self._id(first.commit),
            crisis=self._crisis,
            time=first.committed_at,
            data=data,
        )
        return Made(tuple(change.row for change in changes), event, _COLUMNS)

    def _act(self, name: str, figure: str, column: str, cause: Change, data: Document) -> Made:
        event = report(
            source=SOURCE,
            id=f"{self._id(cause.commit)}:{column}:{name}",
            crisis=self._crisis,
            time=cause.committed_at,
            data={"figure": figure, "reason": _reason(cause), **data},
        )
        event["type"] = f"org.tollbook.figure.{name}.v1"
        return Made((cause.row,), event, _COLUMNS, again=True)

    def _id(self, commit: str) -> str:
        return f"{self._territory}:{self._day}:{commit}"


def _order(change: Change) -> tuple[object, ...]:
    return change.at, change.commit, change.column, change.told


def _told_once(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """The changes, and the copies of them that the file has as well."""
    seen: dict[str, Change] = {}
    copies = []
    for change in changes:
        if change.told in seen:
            copies.append(change)
        else:
            seen[change.told] = change
    return list(seen.values()), copies


def _reason(change: Change) -> str:
    """The publisher's own words, which are all that it says."""
    subject = text(change.row, "commit_subject") or "no reason given"
    commit = needed(change.row, "commit")
    return f"{subject} (Tech for Palestine, commit {commit})"[:REASON_CHARS_MAX]
