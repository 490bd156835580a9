"""Rows and checkpoints in memory, with the promises of the read models in the engine."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from tollbook_projections.projection import RowChange
from tollbook_services.checkpoint import Checkpoint, CommitResult, Snapshot

_NOTHING = Checkpoint("", 0, None)


class MemoryRows:
    """What a replay folds into; keeps nothing outside this process."""

    def __init__(self, ledger_id: str) -> None:
        """Take the id of the ledger whose events are folded."""
        self._ledger_id = ledger_id
        self._checkpoints: dict[tuple[int, str], Checkpoint] = {}
        self._rows: dict[tuple[int, str], dict[str, dict[str, bytes]]] = defaultdict(dict)
        self._parked: dict[tuple[int, str], dict[int, str]] = defaultdict(dict)

    async def snapshot(self, partition: int, projection: str) -> Snapshot:
        """Every row of a projection of a partition, in sorted order."""
        place = (partition, projection)
        crises = sorted(self._rows[place].items())
        rows = {crisis: dict(sorted(rows.items())) for crisis, rows in crises if rows}
        return Snapshot(
            self._checkpoints.get(place, _NOTHING), rows, dict(sorted(self._parked[place].items()))
        )

    async def commit(
        self,
        partition: int,
        projection: str,
        expected_sequence: int,
        new_sequence: int,
        recorded_at: datetime,
        changes: Sequence[RowChange],
        *,
        parked: Mapping[int, str] | None = None,
    ) -> CommitResult:
        """Change rows and move the checkpoint, if the checkpoint is as expected."""
        place = (partition, projection)
        stored = self._checkpoints.get(place, _NOTHING).sequence
        if stored != expected_sequence:
            return CommitResult(committed=False, sequence=stored)
        for change in changes:
            rows = self._rows[place].setdefault(change.crisis, {})
            if change.value is None:
                rows.pop(change.key, None)
            else:
                rows[change.key] = change.value
        self._parked[place].update(parked or {})
        self._checkpoints[place] = Checkpoint(self._ledger_id, new_sequence, recorded_at)
        return CommitResult(committed=True, sequence=new_sequence)
