"""Folds events in every way a worker may come to fold them, and compares the rows."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tollbook_projections.projection import Fold, Recorded, RowChange
from tollbook_schemas.scope import is_ledger_subject
from tollbook_services.testing.difference import difference

Rows = dict[str, dict[str, bytes]]
"""Rows by crisis and key."""

FoldFactory = Callable[[], Fold]

PAGE_SIZES: Final = (1, 2, 7)
"""Events folded in one step; besides all at once, and pages cut at random."""

RANDOM_CUTS: Final = 3
"""Ways to cut the events at random places."""

RESTORES_MAX: Final = 200
"""Cuts in one way at which the rows are restored: each costs all the rows of a crisis."""


class FoldError(AssertionError):
    """A fold whose rows depend on more than the events, or that breaks the protocol."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to fold.

    Attributes:
        text: what it is, for people.
        cuts: after how many events a page ends.
        restored: whether a fresh fold takes up the stored rows at each cut, as after a restart.
    """

    text: str
    cuts: tuple[int, ...] = ()
    restored: bool = False


def ways(events: int, seed: int) -> list[Way]:
    """Every way to fold so many events that is tried against folding them all at once."""
    cuts = {f"pages of {size}": tuple(range(size, events, size)) for size in PAGE_SIZES}
    draw = random.Random(seed)  # noqa: S311 - where to cut is no secret
    for number in range(1, RANDOM_CUTS + 1):
        some = draw.sample(range(1, events), min(number * number, events - 1)) if events else []
        cuts[f"random cuts {number} (--tollbook-seed {seed})"] = tuple(sorted(some))
    found = [Way("all at once, again")]
    for text, places in cuts.items():
        found.append(Way(text, places))
        if len(places) <= RESTORES_MAX:
            found.append(Way(f"{text}, a fresh fold restored from the rows at each", places, True))
    return found


def rows_of(factory: FoldFactory, events: Sequence[Recorded], seed: int) -> Rows:
    """The rows that events leave, the same in whatever way they are folded.

    Raises:
        FoldError: they are not; the message names the way and the first rows that differ.
    """
    __tracebackhide__ = True  # a failure is shown at the line of the test
    expected = folded(factory, events, Way("all at once"))
    for way in ways(len(events), seed):
        found = folded(factory, events, way)
        if found != expected:
            name = factory().name
            raise FoldError(
                f"the rows of {name} depend on how {len(events)} events are folded\n"
                f"the other way: {way.text}\n"
                f"pages end after events: {', '.join(map(str, way.cuts)) or 'the last one'}\n"
                + difference(expected, found)
            )
    return expected


def folded(factory: FoldFactory, events: Sequence[Recorded], way: Way) -> Rows:
    """The rows that events leave when they are folded in one way.

    Raises:
        FoldError: the fold gives changes that nothing asked for, or says what stood in a row
            before that did not.
    """
    rows: Rows = {}
    worker = _Worker(factory, rows)
    for start, stop in pairwise((0, *way.cuts, len(events))):
        if way.restored and start:
            worker = _Worker(factory, rows)
        worker.page(events[start:stop])
    return {crisis: found for crisis, found in sorted(rows.items()) if found}


class _Worker:
    """A fold at work on stored rows, from a start to the next restart."""

    def __init__(self, factory: FoldFactory, rows: Rows) -> None:
        self._fold = factory()
        self._rows = rows
        self._stored = {crisis for crisis, found in rows.items() if found}
        self._restore({crisis for crisis in self._stored if is_ledger_subject(crisis)})

    def page(self, events: Sequence[Recorded]) -> None:
        """Fold a page and store what it changes."""
        for recorded in events:
            every = self._fold.concerns_all(recorded)
            self._restore(set(self._stored) if every else {recorded.event.crisis} & self._stored)
        for recorded in events:
            try:
                self._fold.apply(recorded)
            except Exception as error:
                error.add_note(
                    f"{self._fold.name} cannot take event {recorded.sequence}, "
                    f"{recorded.event.global_id} ({recorded.event.kind}); a projector parks such "
                    "an event and goes on"
                )
                raise
        for change in self._fold.drain():
            self._store(change)
        if more := self._fold.drain():
            raise FoldError(
                f"{self._fold.name} gives {more[0]} in a second `drain` without an event between"
            )

    def _restore(self, crises: set[str]) -> None:
        for crisis in sorted(crises):
            self._fold.restore(crisis, dict(sorted(self._rows[crisis].items())))
            self._stored.discard(crisis)

    def _store(self, change: RowChange) -> None:
        rows = self._rows.setdefault(change.crisis, {})
        before = rows.get(change.key)
        if change.before is not None and change.before != before:
            raise FoldError(
                f"{self._fold.name} says that {change.key!r} of {change.crisis} was "
                f"{change.before!r} before, but it was {before!r}"
            )
        if change.value is None:
            rows.pop(change.key, None)
        else:
            rows[change.key] = change.value
