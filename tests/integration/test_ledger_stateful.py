"""Whatever is sent, killed, restarted and rebuilt, in whatever order: the invariants hold."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from event_strategies import acts, references, reports
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.integration.ledger_under_test import (
    ENGINE_GONE,
    PARTITIONS,
    PATIENCE_S,
    LedgerUnderTest,
    OtherProcess,
    ended,
    pause,
)
from tests.integration.stateful_kit import BROKEN, Document, Server, raw

from tollbook_schemas.errors import UsageError
from tollbook_services import queries
from tollbook_services.position import position_of
from tollbook_services.rebuild import Rebuilder
from tollbook_services.receipts import Receipt

EXAMPLES = int(os.environ.get("TOLLBOOK_STATEFUL_EXAMPLES", "0"))
"""Runs of a large test by hand, each with other steps; in the suite a few that are always the same.
`TOLLBOOK_STATEFUL_EXAMPLES=500 pytest tests/integration/test_ledger_stateful.py`."""

IN_THE_SUITE = 5

STEPS = int(os.environ.get("TOLLBOOK_STATEFUL_STEPS", "20"))

ACTED_ON_MAX = 10
"""Acts are about figures of the first events: of those that are there, and of some that come."""

picks = st.integers(0, 10_000)
page_sizes = st.sampled_from((1, 2, 3, 7, 500))
moments = st.integers(0, 60)
"""Turns of the event loop after which something is ended in the middle of its work."""


class LedgerMachine(LedgerUnderTest):
    """Does to a ledger on a real engine what people, machines and accidents do."""

    @initialize(documents=st.lists(reports(), min_size=2, max_size=6))
    def begin(self, documents: list[Document]) -> None:
        self._server.empty()
        self.book = self._do(self._opened())
        self.new_reports(documents)

    # What is sent.

    @rule(documents=st.lists(reports(), min_size=1, max_size=4))
    def new_reports(self, documents: list[Document]) -> None:
        self._send([self._named(one) for one in documents])

    @precondition(lambda self: self.sent)
    @rule(some=st.lists(picks, min_size=1, max_size=3), spaced=st.booleans())
    def the_same_again(self, some: list[int], *, spaced: bool) -> None:
        known = [self._sent(pick).document for pick in some]
        self._send([dict(reversed(one.items())) if spaced else one for one in known])

    @precondition(lambda self: self.sent)
    @rule(pick=picks, other=reports(), same_crisis=st.booleans())
    def other_content_under_a_known_key(
        self, pick: int, other: Document, *, same_crisis: bool
    ) -> None:
        known = self._sent(pick).document
        crisis = known["subject"] if same_crisis else other["subject"]
        taken = {"source": known["source"], "id": known["id"], "subject": crisis}
        if not crisis.startswith("tollbook-ledger"):
            self._send([{**other, **taken}])

    @rule(document=st.sampled_from(BROKEN), report=reports(), beside=st.booleans())
    def what_is_no_event(self, document: bytes, report: Document, *, beside: bool) -> None:
        wrong = self._named(report) | {"colour": "red"}
        good = [self._named(report)] if beside else []
        receipts = self._do(self._publish([document, raw(wrong), *map(raw, good)]))
        assert [one.status for one in receipts[:2]] == ["rejected", "rejected"]
        self.refused += 2
        self._acknowledge(good, receipts[2:])

    @rule(documents=st.lists(acts(ACTED_ON_MAX), min_size=1, max_size=5))
    def acts_on_figures_and_incidents(self, documents: list[Document]) -> None:
        self._send([self._aimed(self._named(one)) for one in documents])

    @rule(document=references(), everywhere=st.booleans())
    def a_policy_or_a_gazetteer(self, document: Document, *, everywhere: bool) -> None:
        subjects = self._everywhere() if everywhere else [document["subject"]]
        self._send([self._named({**document, "subject": one}) for one in subjects])

    # What is folded, and read.

    @rule(partition=st.integers(0, PARTITIONS - 1), size=page_sizes)
    def a_projector_catches_up(self, partition: int, size: int) -> None:
        projector = self._projector(size)
        assert self._do(projector.catch_up(partition)) == self.heads[partition]

    @rule(partition=st.integers(0, PARTITIONS - 1), size=page_sizes, turns=moments)
    def a_projector_is_killed_in_the_middle(self, partition: int, size: int, turns: int) -> None:
        self._do(self._killed_worker(partition, size, turns))

    @rule(size=page_sizes, other=page_sizes, documents=st.lists(reports(), max_size=3))
    def two_projectors_and_a_sender(self, size: int, other: int, documents: list[Document]) -> None:
        named = [self._named(one) for one in documents]

        async def together() -> list[Receipt]:
            receipts, *_ = await asyncio.gather(
                self._publish([raw(one) for one in named]),
                *(
                    self._worker(number, one)
                    for number in range(PARTITIONS)
                    for one in (size, other)
                ),
            )
            return receipts

        self._acknowledge(named, self._do(together()))

    @rule(documents=st.lists(reports(), min_size=1, max_size=3), size=page_sizes)
    def a_projector_follows_and_stops(self, documents: list[Document], size: int) -> None:
        named = [self._named(one) for one in documents]

        async def followed() -> list[Receipt]:
            stop = asyncio.Event()
            task = asyncio.create_task(self._projector(size).run(range(PARTITIONS), stop))
            receipts = await self._publish([raw(one) for one in named])
            stop.set()
            await task
            return receipts

        self._acknowledge(named, self._do(followed()))

    @rule(document=reports())
    def a_sender_reads_its_own_report(self, document: Document) -> None:
        named = self._named(document)
        (receipt,) = self._send([named])
        token = receipt.document(self.book.ledger.id)["position"]
        question = queries.Question(min_position=token)

        found = self._do(queries.tolls(self.book, named["subject"], question))

        assert position_of(found["position"]).sequence >= (receipt.sequence or 0) > 0

    @rule(swap=st.booleans(), documents=st.lists(reports(), max_size=4))
    def the_views_are_rebuilt(self, documents: list[Document], *, swap: bool) -> None:
        named = [self._named(one) for one in documents]

        async def rebuilt() -> list[Receipt]:
            rebuilder = self.book.rebuilder()
            result = await rebuilder.build()
            assert result.identical, result.differences
            receipts = await self._publish([raw(one) for one in named])
            if swap:
                work = [self._worker(number, 1) for number in range(PARTITIONS)]
                await asyncio.gather(*work, rebuilder.swap())
            return receipts

        self._acknowledge(named, self._do(rebuilt()))
        self.back = self.back or swap

    @rule(turns=moments)
    def a_rebuild_is_killed_in_the_middle(self, turns: int) -> None:
        async def killed() -> None:
            async with OtherProcess(self._server.url) as (ledger, readmodels):
                await ended(Rebuilder(ledger, readmodels, self.book.folds).build(), turns)

        self._do(killed())

    @rule()
    def the_rebuild_is_gone_back_on(self) -> None:
        if self.back:
            assert self._do(self.book.rebuilder().back()) == PARTITIONS * len(self.book.folds)
        else:
            with pytest.raises(UsageError, match="no rebuild to go back on"):
                self._do(self.book.rebuilder().back())

    @rule()
    def what_is_not_live_is_dropped(self) -> None:
        self._do(self.book.rebuilder().drop())
        self.back = False

    # What breaks.

    @rule(clean=st.booleans(), reopened=st.booleans())
    def the_engine_starts_again(self, *, clean: bool, reopened: bool) -> None:
        self._server.stop() if clean else self._server.kill()
        self._server.start()
        self._do(self._after_a_break(reopened=reopened))

    @rule(documents=st.lists(reports(), min_size=1, max_size=6), turns=moments)
    def the_engine_is_killed_while_it_appends(self, documents: list[Document], turns: int) -> None:
        named = [self._named(one) for one in documents]
        self._do(self._publish_and_kill(named, turns))
        self._server.start()
        self._do(self._after_a_break(reopened=True))
        receipts = self._do(self._publish([raw(one) for one in named]))
        self._acknowledge(named, receipts, surely_new=False)

    @rule(turns=moments, size=page_sizes)
    def the_engine_is_killed_while_it_folds(self, turns: int, size: int) -> None:
        async def killed() -> None:
            work = [self._worker(one, size) for one in range(PARTITIONS)]
            task = asyncio.gather(*work, return_exceptions=True)
            await pause(turns)
            self._server.kill()
            for one in await asyncio.wait_for(task, PATIENCE_S):
                assert one is None or isinstance(one, ENGINE_GONE), one

        self._do(killed())
        self._server.start()
        self._do(self._after_a_break(reopened=True))

    # What must hold.

    @invariant()
    def what_was_acknowledged_is_there(self) -> None:
        self._do(self._ledger_holds())

    @rule()
    def everything_holds(self) -> None:
        self._do(self._everything_holds())


@pytest.fixture
def server(any_binary: Path) -> Iterator[Server]:
    """An engine of each kind that the test may kill."""
    with tempfile.TemporaryDirectory(prefix="tb-") as folder:
        found = Server(any_binary, Path(folder))
        found.start()
        try:
            yield found
        finally:
            found.kill()


def test_the_invariants_hold_whatever_happens(server: Server, any_binary: Path) -> None:
    run_state_machine_as_test(
        lambda: LedgerMachine(server),
        settings=settings(
            max_examples=EXAMPLES or IN_THE_SUITE,
            stateful_step_count=STEPS,
            derandomize=not EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
