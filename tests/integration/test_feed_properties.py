"""The live feed under random reconnects: each filter's readers get what the stream has, once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from tests.integration.feed_kit import document, until, write
from tests.integration.projector_kit import empty_store

from tollbook_schemas.gazetteer import Gazetteer, default_gazetteer
from tollbook_services.live import follow as following
from tollbook_services.live import hub as hubs
from tollbook_services.live import recent
from tollbook_services.live.ending import GONE
from tollbook_services.live.filter import Filter, subject_of
from tollbook_services.live.follow import follow
from tollbook_services.live.hub import Hub, open_hub
from tollbook_services.live.place import BEGINNING, EntryId, place_of
from tollbook_services.live.reader import Reader

CRISES = ("flood-2025", "quake-2024")
AREAS = ("SY", "SY-LA", "SY-TA", "SY-LA+SY-TA", "LB", "SY0600")
MEASURES = ("killed", "missing")

changes = st.tuples(st.sampled_from(CRISES), st.sampled_from(AREAS), st.sampled_from(MEASURES))
filters = st.builds(
    Filter,
    st.sampled_from((None, *CRISES)),
    st.sampled_from((None, "SY", "SY-LA", "LB")),
    st.sampled_from((None, *MEASURES)),
)
acts = st.lists(
    st.one_of(
        st.lists(changes, min_size=1, max_size=8),
        st.tuples(st.just("comes back"), st.integers(0, 2), st.booleans()),
        st.just("another server"),
        st.just("everyone reads"),
    ),
    max_size=12,
)


@dataclass
class Session:
    """A reader that comes and goes: what it got over all its connections."""

    wanted: Filter
    last: EntryId = BEGINNING
    got: list[EntryId] = field(default_factory=list)
    reader: Reader | None = None
    task: "asyncio.Task[None] | None" = None

    def begin(self, hub: Hub) -> None:
        self.reader = Reader(self.wanted)
        hub.enter(self.reader)
        self.task = asyncio.create_task(follow(hub, self.reader, self.last, self.receive))

    async def receive(self, sent: bytes) -> None:
        await asyncio.sleep(0)
        for event in sent.split(b"\n\n")[:-1]:
            lines = dict(line.split(b": ", 1) for line in event.split(b"\n"))
            if b"id" in lines:
                self.last = place_of(lines[b"id"].decode()).entry
            if lines.get(b"event") == b"change":
                self.got.append(self.last)

    async def leave(self, hub: Hub, *, rudely: bool) -> None:
        """Go away: between two events, or, rudely, wherever the task is."""
        assert self.reader is not None
        assert self.task is not None
        if rudely:
            self.task.cancel()
        self.reader.end(GONE)
        await asyncio.gather(self.task, return_exceptions=True)
        hub.leave(self.reader)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=acts, wanted=st.tuples(filters, filters, filters), remembered=st.integers(1, 12))
def test_no_change_is_lost_or_repeated_wherever_readers_come_back(
    engine_url, monkeypatch, acts, wanted, remembered
):
    monkeypatch.setattr(recent, "CHANGES_MAX", remembered)
    monkeypatch.setattr(hubs, "CHANGES_MAX", remembered)
    monkeypatch.setattr(hubs, "PAGE", 3)
    monkeypatch.setattr(hubs, "PAUSE_S", 0.0)
    monkeypatch.setattr(following, "BACKLOG_PAGE", 2)
    monkeypatch.setattr(following, "LOOK_AGAIN_S", 0.0)
    asyncio.run(play(engine_url, acts, [Session(one) for one in wanted]))


async def play(url: str, acts: list, sessions: list[Session]) -> None:
    async with empty_store(url) as store:
        world = World(store.redis, store.ledger.id, sessions)
        for part in split(acts, "another server"):
            await world.with_one_server(part)
        async with world.server():
            await world.everyone_has_everything()


@dataclass
class World:
    redis: Redis
    ledger: str
    sessions: list[Session]
    written: list[tuple[EntryId, dict]] = field(default_factory=list)

    @asynccontextmanager
    async def server(self) -> AsyncIterator[Hub]:
        """A server whose readers come back to it, until it stops."""
        async with open_hub(self.redis, self.ledger, areas, asyncio.Event()) as hub:
            for session in self.sessions:
                session.begin(hub)
            yield hub
            for session in self.sessions:
                await session.leave(hub, rudely=False)

    async def with_one_server(self, acts: list) -> None:
        async with self.server() as hub:
            for act in acts:
                match act:
                    case list(documents):
                        made = [document(1, *one) for one in documents]
                        self.written += zip(await write(self.redis, *made), made, strict=True)
                    case "everyone reads":
                        await self.everyone_has_everything()
                    case (_, number, rudely):
                        await self.sessions[number].leave(hub, rudely=rudely)
                        self.sessions[number].begin(hub)

    async def everyone_has_everything(self) -> None:
        wanted = [expected(one.wanted, self.written) for one in self.sessions]
        await until(lambda: [one.got for one in self.sessions] == wanted, "everyone has everything")


async def areas() -> Gazetteer:
    return default_gazetteer()


def split(acts: list, mark: str) -> list[list]:
    """What lies between the marks."""
    parts: list[list] = [[]]
    for act in acts:
        if act == mark:
            parts.append([])
        else:
            parts[-1].append(act)
    return parts


def expected(wanted: Filter, written: list[tuple[EntryId, dict]]) -> list[EntryId]:
    """The ids a reader has to get; the filter said in plain words."""
    gazetteer = default_gazetteer()
    return [entry for entry, one in written if subject_of(one, gazetteer).fits(wanted)]
