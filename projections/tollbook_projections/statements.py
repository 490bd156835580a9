"""The read model `statements`: who said what about which figures."""

from collections.abc import Mapping
from typing import ClassVar

from tollbook_projections.filing import encode
from tollbook_projections.projection import Recorded, RowChange
from tollbook_schemas.event import figure_id
from tollbook_schemas.report import ReportFiled
from tollbook_schemas.times import format_instant

STATEMENT_ROW = "statement/"


class StatementFold:
    """Keeps one row a statement, with the figures it is about by their global ids."""

    name: ClassVar[str] = "statements"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._changes: list[RowChange] = []

    def restore(self, crisis: str, rows: Mapping[str, bytes]) -> None:
        """Nothing to take up: rows are written once and never read back."""

    def apply(self, recorded: Recorded) -> None:
        """Takes up one event."""
        event, data = recorded.event, recorded.event.data
        if not isinstance(data, ReportFiled):
            return
        for statement in data.statements:
            body = statement.model_dump(mode="json", by_alias=True, exclude_none=True)
            body["about"] = [
                name if "#" in name else figure_id(event, name) for name in statement.about
            ]
            document = body | {
                "id": figure_id(event, statement.id),
                "originator": data.originator,
                "relayed_by": data.relayed_by,
                "published_at": data.published_at,
                "url": data.url,
                "event": event.global_id,
                "time": event.time,
                "sequence": recorded.sequence,
                "recorded_at": format_instant(recorded.recorded_at),
            }
            key = STATEMENT_ROW + document["id"]
            self._changes.append(RowChange(event.crisis, key, encode(document)))

    def drain(self) -> list[RowChange]:
        """The rows since the last drain, in order of the ledger."""
        changes, self._changes = self._changes, []
        return changes
