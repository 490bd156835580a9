"""The live feed over HTTP: from any id on, a reader gets every change once and in order."""

import orjson
import pytest
from tests.integration.feed_kit import document, served, stored, until, write
from tests.integration.projector_kit import empty_store, names

from tollbook_projections.catalogue import folds
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy
from tollbook_services.live import follow as following
from tollbook_services.live import hub as hubs
from tollbook_services.live import recent

pytestmark = pytest.mark.anyio

FOLDS = folds(default_gazetteer(), default_policy())


async def test_changes_come_as_the_projector_writes_them(any_server_url):
    async with empty_store(any_server_url) as store, served(any_server_url) as api:
        async with api.follow() as reader:
            await store.file(names(5))
            await store.projector(*FOLDS).catch_up(0)
            expected = await stored(store.redis, store.ledger.id)
            assert await reader.take(len(expected)) == expected
        assert reader.retry_ms == 2_000
        crises = {change["crisis"] for _, change in expected}
        assert crises == {"flood-2025", "quake-2024", "coast-2025"}


@pytest.mark.parametrize("remembered", [2, 5_000], ids=["from the engine", "from memory"])
async def test_from_every_id_on_exactly_the_rest_comes(engine_url, monkeypatch, remembered):
    monkeypatch.setattr(recent, "CHANGES_MAX", remembered)
    monkeypatch.setattr(hubs, "CHANGES_MAX", remembered)
    monkeypatch.setattr(following, "BACKLOG_PAGE", 3)
    async with empty_store(engine_url) as store, served(engine_url) as api:
        await write(store.redis, *map(document, range(1, 18)))
        expected = await stored(store.redis, store.ledger.id)
        later = document(99)
        for place, last in enumerate([None, *(token for token, _ in expected)]):
            asked = {"after": "0"} if last is None else {}
            async with api.follow(last, **asked) as reader:
                assert await reader.take(len(expected) - place) == expected[place:]
        async with api.follow(expected[-1][0]) as reader:
            await write(store.redis, later)
            ((_, got),) = await reader.take(1)
        assert got == later


async def test_a_reader_that_was_told_only_its_place_misses_nothing_when_it_comes_back(engine_url):
    async with empty_store(engine_url) as store, served(engine_url) as api:
        (first,) = await write(store.redis, document(1))
        await until(lambda: api.hub.place == first, "the hub has the first change")
        async with api.follow() as reader:
            pass
        await write(store.redis, document(2))
        async with api.follow(reader.last_id) as again:
            ((_, got),) = await again.take(1)
        assert got["after"]["best"] == 2


async def test_the_id_goes_before_the_address_that_a_browser_comes_back_to(engine_url):
    async with empty_store(engine_url) as store, served(engine_url) as api:
        await write(store.redis, *map(document, range(1, 4)))
        async with api.follow(after="0") as reader:
            await reader.take(2)
        async with api.follow(reader.last_id, after="0") as again:
            ((_, got),) = await again.take(1)
        assert got["after"]["best"] == 3


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"crisis": "quake-2024"}, [2]),
        ({"area": "SY"}, [1, 2, 3, 4, 6]),
        ({"area": "SY06"}, [1, 2, 3]),
        ({"measure": "missing"}, [3]),
        ({"segment": "civilian"}, [5]),
        ({"area": "SY", "measure": "killed", "crisis": "flood-2025"}, [1, 4, 6]),
    ],
)
async def test_filters_take_a_crisis_an_area_with_what_lies_inside_and_a_measure(
    engine_url, asked, wanted
):
    documents = [
        document(1),
        document(2, crisis="quake-2024"),
        document(3, area="SY0600", measure="missing"),
        document(4, area="SY-LA+SY-TA"),
        document(5, area="LB", segment="civilian"),
        document(6, area="SY"),
    ]
    async with empty_store(engine_url) as store, served(engine_url) as api:
        async with api.follow(**asked) as live:
            await write(store.redis, *documents)
            got = await live.take(len(wanted))
        async with api.follow(after="0", **asked) as late:
            again = await late.take(len(wanted))
        assert [change["after"]["best"] for _, change in got] == wanted
        assert again == got


async def test_what_is_no_change_is_passed_over(engine_url):
    async with empty_store(engine_url) as store, served(engine_url) as api:
        odd = {**document(2), "crisis": ["x"]}
        spaced = orjson.dumps(document(3), option=orjson.OPT_INDENT_2)
        async with api.follow() as reader:
            await store.redis.xadd("tollbook:changes", {"change": "no JSON"})
            await store.redis.xadd("tollbook:changes", {"other": "field"})
            await write(store.redis, odd)
            await store.redis.xadd("tollbook:changes", {"change": spaced})
            ((_, got),) = await reader.take(1)
        assert got == document(3)


async def test_what_cannot_be_meant_is_refused_with_what_would_be_right(engine_url):
    async with empty_store(engine_url), served(engine_url) as api:
        area = await api.refused(area="SY-XX")
        measure = await api.refused(measure="kiled")
        after = await api.refused(after="1-0")
        assert (area.status_code, measure.status_code, after.status_code) == (400, 422, 400)
        assert "no area 'SY-XX'" in area.json()["detail"]
        assert after.json()["errors"][0]["parameter"] == "after"
        assert "take one as the feed gives it" in after.json()["detail"]
