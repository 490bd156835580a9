"""A server with a live feed in this process, readers of it, and changes as the projector writes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx
import orjson
from httpx2 import EventSource
from redis.asyncio import Redis

from tollbook_services import keys
from tollbook_services.api.app import create_app
from tollbook_services.api.options import ApiOptions
from tollbook_services.api.running import running_in
from tollbook_services.api.serving import Server, listening
from tollbook_services.live.hub import Hub
from tollbook_services.live.place import EntryId, FeedPlace
from tollbook_services.settings import Settings
from tollbook_services.wiring import open_tollbook

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    url: str
    port: int
    server: Server

    @property
    def hub(self) -> Hub:
        return running_in(self.server.app).hub

    @contextlib.asynccontextmanager
    async def follow(
        self, last: str | None = None, headers: Mapping[str, str] | None = None, **asked: str
    ) -> AsyncIterator["Follower"]:
        headers = {**(headers or {}), **({} if last is None else {"Last-Event-ID": last})}
        async with (
            httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False) as client,
            client.stream("GET", f"{self.url}/v1/feed", params=asked, headers=headers) as response,
        ):
            await _must_be_ok(response)
            follower = Follower(EventSource(response))
            await follower.opened()
            yield follower

    async def refused(self, last: str | None = None, **asked: str) -> httpx.Response:
        headers = {} if last is None else {"Last-Event-ID": last}
        async with httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False) as client:
            return await client.get(f"{self.url}/v1/feed", params=asked, headers=headers)


class Follower:
    """A reader of the feed: what it got, and its last id."""

    def __init__(self, source: EventSource) -> None:
        self._events = source.__aiter__()
        self.last_id = ""
        self.retry_ms: int | None = None

    async def opened(self) -> None:
        event = await self.event()
        assert event.event in {"position", "message"}, event
        while event.event != "position":
            self.retry_ms = event.retry
            event = await self.event()

    async def event(self) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            event = await anext(self._events)
        self.last_id = event.id or self.last_id
        return event

    async def take(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        """The next changes, each with its id."""
        got = []
        while len(got) < count:
            event = await self.event()
            assert event.event in {"change", "position"}, event
            if event.event == "change":
                got.append((event.id, event.json()))
        return got

    async def ended(self) -> Any:
        """The last event, once the stream has ended, and how many changes came before it."""
        last, changes = None, 0
        with contextlib.suppress(StopAsyncIteration):
            while True:
                last = await self.event()
                changes += last.event == "change"
        return last, changes


async def _must_be_ok(response: httpx.Response) -> None:
    if response.status_code != 200:
        await response.aread()
        raise AssertionError(f"{response.status_code}: {response.text}")


@contextlib.asynccontextmanager
async def served(url: str, **options: Any) -> AsyncIterator[Served]:
    """The server of the ledger in an engine, stopped in an orderly way at the exit."""
    settings = ApiOptions(
        **{"port": 0, "open_reading": True, "rate_per_minute": 1_000_000, **options}
    )
    with listening(settings) as made:
        port = made.getsockname()[1]
        opening = open_tollbook(Settings(redis=url, partitions=1), create=True)
        server = Server(create_app(settings, opening), settings)
        task = asyncio.create_task(server.serve(sockets=[made]))
        await until(lambda: server.started or task.done(), "the server has started")
        try:
            yield Served(f"http://127.0.0.1:{port}", port, server)
        finally:
            server.should_exit = True
            async with asyncio.timeout(PATIENCE_S):
                await task


async def until(done: Any, what: str) -> None:
    """Wait until a check holds."""
    clock = asyncio.get_running_loop().time
    last = clock() + PATIENCE_S
    while not done():
        assert clock() < last, f"not within {PATIENCE_S:g} s: {what}"
        await asyncio.sleep(0.005)


def document(
    number: int,
    crisis: str = "flood-2025",
    area: str = "SY-LA",
    measure: str = "killed",
    segment: str = "all",
    text: str = "",
) -> dict[str, Any]:
    """A change as the projector writes it."""
    bounds = {"low": number, "best": number, "high": number, "flags": []}
    cell = {
        "kind": "unallocated" if "+" in area else "area",
        "area": area,
        "measure": measure,
        "unit": "person",
        "nature": "count",
        "segment": segment,
        "origin": None,
        "destination": None,
    }
    cause = {
        "sequence": number,
        "event": f"https://desk.example.org/report-{number}",
        "type": "org.tollbook.report.filed.v1",
        "originator": "sohr",
        "reason": text or None,
    }
    return {
        "crisis": crisis,
        "partition": 0,
        "position": "p1.x",
        "recorded_at": "2025-03-11T20:00:00Z",
        "cell": cell,
        "before": None,
        "after": bounds,
        "figures": {"added": [], "removed": [], "total": 1},
        "causes": [cause],
        "causes_total": 1,
    }


async def write(redis: Redis, *documents: dict[str, Any]) -> list[EntryId]:
    """Write changes into the stream, as the projector's server-side call does."""
    async with redis.pipeline(transaction=True) as pipe:
        for one in documents:
            pipe.xadd(keys.CHANGES, {"change": orjson.dumps(one)})
        return [EntryId.of(one) for one in await pipe.execute()]


async def stored(redis: Redis, ledger: str) -> list[tuple[str, dict[str, Any]]]:
    """Every change in the stream as a reader has to get it: id and document."""
    return [
        (FeedPlace(ledger, EntryId.of(one)).token(), orjson.loads(fields[b"change"]))
        for one, fields in await redis.xrange(keys.CHANGES)
    ]
