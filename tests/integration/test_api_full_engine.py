"""An engine that takes no more: publishers are told so and lose nothing, readers notice nothing."""

import asyncio

import orjson
import pytest
from redis.exceptions import OutOfMemoryError, ResponseError
from tests.integration.api_kit import report, served

from tollbook_services.access.roles import Role
from tollbook_services.access.tokens import Tokens
from tollbook_services.connection import connect
from tollbook_services.engine_failures import engine_error
from tollbook_services.settings import Settings
from tollbook_services.wiring import open_tollbook

TOLLS = "/v1/crises/flood-2026/tolls"


@pytest.fixture
def data(tmp_path):
    return tmp_path / "ledger"


def limit(data, most):
    """Set the memory limit of the engine on a folder; 0 is none."""

    async def scenario():
        async with open_tollbook(Settings(data=data)) as tollbook:
            redis = await connect(tollbook.url)
            await redis.config_set("maxmemory", most)
            await redis.aclose()

    asyncio.run(scenario())


def publisher(client):
    """The headers of somebody who may publish."""

    async def make():
        redis = await connect(client.app.state.running.book.url)
        _, text = await Tokens(redis).create("desk", Role.PUBLISHER, ["https://desk.example"])
        await redis.aclose()
        return {"Authorization": f"Bearer {text}", "Content-Type": "application/x-ndjson"}

    return asyncio.run(make())


def published(client, headers, *names):
    lines = b"\n".join(orjson.dumps(report(name, 5)) for name in names)
    return client.post("/v1/events", content=lines, headers=headers)


def test_a_full_engine_is_told_apart_and_the_same_again_is_taken_once_it_has_room(data):
    with served(data) as client:
        headers = publisher(client)
        assert published(client, headers, "a").status_code == 200
        folded = client.get(TOLLS).json()["position"]
        assert published(client, headers, "later").status_code == 200
        limit(data, 1)
        try:
            refused = published(client, headers, "b", "c")
            read = client.get(TOLLS)
            ready = client.get("/readyz")
        finally:
            limit(data, 0)
        again = published(client, headers, "a", "b", "c")

    problem = refused.json()
    assert (refused.status_code, refused.headers["retry-after"]) == (507, "2")
    assert problem["type"] == "tag:tollbook.org,2026:problem/engine-full"
    assert "raise maxmemory" in problem["detail"]
    assert (read.status_code, read.json()["position"]) == (200, folded)
    assert ready.status_code == 503
    assert [one["status"] for one in again.json()["receipts"]] == [
        "duplicate", "appended", "appended",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "problem", "says"),
    [
        (OutOfMemoryError("command not allowed"), "engine-full", "maxmemory"),
        (ResponseError("MISCONF Errors writing to the AOF file"), "engine-full", "its disk"),
        (ResponseError("BUSY running a script"), "engine-unavailable", "refused a command"),
        (ConnectionError("reset"), "engine-unavailable", "refused a command"),
    ],
)
def test_a_failure_says_what_to_do(error, problem, says):
    found = engine_error(error, "the engine of the desk", "start it")
    assert found.problem == problem
    assert str(found).startswith("the engine of the desk")
    assert says in str(found)
    assert found.exit_code == 5
