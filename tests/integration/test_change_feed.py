"""The change feed on a real engine: every change of a live cell once, with its causes."""

import asyncio
import signal
import sys

import orjson
import pytest
from tests.integration.projector_kit import ROOT, Store, empty_store, parsed, running, wait_for

from tollbook_projections.catalogue import folds
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_schemas.policy import default_policy
from tollbook_services import keys
from tollbook_services.feed import read_changes
from tollbook_services.position import position_of
from tollbook_services.rebuild import Rebuilder

pytestmark = pytest.mark.anyio

CRISIS = "flood-2025"
FOLDS = folds(default_gazetteer(), default_policy())
WORKER = """
import asyncio, sys
from tests.integration.projector_kit import Ledger, ReadModels, connect
from tests.integration.test_change_feed import FOLDS
from tollbook_services.projector import Projector

async def main():
    redis = await connect(sys.argv[1])
    ledger = await Ledger.open(redis, partitions=1)
    work = Projector(ledger, ReadModels(redis), FOLDS, page_size=3, stand_by_s=0.05)
    await work.run([0], asyncio.Event())

asyncio.run(main())
"""


def counted(name: str, value: int) -> ParsedEvent:
    """A report of killed people, with a cut-off that follows from the count."""
    document = orjson.loads(parsed(name, CRISIS).canonical)
    figure = document["data"]["figures"][0]
    figure["quantity"]["value"] = value
    figure["as_of"] = f"2025-03-11T{value // 3600:02}:{value // 60 % 60:02}:{value % 60:02}Z"
    event = parse_event(orjson.dumps(document), default_gazetteer())
    assert isinstance(event, ParsedEvent), event
    return event


async def told(store: Store) -> list[dict]:
    return [change async for change in read_changes(store.redis)]


def steps(changes: list[dict]) -> list[tuple[int | None, int | None]]:
    """The best values before and after of the cell of the province itself."""
    return [
        tuple(None if side is None else side["best"] for side in (one["before"], one["after"]))
        for one in changes
        if one["cell"]["kind"] == "area" and one["cell"]["area"] == "SY-LA"
    ]


async def test_a_change_tells_the_cell_before_and_after_and_what_caused_it(any_server_url):
    async with empty_store(any_server_url) as store:
        await store.ledger.append([counted("one", 5)])
        await store.projector(*FOLDS).catch_up(0)
        await store.ledger.append([counted("two", 9)])
        await store.projector(*FOLDS).catch_up(0)

        changes = await told(store)

        assert steps(changes) == [(None, 5), (5, 9)]
        last = [one for one in changes if one["cell"]["area"] == "SY-LA"][-1]
        assert last["causes"] == [
            {
                "sequence": 2,
                "event": "https://desk.example.org/two",
                "type": "org.tollbook.report.filed.v1",
                "originator": "sohr",
                "reason": None,
            }
        ]
        assert last["figures"] == {
            "added": ["https://desk.example.org/two#f"],
            "removed": ["https://desk.example.org/one#f"],
            "total": 1,
        }
        assert (last["crisis"], last["causes_total"]) == (CRISIS, 1)
        at = position_of(last["position"])
        assert (at.ledger, at.partition, at.sequence) == (store.ledger.id, 0, 2)


async def test_what_comes_later_is_read_from_an_id_on(engine_url):
    async with empty_store(engine_url) as store:
        await store.ledger.append([counted("one", 5)])
        await store.projector(*FOLDS).catch_up(0)
        seen = (await told(store))[-1]["id"]
        await store.ledger.append([counted("two", 9)])
        await store.projector(*FOLDS).catch_up(0)

        later = [change async for change in read_changes(store.redis, seen)]

        assert steps(later) == [(5, 9)]
        assert [change async for change in read_changes(store.redis, "0", "quake-2024")] == []


async def test_a_reader_that_follows_gets_changes_as_they_come(engine_url):
    async with empty_store(engine_url) as store:
        following = read_changes(store.redis, "$", follow=True)
        first = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0.05)
        await store.ledger.append([counted("one", 5)])
        await store.projector(*FOLDS).catch_up(0)
        assert (await asyncio.wait_for(first, 10))["after"]["best"] == 5
        await following.aclose()


async def test_a_rebuild_tells_nothing(engine_url):
    async with empty_store(engine_url) as store:
        await store.ledger.append([counted("one", 5)])
        await store.projector(*FOLDS).catch_up(0)
        before = await store.redis.xlen(keys.CHANGES)
        work = Rebuilder(store.ledger, store.readmodels, FOLDS)
        assert (await work.build()).identical
        await work.swap()
        await work.back()
        assert before > 0
        assert await store.redis.xlen(keys.CHANGES) == before


async def test_each_change_is_told_once_over_kills_and_two_projectors(engine_url):
    async with empty_store(engine_url) as store:
        events = [counted(f"report-{value}", value) for value in range(1, 601)]
        rival = store.projector(*FOLDS, page_size=5, stand_by_s=0.05)
        async with running(rival):
            for start in range(0, 600, 100):
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-c", WORKER, engine_url, cwd=ROOT
                )
                for at in range(start, start + 100, 10):
                    await store.ledger.append(events[at : at + 10])
                    await asyncio.sleep(0.02)
                process.send_signal(signal.SIGKILL)
                await process.wait()
            await wait_for(lambda: rival.wait_visible(0, 600, timeout=0.1), "all folded")

        found = steps(await told(store))

        assert found[0][0] is None
        assert found[-1][1] == 600
        assert [after for _, after in found[:-1]] == [before for before, _ in found[1:]]
