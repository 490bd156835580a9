"""Where the live feed ends a stream or takes none: slow readers, too many, gaps, other ledgers."""

import asyncio
import socket

import pytest
from tests.integration.feed_kit import document, served, stored, until, write
from tests.integration.projector_kit import empty_store

from tollbook_services import keys
from tollbook_services.ledger import Ledger
from tollbook_services.live import follow as following
from tollbook_services.live import hub as hubs
from tollbook_services.live import recent
from tollbook_services.live.hub import Hub
from tollbook_services.live.place import EntryId, FeedPlace

pytestmark = pytest.mark.anyio

LARGE = "x" * 200_000


def silent_reader(port: int, path: str = "/v1/feed") -> socket.socket:
    """A reader that asks and then takes nothing."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    made.settimeout(30)
    made.connect(("127.0.0.1", port))
    made.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return made


def rest_of(made: socket.socket) -> bytes:
    parts = []
    while part := made.recv(2**16):
        parts.append(part)
    return b"".join(parts)


async def test_a_slow_reader_is_cut_off_and_told_so_while_others_get_everything(engine_url):
    count = 150
    async with empty_store(engine_url) as store, served(engine_url) as api:
        async with api.follow() as quick:
            with silent_reader(api.port) as slow:
                await until(lambda: len(api.hub.readers) == 2, "both read")
                got = []
                for number in range(count):
                    await write(store.redis, document(number, text=LARGE))
                    got += await quick.take(1)
                expected = await stored(store.redis, store.ledger.id)
                assert got == expected
                ended = [one.ending for one in api.hub.readers if one.ending]
                assert [one.code for one in ended] == ["too-slow"]
                sent = await asyncio.to_thread(rest_of, slow)
        last = sent.rpartition(b"event: cut\ndata: ")[2]
        assert b'{"code":"too-slow","detail":"more than 20,000 changes or 16 MiB waited' in last
        ids = [line[4:].decode() for line in sent.split(b"\n") if line.startswith(b"id: ")][1:]
        assert 0 < len(ids) < count
        assert ids == [token for token, _ in expected][: len(ids)]
        async with api.follow(ids[-1]) as again:
            assert await again.take(count - len(ids)) == expected[len(ids) :]


async def test_a_connection_that_takes_nothing_at_all_is_dropped(engine_url, monkeypatch):
    monkeypatch.setattr(hubs, "SEND_S_MAX", 0.2)
    monkeypatch.setattr(hubs, "WATCH_S", 0.02)
    async with empty_store(engine_url) as store:
        await write(store.redis, *(document(number, text=LARGE) for number in range(100)))
        async with served(engine_url) as api:
            with silent_reader(api.port, "/v1/feed?after=0"):
                await until(lambda: api.hub.readers, "it reads")
                await until(lambda: not api.hub.readers, "it was dropped")
                await until(lambda: not api.server.server_state.connections, "so is the connection")


async def test_a_connection_that_takes_nothing_does_not_hold_up_a_stop(engine_url):
    async with empty_store(engine_url) as store:
        await write(store.redis, *(document(number, text=LARGE) for number in range(100)))
        async with served(engine_url) as api:
            with silent_reader(api.port, "/v1/feed?after=0"):
                await until(
                    lambda: any(one.sending_since for one in api.hub.readers), "it is being sent"
                )
                state = api.server.server_state
                api.server.should_exit = True
                await until(lambda: not state.connections, "nothing is waited for")
                assert not any(task.cancelling() for task in state.tasks)


async def test_who_goes_away_is_forgotten(engine_url):
    async with empty_store(engine_url), served(engine_url) as api:
        async with api.follow():
            assert len(api.hub.readers) == 1
        await until(lambda: not api.hub.readers, "it was forgotten")


async def test_one_reader_too_many_is_told_when_to_come_back(engine_url):
    async with empty_store(engine_url), served(engine_url, feed_readers_max=1) as api:
        async with api.follow():
            refused = await api.refused()
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
            assert refused.json()["type"].endswith("/feed-full")
            assert "TOLLBOOK_API_FEED_READERS_MAX" in refused.json()["detail"]
        await until(lambda: not api.hub.readers, "the first one went")
        async with api.follow():
            pass


async def test_an_id_of_another_ledger_is_refused(engine_url):
    async with empty_store(engine_url) as store, served(engine_url) as api:
        (entry,) = await write(store.redis, document(1))
        refused = await api.refused(FeedPlace("another", entry).token())
        assert refused.status_code == 409
        assert refused.json()["asked"] == "another"
        assert store.ledger.id in refused.json()["detail"]


async def test_an_id_that_the_stream_no_longer_has_is_answered_with_where_to_go_on(engine_url):
    async with empty_store(engine_url) as store:
        ids = await write(store.redis, *map(document, range(1, 6)))
        await store.redis.xtrim(keys.CHANGES, maxlen=3, approximate=False)
        async with served(engine_url) as api:
            ledger = store.ledger.id
            for refused in (
                await api.refused(FeedPlace(ledger, ids[0]).token()),
                await api.refused(after="0"),
                await api.refused(FeedPlace(ledger, EntryId(ids[-1].milliseconds + 1, 0)).token()),
            ):
                told = refused.json()
                assert refused.status_code == 410
                assert told["type"] == "tag:tollbook.org,2026:problem/feed-gap"
                assert "read the views again" in told["detail"]
                assert told["kept_from"] == ids[2].time
                assert told["resume_after"] == FeedPlace(ledger, ids[-1]).token()
            async with api.follow(told["resume_after"]) as reader:
                await write(store.redis, document(6))
                ((_, got),) = await reader.take(1)
            assert got["after"]["best"] == 6
            async with api.follow(FeedPlace(ledger, ids[2]).token()) as reader:
                assert len(await reader.take(3)) == 3


async def test_a_gap_that_opens_while_a_reader_catches_up_is_told(engine_url, monkeypatch):
    monkeypatch.setattr(recent, "CHANGES_MAX", 1)
    monkeypatch.setattr(hubs, "CHANGES_MAX", 1)
    monkeypatch.setattr(following, "BACKLOG_PAGE", 1)
    page_after = hubs.page_after

    async def trimmed_meanwhile(redis, ledger, after, count):
        if after == ids[2]:
            await redis.xtrim(keys.CHANGES, maxlen=2, approximate=False)
        return await page_after(redis, ledger, after, count)

    async with empty_store(engine_url) as store:
        ids = await write(store.redis, *map(document, range(1, 8)))
        async with served(engine_url) as api:
            monkeypatch.setattr(hubs, "page_after", trimmed_meanwhile)
            async with api.follow(after="0") as reader:
                last, changes = await reader.ended()
            assert (last.event, changes) == ("gap", 3)
            told = last.json()
            assert told["missing_after"] == ids[2].time
            assert reader.last_id == FeedPlace(store.ledger.id, ids[2]).token()
            assert (await api.refused(reader.last_id)).status_code == 410


async def test_readers_are_told_when_the_engine_lost_changes_or_has_another_ledger(engine_url):
    async with empty_store(engine_url) as store, served(engine_url) as api:
        await write(store.redis, document(1))
        async with api.follow(after="0") as reader:
            await reader.take(1)
            await store.redis.delete(keys.CHANGES)
            await write(store.redis, document(2))
            last, changes = await reader.ended()
            assert (last.event, last.json()["code"], changes) == ("gap", "gap", 0)
        await until(lambda: api.hub.place is not None, "the hub goes on")
        async with api.follow() as reader:
            await store.redis.flushall()
            await Ledger.open(store.redis, partitions=1)
            last, _ = await reader.ended()
            assert (last.event, last.json()["code"]) == ("gap", "other-ledger")
        assert (await api.refused()).status_code == 503


async def test_a_feed_that_fails_ends_its_streams_and_goes_on(engine_url, monkeypatch):
    handed_on = Hub._dispatch

    def fails_once(hub, changes):
        monkeypatch.setattr(Hub, "_dispatch", handed_on)
        raise ZeroDivisionError

    async with empty_store(engine_url) as store, served(engine_url) as api:
        await write(store.redis, document(1))
        async with api.follow(after="0") as reader:
            await reader.take(1)
            monkeypatch.setattr(Hub, "_dispatch", fails_once)
            await write(store.redis, document(2))
            last, changes = await reader.ended()
            assert (last.event, last.json()["code"], changes) == ("cut", "failed", 0)
        await until(lambda: api.hub.place is not None, "the hub goes on")
        async with api.follow(reader.last_id) as reader:
            ((_, got),) = await reader.take(1)
        assert got["after"]["best"] == 2


async def test_a_silent_reader_is_told_its_place_when_it_moved_and_a_comment_else(
    engine_url, monkeypatch
):
    monkeypatch.setattr(hubs, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(hubs, "WATCH_S", 0.01)
    async with empty_store(engine_url) as store, served(engine_url) as api:
        async with api.follow(crisis="quake-2024") as reader:
            (entry,) = await write(store.redis, document(1))
            event = await reader.event()
            assert (event.event, event.id) == ("position", FeedPlace(api.hub.ledger, entry).token())
        with silent_reader(api.port) as raw:
            got = b""
            while b": still here\n" not in got:
                got += await asyncio.to_thread(raw.recv, 4_096)


async def test_reading_needs_leave(engine_url):
    async with empty_store(engine_url), served(engine_url, open_reading=False) as api:
        assert (await api.refused()).status_code == 401
