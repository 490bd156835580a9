"""The views of a few events: folded into rows, then asked as a reader would."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from figures_builder import recorded

from tollbook_projections import views
from tollbook_projections.figures import FigureFold
from tollbook_projections.filing import Document
from tollbook_projections.projection import Recorded
from tollbook_projections.query import Position, Query
from tollbook_schemas.filed import filed_event
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import Policy, default_policy

WORLD = default_gazetteer()
AT = datetime(2025, 4, 1, tzinfo=UTC)


def rows_of(ledger: list[Recorded], policy: Policy | None = None) -> dict[str, bytes]:
    """The rows that some recorded events of one crisis leave in the projection `figures`."""
    fold = FigureFold(WORLD, policy or default_policy())
    for one in ledger:
        fold.apply(one)
    return {change.key: change.value for change in fold.drain() if change.value is not None}


def demo_rows() -> dict[str, bytes]:
    """The rows of the crisis that ships with the package."""
    lines = files("tollbook_services").joinpath("data/coast-2025.jsonl").read_bytes().splitlines()
    return rows_of([Recorded(0, at, AT, filed_event(line)) for at, line in enumerate(lines, 1)])


def view(
    name: str,
    *events: Mapping[str, Any],
    query: Query | None = None,
    policy: Policy | None = None,
    more: tuple[Any, ...] = (),
) -> Document:
    """The document of `incidents`, `sources` or `conflicts` (more: what is in quarantine)."""
    ledger = recorded(events)
    make = getattr(views, f"{name}_document")
    asked = (query or Query(), Position(len(ledger), AT), WORLD, policy or default_policy())
    found: Document = make("coast", rows_of(ledger, policy), *asked, *more)
    return found


def explained(
    cell: str,
    *events: Mapping[str, Any],
    query: Query | None = None,
    policy: Policy | None = None,
) -> Document:
    """How the number of a cell came about."""
    ledger = recorded(events)
    position = Position(len(ledger), AT)
    rows = rows_of(ledger, policy)
    chosen = policy or default_policy()
    return views.explain_document("coast", rows, query or Query(), cell, position, WORLD, chosen)
