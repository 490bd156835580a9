"""Whatever is sent, killed, restarted and rebuilt, in whatever order: the invariants hold."""

import asyncio
import os
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from event_strategies import CRISES, DAYS, DESKS, INCIDENTS, figures, lebanon, reports
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis.exceptions import RedisError
from tests.integration.stateful_kit import (
    BROKEN,
    Document,
    Sent,
    Server,
    broken_chains,
    ledger_wide,
    raw,
    unequal,
)

from tollbook_schemas.canonical import content_digest
from tollbook_schemas.errors import TollbookError, UsageError
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services import queries
from tollbook_services.acknowledged import Acknowledged, check_acknowledged
from tollbook_services.check import check_events
from tollbook_services.check_views import PAGE_SIZES, check_folds, check_positions
from tollbook_services.connection import connect
from tollbook_services.invariants import Invariant
from tollbook_services.ledger import Ledger
from tollbook_services.parked import parked_documents
from tollbook_services.position import position_of
from tollbook_services.projector import Projector
from tollbook_services.publish import Document as Raw
from tollbook_services.publish import publish
from tollbook_services.readmodels import ReadModels
from tollbook_services.receipts import Receipt
from tollbook_services.replay import replay
from tollbook_services.settings import Settings
from tollbook_services.testing import events as build
from tollbook_services.wiring import Tollbook, open_tollbook

PARTITIONS = 2
EXAMPLES = int(os.environ.get("TOLLBOOK_STATEFUL_EXAMPLES", "0"))
"""Runs of a large test by hand, each with other steps; in the suite a few that are always the same.
`TOLLBOOK_STATEFUL_EXAMPLES=500 pytest tests/integration/test_ledger_stateful.py`."""

STEPS = int(os.environ.get("TOLLBOOK_STATEFUL_STEPS", "25"))

picks = st.integers(0, 10_000)
days = st.sampled_from(DAYS)
crises = st.sampled_from(CRISES)
incidents = st.sampled_from(INCIDENTS)
page_sizes = st.sampled_from((1, 2, 3, 7, 500))
moments = st.integers(0, 60)
"""Turns of the event loop after which something is ended in the middle of its work."""


class LedgerMachine(RuleBasedStateMachine):
    """Does to a ledger on a real engine what people, machines and accidents do.

    The model is a dict: what was acknowledged, with its position.
    """

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.sent: dict[tuple[str, str], Sent] = {}
        self.heads = [0] * PARTITIONS
        self.figures: list[tuple[str, str]] = []
        self.aside: set[tuple[tuple[str, str], bytes]] = set()
        self.refused = 0
        self.named = 0
        self.back = False

    @initialize()
    def begin(self) -> None:
        self._server.empty()
        self.book: Tollbook = self._do(self._opened())

    def teardown(self) -> None:
        try:
            if hasattr(self, "book"):
                self._do(self._everything_holds())
                self._do(self._stack.aclose())
        finally:
            self._runner.close()

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

    @precondition(lambda self: self.figures)
    @rule(
        pick=picks,
        other=picks,
        day=days,
        act=st.sampled_from(("corrected", "retracted", "reinstated", "duplicate", "held", "moved")),
        figure=figures("x"),
        stray=st.booleans(),
    )
    def an_act_on_a_figure(
        self, pick: int, other: int, day: str, act: str, figure: Document, *, stray: bool
    ) -> None:
        crisis, name = self._figure(pick)
        another = self._figure(other)[1]
        if stray:  # filed later, or never
            name = f"{build.SOURCE}/e{self.named + pick % 4}#f0"
        fields: Document = {"day": day, "crisis": crisis}
        match act:
            case "corrected":
                made = build.revised("", name, figure["quantity"], **fields)
            case "moved":
                areas = figure["areas"]
                made = build.revised("", name, kind="reclassification", areas=areas, **fields)
            case "retracted":
                made = build.retracted("", name, **fields)
            case "reinstated":
                made = build.reinstated("", name, **fields)
            case "duplicate" if another != name:
                made = build.duplicate("", name, another, **fields)
            case _:
                made = build.reviewed("", name, role="held", **fields)
        self._send([self._named(made)])

    @precondition(lambda self: self.figures)
    @rule(
        some=st.lists(picks, min_size=1, max_size=3),
        day=days,
        incident=incidents,
        other=incidents,
        act=st.sampled_from(("opened", "merged", "merged figures", "split")),
    )
    def an_act_on_incidents(
        self, some: list[int], day: str, incident: str, other: str, act: str
    ) -> None:
        crisis = self._figure(some[0])[0]
        named = [name for where, name in map(self._figure, some) if where == crisis]
        named = list(dict.fromkeys(named))
        fields: Document = {"day": day, "crisis": crisis}
        match act:
            case "merged" if incident != other:
                made = build.incidents_merged("", incident, other, **fields)
            case "merged figures":
                made = build.incidents_merged("", incident, *named, **fields)
            case "split" if incident != other:
                made = build.incident_split("", incident, {other: named}, **fields)
            case _:
                made = build.incident_opened("", incident, *named, **fields)
        self._send([self._named(made)])

    @rule(
        crisis=st.none() | crises,
        day=days,
        rank=st.permutations(DESKS),
        dozens=st.integers(12, 60),
    )
    def a_policy(self, crisis: str | None, day: str, rank: list[str], dozens: int) -> None:
        def made(name: str, subject: str) -> Document:
            words = {"dozens": {"from": dozens, "to": dozens + 30}}
            fields: Document = {"crisis": subject, "day": day, "source_rank": rank}
            return build.policy(name, f"desk/{dozens}", lexical=words, **fields)

        self._publish_reference(made, crisis)

    @rule(crisis=st.none() | crises, day=days)
    def a_gazetteer(self, crisis: str | None, day: str) -> None:
        self._publish_reference(lambda name, subject: lebanon(name, subject, day), crisis)

    # What is folded, and read.

    @rule(partition=st.integers(0, PARTITIONS - 1), size=page_sizes)
    def a_projector_catches_up(self, partition: int, size: int) -> None:
        projector = Projector(self.book.ledger, self.book.readmodels, self.book.folds)
        projector._page_size = size
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
            pace = Projector(
                self.book.ledger, self.book.readmodels, self.book.folds, page_size=size
            )
            task = asyncio.create_task(pace.run(range(PARTITIONS), stop))
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

    @rule()
    def a_replay_is_identical(self) -> None:
        result = self._do(replay(self.book.ledger, self.book.readmodels, self.book.folds))
        assert result.identical, result.differences

    @rule(swap=st.booleans(), documents=st.lists(reports(), max_size=2))
    def the_views_are_rebuilt(self, documents: list[Document], *, swap: bool) -> None:
        named = [self._named(one) for one in documents]

        async def rebuilt() -> list[Receipt]:
            rebuilder = self.book.rebuilder()
            result = await rebuilder.build()
            assert result.identical, result.differences
            receipts = await self._publish([raw(one) for one in named])
            if swap:
                await asyncio.gather(rebuilder.swap(), self._worker(0, 1))
            return receipts

        self._acknowledge(named, self._do(rebuilt()))
        self.back = self.back or swap

    @rule(turns=moments)
    def a_rebuild_is_killed_in_the_middle(self, turns: int) -> None:
        async def killed() -> None:
            async with self._other_process() as (ledger, readmodels):
                only = self.book.rebuilder()
                only._ledger, only._readmodels = ledger, readmodels
                await _ended(only.build(), turns)

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
            task = asyncio.gather(*(self._worker(one, size) for one in range(PARTITIONS)))
            await _turns(turns)
            self._server.kill()
            with suppress(RedisError, TollbookError, OSError):
                await asyncio.wait_for(task, 10)

        self._do(killed())
        self._server.start()
        self._do(self._after_a_break(reopened=True))

    # What must hold.

    @invariant()
    def what_was_acknowledged_is_there(self) -> None:
        if hasattr(self, "book"):
            self._do(self._ledger_holds())

    @rule()
    def everything_holds(self) -> None:
        self._do(self._everything_holds())

    async def _ledger_holds(self) -> None:
        told = [
            Acknowledged(
                *key,
                frozenset({f"{one.partition}:{one.sequence}"}),
                frozenset({one.content}),
            )
            for key, one in self.sent.items()
        ]
        _hold(await check_events(self.book.redis))
        _hold(await check_acknowledged(self.book.redis, told))
        ledger, numbers = self.book.ledger, range(PARTITIONS)
        assert [await ledger.head(number) for number in numbers] == self.heads
        assert sum(self.heads) == len(self.sent)
        aside = [await ledger.quarantine_length(number) for number in numbers]
        assert sum(aside) == len(self.aside)
        assert await ledger.rejected_length() == self.refused

    async def _everything_holds(self) -> None:
        await self._ledger_holds()
        for number in range(PARTITIONS):
            await self.book.projector().catch_up(number)
        _hold(await check_positions(self.book))
        _hold(await check_folds(self.book, PAGE_SIZES))
        _none(await broken_chains(self.book))
        for crisis in await self.book.crises():
            await self._live_is_solved_anew(crisis)
        _none(await parked_documents(self.book))

    async def _live_is_solved_anew(self, crisis: str) -> None:
        """A question about now is answered from stored cells, one about a sequence is not."""
        now = queries.Question()
        at = queries.Question(known_as_of=str(self.heads[self.book.partition_of(crisis)]))
        for view in (queries.tolls, queries.displacement):
            live = await view(self.book, crisis, now)
            anew = await view(self.book, crisis, at)
            for name in ("checks", "policy", "gazetteer"):
                assert live[name] == anew[name], f"{name} of {crisis} as stored, and solved anew"
            stored, solved = ({one["id"]: one for one in each["cells"]} for each in (live, anew))
            assert unequal(stored, solved) == [], f"cells of {crisis} as stored, and solved anew"

    # How it is done.

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    async def _opened(self) -> Tollbook:
        chosen = Settings(redis=self._server.url, partitions=PARTITIONS)
        return await self._stack.enter_async_context(open_tollbook(chosen, create=True))

    async def _after_a_break(self, *, reopened: bool) -> None:
        if reopened:
            await self._stack.aclose()
            self._stack = AsyncExitStack()
            self.book = await self._opened()

    def _named(self, document: Document) -> Document:
        self.named += 1
        return {**document, "id": f"e{self.named}"}

    def _publish_reference(self, made: Any, crisis: str | None) -> None:
        if crisis is not None:
            self._send([self._named(made("", crisis))])
        else:
            everywhere = ledger_wide(made, "", PARTITIONS)
            self._send([self._named(one) for one in everywhere])

    def _sent(self, pick: int) -> Sent:
        return list(self.sent.values())[pick % len(self.sent)]

    def _figure(self, pick: int) -> tuple[str, str]:
        return self.figures[pick % len(self.figures)]

    def _send(self, documents: Sequence[Document]) -> list[Receipt]:
        receipts: list[Receipt] = self._do(self._publish([raw(one) for one in documents]))
        self._acknowledge(documents, receipts)
        return receipts

    async def _publish(self, documents: Sequence[bytes]) -> list[Receipt]:
        numbered = [Raw(number, number, one) for number, one in enumerate(documents, 1)]
        return await publish(numbered, self.book.ledger, self.book.gazetteer)

    def _acknowledge(
        self, documents: Sequence[Document], receipts: Sequence[Receipt], *, surely_new: bool = True
    ) -> None:
        """Hold receipts against the model, and take into it what was appended."""
        assert len(documents) == len(receipts)
        for document, receipt in zip(documents, receipts, strict=True):
            self._acknowledge_one(document, receipt, surely_new=surely_new)

    def _acknowledge_one(self, document: Document, receipt: Receipt, *, surely_new: bool) -> None:
        parsed = parse_event(raw(document), self.book.gazetteer)
        assert isinstance(parsed, ParsedEvent), parsed
        content, known = content_digest(parsed.canonical), self.sent.get(parsed.key)
        place = (receipt.partition, receipt.sequence)
        if known is not None:
            same = known.content == content
            assert receipt.status == ("duplicate" if same else "quarantined"), receipt
            assert place == (known.partition, known.sequence)
            if not same:
                self.aside.add((parsed.key, content))
            return
        number = self.book.partition_of(parsed.crisis)
        assert receipt.status == "appended" or not surely_new, receipt
        assert place == (number, self.heads[number] + 1), receipt
        self.heads[number] += 1
        self.sent[parsed.key] = Sent(document, content, number, self.heads[number])
        for one in document["data"].get("figures", ()) if "originator" in document["data"] else ():
            name = f"{document['source']}/{document['id']}#{one['id']}"
            self.figures.append((parsed.crisis, name))

    async def _publish_and_kill(self, documents: Sequence[Document], turns: int) -> None:
        task = asyncio.create_task(self._publish([raw(one) for one in documents]))
        await _turns(turns)
        self._server.kill()
        with suppress(RedisError, TollbookError, OSError):
            await task

    def _other_process(self) -> "_OtherProcess":
        return _OtherProcess(self._server.url)

    async def _worker(self, partition: int, size: int) -> None:
        async with self._other_process() as (ledger, readmodels):
            projector = Projector(ledger, readmodels, self.book.folds, page_size=size)
            await projector.catch_up(partition)

    async def _killed_worker(self, partition: int, size: int, turns: int) -> None:
        await _ended(self._worker(partition, size), turns)


class _OtherProcess:
    """A ledger and read models over a connection of their own, which ends at the exit."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> tuple[Ledger, ReadModels]:
        self._redis = await connect(self._url)
        return await Ledger.open(self._redis), ReadModels(self._redis)

    async def __aexit__(self, *_: object) -> None:
        await self._redis.aclose()


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0.0002)


async def _ended(work: Coroutine[Any, Any, Any], turns: int) -> None:
    """Begin some work, and end it wherever it is."""
    task = asyncio.create_task(work)
    await _turns(turns)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _hold(found: Sequence[Invariant]) -> None:
    _none([fault for one in found for fault in one.faults])


def _none(faults: Sequence[object]) -> None:
    __tracebackhide__ = True
    if faults:
        pytest.fail("\n".join(map(str, faults)))


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
            max_examples=EXAMPLES or 6,
            stateful_step_count=STEPS,
            derandomize=not EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
