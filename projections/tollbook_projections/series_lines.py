"""The values that series stood at, by the originators' cut-offs or as the ledger came to know them.

`revisions` tells each step as it was printed; here is what the steps came to: low, best and high.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tollbook_projections.consolidation.books import Books
from tollbook_projections.consolidation.interval import Interval
from tollbook_projections.consolidation.series import Step
from tollbook_projections.dossiers import admitted_of
from tollbook_projections.filing import ACT_ROW, FIGURE_ROW, INCIDENT_ROW, decode
from tollbook_projections.query import Query
from tollbook_projections.reading import Reading
from tollbook_projections.series_view import series_id
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy

Rows = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Standing:
    """A value that a series stood at.

    Attributes:
        as_of: its cut-off.
        interval: what it was, in low, best and high.
        figures: the global ids of those it was made of.
        flags: of the value, such as `unexplained_fall` or `ambiguous_series`.
    """

    as_of: datetime
    interval: Interval
    figures: tuple[str, ...]
    flags: tuple[str, ...]


def series_lines(
    rows: Rows, query: Query, gazetteer: Gazetteer, policy: Policy, wanted: Collection[str]
) -> dict[str, list[Standing]]:
    """The values of series in order of their cut-offs.

    Args:
        rows: of the crisis in the read model `figures`.
        query: its clocks; filters are not looked at.
        gazetteer: areas, as series are told apart by them.
        policy: gives the ranges of words.
        wanted: ids of series, as `revisions` prints them. One of which nothing is counted is
            absent.
    """
    books, reading = Books(gazetteer, policy), Reading(gazetteer, policy)
    for figure, dossier in sorted(admitted_of(rows, query.moment).dossiers.items()):
        books.replace(figure, reading.claims(dossier, query.as_of))
    found = {}
    for series in books.all_series():
        if series.steps and (name := series_id(series.claims[0].series)) in wanted:
            found[name] = [_standing(step) for step in series.steps]
    return found


def known_lines(
    rows: Rows, query: Query, read_with: tuple[Gazetteer, Policy], series: str, known: Iterable[int]
) -> list[tuple[int, Standing | None]]:
    """The current value of one series as it was known at some sequences; None where it had none.

    Args:
        rows: those of `rows_of` the figures of the series: of nothing else is anything told.
        query: its other two clocks.
        read_with: gazetteer and policy.
        series: its id.
        known: sequences, in order.
    """
    books, reading = Books(*read_with), Reading(*read_with)
    of_figure, changes = _by_figure(rows)
    found, before = [], 0
    for sequence in known:
        moment = replace(query, known_as_of=sequence).moment
        for figure in sorted({one for at, one in changes if before < at <= sequence}):
            dossier = admitted_of(of_figure[figure], moment).dossiers.get(figure)
            claims = () if dossier is None else reading.claims(dossier, query.as_of)
            books.replace(figure, claims)
        found.append((sequence, _current(books, series)))
        before = sequence
    return found


def rows_of(rows: Rows, figures: Collection[str]) -> dict[str, bytes]:
    """The rows that say something of some figures: theirs, acts on them, and acts on incidents."""
    kept = {}
    for key, row in rows.items():
        if key.startswith(FIGURE_ROW):
            used = key.removeprefix(FIGURE_ROW) in figures
        else:
            used = not key.startswith(ACT_ROW) or decode(row)["figure"] in figures
        if used:
            kept[key] = row
    return kept


def _standing(step: Step) -> Standing:
    return Standing(step.as_of, step.interval, step.figures, step.flags)


def _by_figure(rows: Rows) -> tuple[dict[str, dict[str, bytes]], list[tuple[int, str]]]:
    """The rows that each figure is read from, and at which sequences these say something new."""
    shared = {key: row for key, row in rows.items() if not key.startswith((FIGURE_ROW, ACT_ROW))}
    of_figure: dict[str, dict[str, bytes]] = {}
    changes = []
    for key, row in rows.items():
        if key.startswith((FIGURE_ROW, ACT_ROW)):
            told = decode(row)
            figure = key.removeprefix(FIGURE_ROW) if key.startswith(FIGURE_ROW) else told["figure"]
            of_figure.setdefault(figure, dict(shared))[key] = row
            changes.append((told["sequence"], figure))
    acts = [decode(row)["sequence"] for key, row in shared.items() if key.startswith(INCIDENT_ROW)]
    changes += [(sequence, figure) for sequence in acts for figure in of_figure]
    return of_figure, changes


def _current(books: Books, wanted: str) -> Standing | None:
    for series in books.all_series():
        if series.steps and series_id(series.claims[0].series) == wanted:
            return _standing(series.steps[-1])
    return None
