"""Rows and checkpoints in memory, with the promises of the read models in the engine."""

from collections import defaultdict

from tollbook_services.checkpoint import (
    Checkpoint,
    CommitResult,
    Opening,
    Rows,
    RowsRead,
    Snapshot,
    Step,
)

_NOTHING = Checkpoint("", 0, None)


class MemoryRows:
    """What a replay folds into; keeps nothing outside this process."""

    def __init__(self, ledger_id: str) -> None:
        """Take the id of the ledger whose events are folded."""
        self._ledger_id = ledger_id
        self._checkpoints: dict[tuple[int, str], Checkpoint] = {}
        self._rows: dict[tuple[int, str], dict[str, Rows]] = defaultdict(dict)
        self._parked: dict[tuple[int, str], dict[int, str]] = defaultdict(dict)

    def position(self, partition: int, sequence: int) -> str | None:  # noqa: ARG002 - a protocol
        """None: what is in memory is told to nobody."""
        return None

    async def open(self, partition: int, projection: str) -> Opening:
        """What a worker needs to begin."""
        place = (partition, projection)
        crises = frozenset(crisis for crisis, rows in self._rows[place].items() if rows)
        return Opening(self._checkpoints.get(place, _NOTHING), 1, crises)

    async def read(self, partition: int, projection: str, crisis: str) -> RowsRead:
        """The rows of one crisis."""
        place = (partition, projection)
        at = self._checkpoints.get(place, _NOTHING)
        rows = dict(sorted(self._rows[place].get(crisis, {}).items()))
        return RowsRead(rows, at.sequence, at.recorded_at)

    async def snapshot(self, partition: int, projection: str) -> Snapshot:
        """Every row of a projection of a partition, in sorted order."""
        place = (partition, projection)
        crises = sorted(self._rows[place].items())
        rows = {crisis: dict(sorted(rows.items())) for crisis, rows in crises if rows}
        return Snapshot(
            self._checkpoints.get(place, _NOTHING), rows, dict(sorted(self._parked[place].items()))
        )

    async def commit(self, partition: int, projection: str, step: Step) -> CommitResult:
        """Change rows and move the checkpoint, if the checkpoint is as expected."""
        place = (partition, projection)
        stored = self._checkpoints.get(place, _NOTHING).sequence
        if stored != step.expected:
            return CommitResult(committed=False, sequence=stored)
        for change in step.changes:
            rows = self._rows[place].setdefault(change.crisis, {})
            if change.value is None:
                rows.pop(change.key, None)
            else:
                rows[change.key] = change.value
        self._parked[place].update(step.parked)
        self._checkpoints[place] = Checkpoint(self._ledger_id, step.sequence, step.recorded_at)
        return CommitResult(committed=True, sequence=step.sequence)
