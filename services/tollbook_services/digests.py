"""Digests of read models and views, which two parties compare.

The digest of a read model is SHA-256 over the canonical JSON (RFC 8785) of an object that has for
each crisis the SHA-256, in hexadecimal, of the canonical JSON of its document. The document of
`figures.v1` and of `statements.v1` is an object of its rows by key, and that of a view is what the
view answers to a question without filters, `known_as_of` being the last event of the partition
that was folded. What waits in quarantine is in no log, and so not in the digest of `conflicts`.
"""

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any, Final

from tollbook_projections import views
from tollbook_projections.filing import decode
from tollbook_projections.references import read_with
from tollbook_projections.views import Position, Query
from tollbook_schemas.canonical import canonical_bytes
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy
from tollbook_schemas.scope import is_ledger_subject
from tollbook_services.checkpoint import Snapshot

_Document = Callable[..., dict[str, Any]]


_VIEWS: Final[dict[str, _Document]] = {
    "tolls": views.toll_document,
    "displacement": views.displacement_document,
    "revisions": lambda crisis, rows, query, *given: views.revisions_document(
        crisis, rows, query, None, *given
    ),
    "incidents": views.incidents_document,
    "sources": views.sources_document,
    "conflicts": partial(views.conflicts_document, quarantined=()),
}

_FIGURES: Final = "figures."
"""What the stored name of the read model begins with that the views are made from."""


class Digests:
    """Collects digests, partition by partition; the order makes no difference."""

    def __init__(self, gazetteer: Gazetteer, policy: Policy) -> None:
        """Take what is in force where nothing was published."""
        self._built_in = gazetteer, policy
        self._crises: dict[str, dict[str, str]] = {name: {} for name in _VIEWS}

    def add(self, snapshots: Mapping[str, Snapshot]) -> None:
        """Take the read models of a partition, all at one position.

        Args:
            snapshots: by stored name, such as `figures.v1`.
        """
        for name, snapshot in snapshots.items():
            self._crises.setdefault(name, {})
            for crisis, rows in snapshot.rows.items():
                self._add(name, crisis, {key: decode(row) for key, row in rows.items()})
        for name, snapshot in snapshots.items():
            if name.startswith(_FIGURES):
                self._add_views(snapshot)

    def digests(self) -> dict[str, str]:
        """SHA-256, in hexadecimal, of each read model and view by name: rows first."""
        rows = sorted(self._crises.keys() - _VIEWS)
        return {name: _digest(self._crises[name]) for name in (*rows, *_VIEWS)}

    def _add_views(self, figures: Snapshot) -> None:
        at = figures.checkpoint
        position, query = Position(at.sequence, at.recorded_at), Query()
        shared = [rows for crisis, rows in figures.rows.items() if is_ledger_subject(crisis)]
        shared_rows = {key: row for rows in shared for key, row in rows.items()}
        for crisis, rows in figures.rows.items():
            if is_ledger_subject(crisis):
                continue
            read = read_with(rows, shared_rows, query.moment, *self._built_in)
            for name, document in _VIEWS.items():
                self._add(name, crisis, document(crisis, rows, query, position, *read))

    def _add(self, name: str, crisis: str, document: dict[str, Any]) -> None:
        self._crises[name][crisis] = _digest(document)


def _digest(document: dict[str, Any]) -> str:
    return sha256(canonical_bytes(document)).hexdigest()
