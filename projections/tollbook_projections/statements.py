"""The read model `statements`: who said what about which figures."""

from collections.abc import Mapping
from typing import ClassVar

from tollbook_projections.filing import (
    Document,
    encode,
    recorded_text,
    redaction_key,
    redactions,
    withheld_names,
)
from tollbook_projections.projection import Recorded, RowChange
from tollbook_schemas.event import REPORT_FILED

STATEMENT_ROW = "statement/"


class StatementFold:
    """Keeps one row a statement, with the figures it is about by their global ids."""

    name: ClassVar[str] = "statements"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._changes: list[RowChange] = []

    def restore(self, crisis: str, rows: Mapping[str, bytes]) -> None:
        """Nothing to take up: rows are written once and never read back."""

    def forget(self, crisis: str) -> None:
        """Nothing to drop: rows are not kept."""

    def concerns_all(self, recorded: Recorded) -> bool:  # noqa: ARG002 - the protocol's shape
        """No event concerns the statements of another crisis."""
        return False

    def apply(self, recorded: Recorded) -> None:
        """Takes up one event."""
        event = recorded.event
        if event.kind == REPORT_FILED:
            for index, statement in enumerate(event.data.get("statements", ())):
                self._keep(recorded, index, statement)
        for document in redactions(recorded):
            self._changes.append(RowChange(event.crisis, redaction_key(document), encode(document)))

    def drain(self) -> list[RowChange]:
        """The rows since the last drain, in order of the ledger."""
        changes, self._changes = self._changes, []
        return changes

    def _keep(self, recorded: Recorded, index: int, statement: Document) -> None:
        event, data = recorded.event, recorded.event.data
        about = [
            name if "#" in name else event.figure_id(name) for name in statement.get("about", ())
        ]
        document = statement | {
            "about": about,
            "id": event.figure_id(statement["id"]),
            "originator": data["originator"],
            "relayed_by": data.get("relayed_by"),
            "published_at": data["published_at"],
            "url": data.get("url"),
            "event": event.global_id,
            "time": event.time,
            "sequence": recorded.sequence,
            "recorded_at": recorded_text(recorded.recorded_at),
            **withheld_names(data, f"/data/statements/{index}/"),
        }
        key = STATEMENT_ROW + document["id"]
        self._changes.append(RowChange(event.crisis, key, encode(document)))
