"""A ledger under test: the model of what was acknowledged, and everything that must hold of it."""

import asyncio
import re
from collections.abc import Awaitable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine
from redis.exceptions import ConnectionError as LostConnectionError
from tests.integration.stateful_kit import (
    Document,
    Sent,
    Server,
    broken_chains,
    raw,
    unequal,
)

from tollbook_schemas.canonical import content_digest
from tollbook_schemas.errors import EngineError
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_schemas.scope import is_ledger_subject
from tollbook_services import keys, queries
from tollbook_services.acknowledged import Acknowledged, check_acknowledged
from tollbook_services.check import check_events
from tollbook_services.check_views import PAGE_SIZES, check_folds, check_positions
from tollbook_services.connection import connect
from tollbook_services.invariants import Invariant
from tollbook_services.ledger import Ledger
from tollbook_services.parked import parked_documents
from tollbook_services.projector import Projector
from tollbook_services.publish import Document as Raw
from tollbook_services.publish import publish
from tollbook_services.readmodels import ReadModels
from tollbook_services.receipts import Receipt
from tollbook_services.settings import Settings
from tollbook_services.testing import events
from tollbook_services.wiring import Tollbook, open_tollbook

PARTITIONS = 2
ENGINE_GONE = (LostConnectionError, EngineError, ConnectionError)
PATIENCE_S = 30.0
FIGURE_ID = re.compile(r"https://test.example/e\d+#f\d")


class LedgerUnderTest(RuleBasedStateMachine):
    """An opened ledger on an engine that may be killed, and what it must contain.

    Attributes:
        sent: what was acknowledged, by key.
        heads: the last sequence of each partition.
        figures: the crisis of each acknowledged figure, by global id.
        aside: key and content of what must be in quarantine.
        refused: how many documents must be in rejected.
        named: events named so far, so that each gets an id of its own.
        back: whether there is a rebuild to go back on.
    """

    book: Tollbook

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.sent: dict[tuple[str, str], Sent] = {}
        self.heads = [0] * PARTITIONS
        self.figures: dict[str, str] = {}
        self.aside: set[tuple[tuple[str, str], bytes]] = set()
        self.refused = 0
        self.named = 0
        self.back = False

    def teardown(self) -> None:
        try:
            if hasattr(self, "book"):
                self._last_words()
                self._do(self._stack.aclose())
        finally:
            self._runner.close()

    def _last_words(self) -> None:
        """Let what went wrong unseen show: each crisis is in the news again, and read anew.

        Two projectors begin from the stored rows each time, the last time while the views are
        swapped.
        """
        crises = dict.fromkeys(one.crisis for one in self.sent.values())
        named = [crisis for crisis in crises if not is_ledger_subject(crisis)]
        for number, (news, words) in enumerate(((True, True), (False, True), (True, False))):
            rebuilder = self.book.rebuilder()
            if not words:
                self._do(rebuilder.build())
            if news:
                one = events.figure("last", number, "SY-LA")
                self._send([self._named(events.report("", one, crisis=crisis)) for crisis in named])
            if news and words:
                self._send(
                    [self._named(one) for crisis in named for one in self._taken_back(crisis)]
                )
            if words:
                self._send([self._named(_policy(number, one)) for one in self._everywhere()])
            else:
                self._do(self._two_catch_up(rebuilder.swap()))
            self._do(self._everything_holds(PAGE_SIZES if news and words else PAGE_SIZES[1:2]))

    def _taken_back(self, crisis: str) -> list[Document]:
        """The first figures of a crisis are retracted, and others found to be of one incident."""
        known = [figure for figure, where in self.figures.items() if where == crisis]
        fields: Document = {"crisis": crisis, "day": "2007-01-01"}
        acts = [events.retracted("", figure, **fields) for figure in known[:2]]
        return [*acts, events.incident_opened("", "last", *known[2:4], **fields)]

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

    async def _everything_holds(self, page_sizes: Sequence[int] = PAGE_SIZES) -> None:
        await self._ledger_holds()
        await self._two_catch_up()
        _hold(await check_positions(self.book))
        _hold(await check_folds(self.book, page_sizes))
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

    def _everywhere(self) -> list[str]:
        """The subjects that stand for every crisis."""
        return [keys.ledger_subject(number, PARTITIONS) for number in range(PARTITIONS)]

    def _aimed(self, act: Document) -> Document:
        """The act, in the crisis of the first figure it names that there is."""
        named = FIGURE_ID.findall(raw(act).decode())
        crises = [self.figures[name] for name in named if name in self.figures]
        return {**act, "subject": crises[0]} if crises else act

    def _sent(self, pick: int) -> Sent:
        return list(self.sent.values())[pick % len(self.sent)]

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
            self.figures[name] = parsed.crisis

    async def _publish_and_kill(self, documents: Sequence[Document], turns: int) -> None:
        task = asyncio.create_task(self._publish([raw(one) for one in documents]))
        await pause(turns)
        self._server.kill()
        with suppress(*ENGINE_GONE):
            await asyncio.wait_for(task, PATIENCE_S)

    def _projector(self, size: int) -> Projector:
        book = self.book
        return Projector(book.ledger, book.readmodels, book.folds, page_size=size)

    async def _worker(self, partition: int, size: int) -> None:
        async with OtherProcess(self._server.url) as (ledger, readmodels):
            projector = Projector(ledger, readmodels, self.book.folds, page_size=size)
            await projector.catch_up(partition)

    async def _two_catch_up(self, *beside: Awaitable[Any]) -> None:
        sizes = [(number, size) for number in range(PARTITIONS) for size in (1, 7)]
        await asyncio.gather(*beside, *(self._worker(number, size) for number, size in sizes))

    async def _killed_worker(self, partition: int, size: int, turns: int) -> None:
        await ended(self._worker(partition, size), turns)


class OtherProcess:
    """A ledger and read models over a connection of their own, which ends at the exit."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> tuple[Ledger, ReadModels]:
        self._redis = await connect(self._url)
        return await Ledger.open(self._redis), ReadModels(self._redis)

    async def __aexit__(self, *_: object) -> None:
        await self._redis.aclose()


async def pause(turns: int) -> None:
    """Let other work go on for so many turns."""
    for _ in range(turns):
        await asyncio.sleep(0.0002)


async def ended(work: Coroutine[Any, Any, Any], turns: int) -> None:
    """Begin some work, and end it wherever it is after so many turns."""
    task = asyncio.create_task(work)
    await pause(turns)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _policy(number: int, crisis: str) -> Document:
    words = {"dozens": {"from": 12 + number, "to": 90}, "several": {"from": 2 + number, "to": 12}}
    fields: Document = {"lexical": words, "crisis": crisis, "day": f"2007-01-0{number + 1}"}
    return events.policy("", f"desk/last-{number}", **fields)


def _hold(found: Sequence[Invariant]) -> None:
    _none([fault for one in found for fault in one.faults])


def _none(faults: Sequence[object]) -> None:
    assert not faults, "\n".join(map(str, faults))
