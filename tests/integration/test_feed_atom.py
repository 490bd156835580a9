"""The Atom feed over HTTP: the newest hundred, filtered, and unchanged where nothing changed."""

from xml.etree import ElementTree as ET

import httpx2 as httpx
import pytest
from tests.integration.feed_kit import document, served, write
from tests.integration.projector_kit import empty_store

from tollbook_services.live import newest

pytestmark = pytest.mark.anyio

ENTRY_TITLES = "{http://www.w3.org/2005/Atom}entry/{http://www.w3.org/2005/Atom}title"


async def fetched(url: str, etag: str = "", **asked: str) -> httpx.Response:
    headers = {"If-None-Match": etag} if etag else {}
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(f"{url}/v1/feed.atom", params=asked, headers=headers)


def titles(response: httpx.Response) -> list[str]:
    assert response.headers["content-type"].startswith("application/atom+xml")
    return [one.text for one in ET.fromstring(response.content).findall(ENTRY_TITLES)]


async def test_it_has_the_newest_hundred_of_what_was_asked_for(engine_url, monkeypatch):
    monkeypatch.setattr(newest, "PAGE", 40)
    async with empty_store(engine_url) as store, served(engine_url) as api:
        await write(store.redis, *map(document, range(1, 131)))
        await store.redis.xadd("tollbook:changes", {"change": "no JSON"})
        await write(store.redis, document(7, crisis="quake-2024", area="SY-TA"))
        everything = titles(await fetched(api.url))
        assert len(everything) == 100
        assert everything[:2] == [
            "Tartous, killed: no report \u2192 7 (sohr)",
            "Latakia, killed: no report \u2192 130 (sohr)",
        ]
        assert everything[-1].endswith("\u2192 32 (sohr)")
        assert len(titles(await fetched(api.url, crisis="quake-2024"))) == 1
        assert len(titles(await fetched(api.url, area="SY-TA", measure="killed"))) == 1
        assert titles(await fetched(api.url, measure="missing")) == []


async def test_it_is_sent_again_only_when_something_changed(engine_url):
    async with empty_store(engine_url) as store, served(engine_url) as api:
        empty = await fetched(api.url)
        assert (empty.status_code, titles(empty)) == (200, [])
        await write(store.redis, document(1))
        first = await fetched(api.url)
        again = await fetched(api.url, f'"x", W/{first.headers["etag"]}')
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"] != empty.headers["etag"]
        assert (await fetched(api.url, first.headers["etag"], measure="killed")).status_code == 200
        await write(store.redis, document(2))
        assert len(titles(await fetched(api.url, first.headers["etag"]))) == 2
