"""The rows that a fold left, to be looked at by crisis and key."""

from collections.abc import Mapping
from typing import Any

import orjson

from tollbook_schemas.scope import is_ledger_subject


class Projected:
    """Rows by crisis and key.

    Where a method takes a crisis it may be left out if there is only one.

    Attributes:
        crises: every crisis that has rows, in order.
    """

    def __init__(self, rows: Mapping[str, Mapping[str, bytes]]) -> None:
        """Take the rows of every crisis."""
        self._rows = rows
        self.crises = tuple(sorted(one for one in rows if not is_ledger_subject(one)))

    def rows(self, crisis: str | None = None) -> dict[str, bytes]:
        """The rows of a crisis, in order of their keys; none where it has none."""
        return dict(sorted(self._rows.get(self._one(crisis), {}).items()))

    def row(self, key: str, crisis: str | None = None) -> bytes:
        """The bytes of a row.

        Raises:
            AssertionError: there is no such row; the message names those there are.
        """
        rows = self.rows(crisis)
        assert key in rows, f"no row {key!r}: there are {list(rows)}"  # noqa: S101 - for a test
        return rows[key]

    def json(self, key: str, crisis: str | None = None) -> Any:
        """A row of JSON, read."""
        return orjson.loads(self.row(key, crisis))

    def _one(self, crisis: str | None) -> str:
        if crisis is not None:
            return crisis
        assert len(self.crises) == 1, f"name one crisis of {list(self.crises)}"  # noqa: S101
        return self.crises[0]
