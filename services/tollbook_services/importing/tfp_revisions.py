"""Tech for Palestine's history: every change of a row that was already published."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from tollbook_schemas.errors import UsageError
from tollbook_services.importing.rows import Context, Imported, Refused, Row, RowError
from tollbook_services.importing.tables import read_rows
from tollbook_services.importing.tfp_change import Change
from tollbook_services.importing.tfp_history import History

CHANGES_MAX: Final = 100_000
"""Rows of one file, which are held at once: seven times what three years have brought."""

Published = tuple[str, str]
"""A row of the publisher: territory and day."""


class TfpRevisions:
    """The changes as one table, in any order."""

    def rows(self, file: Path) -> Iterator[Row]:
        """The rows of the file."""
        return read_rows(file)

    def read(self, rows: Iterable[Row], context: Context) -> Iterator[Imported]:
        """For each published row its commits, in order of their time, whatever order they had.

        Raises:
            UsageError: there are more than `CHANGES_MAX` rows.
        """
        changes: dict[Published, list[Change]] = {}
        for item in _read(rows):
            if isinstance(item, Refused):
                yield item
            else:
                changes.setdefault((item.territory, item.day), []).append(item)
        for some in changes.values():
            yield from History(context.crisis, some).events()


IMPORTER: Final = TfpRevisions()


def counted(file: Path) -> Mapping[Published, set[tuple[str, str]]]:
    """What the changes of a file tell of each published row: columns, with who counted.

    Raises:
        UsageError: it is no such file, or one of its rows cannot be read.
    """
    changes: dict[Published, list[Change]] = {}
    for item in _read(read_rows(file)):
        if isinstance(item, Refused):
            row, fault = item.rows[0], item.faults[0]
            raise UsageError(f"{row.file}:{row.line}:{fault.column}: {fault.message}")
        changes.setdefault((item.territory, item.day), []).append(item)
    found = {}
    for published, some in changes.items():
        history = History("", some)
        deque(history.events(), maxlen=0)
        found[published] = history.counted
    return found


def _read(rows: Iterable[Row]) -> Iterator[Change | Refused]:
    for number, row in enumerate(rows):
        if number >= CHANGES_MAX:
            message = f"{row.file} has more than {CHANGES_MAX} changes: import it by territory"
            raise UsageError(message)
        if row.fault is not None:
            yield Refused((row,), (row.fault,))
            continue
        try:
            yield Change.of(row)
        except RowError as error:
            yield Refused((row,), error.faults)
