"""Given events, project them: what the fixture `tollbook` gives to a test."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from tollbook_projections.figures import FigureFold
from tollbook_projections.projection import Recorded
from tollbook_projections.statements import StatementFold
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy
from tollbook_services.testing.admitted import Given as Document
from tollbook_services.testing.admitted import MemoryLedger, Refused
from tollbook_services.testing.answer import Answer
from tollbook_services.testing.projected import Projected
from tollbook_services.testing.ways import FoldError, FoldFactory, rows_of

Source = Mapping[str, Any] | bytes | str | Path
"""An event as a JSON object or its bytes, or a path to JSON Lines."""


class Bench:
    """Where a test begins.

    Attributes:
        seed: what random cuts into pages are drawn from.
    """

    def __init__(self, seed: int) -> None:
        """Take the seed."""
        self.seed = seed

    def given(self, *events: Source) -> "Given":
        """A ledger in memory that these events were sent to, in this order.

        Args:
            events: each an event as a mapping or as JSON bytes, or the path of a file with an
                event on each line.

        Raises:
            FoldError: sending all of them a second time changed the ledger.
        """
        documents = [document for one in events for document in _documents(one)]
        return Given(_ledger(documents), self.seed)


class Given:
    """Events that were sent to a ledger in memory.

    Attributes:
        recorded: those that were recorded, in order, as a fold takes them.
        rejected: those that are no events, with the faults.
        quarantined: those whose source and id were recorded with other content, undecided.
        duplicates: how many repeated a recorded event.
    """

    def __init__(self, ledger: MemoryLedger, seed: int) -> None:
        """Take what was sent, and the seed for cuts."""
        self.recorded: Sequence[Recorded] = tuple(ledger.events)
        self.rejected: Sequence[Refused] = tuple(ledger.rejected)
        self.quarantined: Sequence[Refused] = tuple(ledger.quarantined)
        self.duplicates = ledger.duplicates
        self._seed = seed

    @overload
    def project(self) -> Answer: ...

    @overload
    def project(self, fold: FoldFactory) -> Projected: ...

    def project(self, fold: FoldFactory | None = None) -> Projected:
        """Fold the events, in every way that a worker may come to fold them.

        All at once and again with a fresh fold; in pages of 1, 2 and 7 events and cut at random;
        and with a fresh fold that takes up the stored rows at each cut, as after a restart.

        Args:
            fold: what makes a fold of your own, such as its class; left out, the read models of
                tollbook are made, which the answer can be asked for.

        Raises:
            FoldError: the rows are not the same in each way, or a fold breaks the protocol.
        """
        __tracebackhide__ = True
        if fold is not None:
            return Projected(rows_of(fold, self.recorded, self._seed))
        world, policy = default_gazetteer(), default_policy()
        figures = rows_of(lambda: FigureFold(world, policy), self.recorded, self._seed)
        statements = rows_of(StatementFold, self.recorded, self._seed)
        return Answer(figures, statements, self.recorded, self.quarantined)


def _ledger(documents: Sequence[Document]) -> MemoryLedger:
    """What becomes of documents; when they come a second time nothing may change.

    What was rejected is not sent again: it may be right once a gazetteer was published.
    """
    ledger, twice = MemoryLedger(default_gazetteer()), MemoryLedger(default_gazetteer())
    ledger.take(documents)
    wrong = {one.given for one in ledger.rejected}
    twice.take(documents)
    twice.take(one for place, one in enumerate(documents, 1) if place not in wrong)
    if twice.events != ledger.events:
        more = twice.events[len(ledger.events) :]
        names = ", ".join(one.event.global_id for one in more)
        raise FoldError(f"sent a second time, events were recorded that had not been: {names}")
    return ledger


def _documents(source: Source) -> Iterable[Document]:
    match source:
        case str() | Path():
            lines = Path(source).read_bytes().splitlines()
            return [line for line in lines if line.strip()]
        case _:
            return [source]
