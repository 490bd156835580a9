"""Every route with every role: who may do what over HTTP."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from redis.asyncio import Redis
from starlette.routing import Route
from tests.integration.api_kit import COAST, coast, report, served

from tollbook_services.access.roles import Role
from tollbook_services.access.tokens import Tokens
from tollbook_services.api.app import ROUTERS
from tollbook_services.api.headers import POLICY
from tollbook_services.api.running import Running

READ, AUDIT, PUBLISH, ADMINISTER = (
    {"reader", "publisher", "auditor", "editor", "admin"},
    {"auditor", "editor", "admin"},
    {"publisher", "editor", "admin"},
    {"admin"},
)

WHO_MAY = {
    ("GET", "/v1/crises/{crisis}/tolls"): READ,
    ("GET", "/v1/crises/{crisis}/displacement"): READ,
    ("GET", "/v1/crises/{crisis}/revisions"): READ,
    ("GET", "/v1/crises/{crisis}/incidents"): READ,
    ("GET", "/v1/crises/{crisis}/sources"): READ,
    ("GET", "/v1/crises/{crisis}/conflicts"): READ,
    ("GET", "/v1/crises/{crisis}/statements"): READ,
    ("GET", "/v1/crises/{crisis}/explain"): READ,
    ("GET", "/v1/crises/{crisis}/diff"): READ,
    ("GET", "/v1/crises"): READ,
    ("GET", "/v1/areas"): READ,
    ("GET", "/v1/status"): READ,
    ("GET", "/v1/events"): READ,
    ("POST", "/v1/events"): PUBLISH,
    ("GET", "/v1/events/{partition}/{sequence}"): READ,
    ("GET", "/v1/receipts"): READ,
    ("GET", "/v1/log/ledger.json"): READ,
    ("GET", "/v1/log/keys"): READ,
    ("GET", "/v1/log/{partition}/checkpoint"): READ,
    ("GET", "/v1/log/{partition}/checkpoint.cosigned"): READ,
    ("GET", "/v1/log/{partition}/tile/{path:path}"): READ,
    ("GET", "/v1/log/{partition}/event/{index}"): READ,
    ("GET", "/"): READ,
    ("GET", "/crises/{crisis}"): READ,
    ("GET", "/crises/{crisis}/areas/{area}"): READ,
    ("GET", "/crises/{crisis}/displacement"): READ,
    ("GET", "/crises/{crisis}/series"): READ,
    ("GET", "/crises/{crisis}/series/{series:path}"): READ,
    ("GET", "/crises/{crisis}/figures"): READ,
    ("GET", "/crises/{crisis}/sources"): READ,
    ("GET", "/crises/{crisis}/conflicts"): READ,
    ("GET", "/crises/{crisis}/explain"): READ,
    ("GET", "/crises/{crisis}/changes"): READ,
    ("GET", "/crises/{crisis}/incidents"): READ,
    ("GET", "/crises/{crisis}/statements"): READ,
    ("GET", "/events"): READ,
    ("GET", "/events/{partition}/{sequence}"): READ,
    ("GET", "/status"): READ,
    ("GET", "/v1/feed"): READ,
    ("GET", "/v1/feed.atom"): READ,
    ("GET", "/v1/me"): READ,
    ("GET", "/v1/tokens"): AUDIT,
    ("POST", "/v1/tokens"): ADMINISTER,
    ("DELETE", "/v1/tokens/{token_id}"): ADMINISTER,
}

OPEN = {
    "/v1/openapi.json",
    "/login",
    "/logout",
    "/static/{digest}/{name}",
    "/healthz",
    "/readyz",
    "/metrics",
}
"""Routes without data: what the API is, is no secret."""

PLACES = {
    "{crisis}": "syria-coast-2025", "{partition}": "1", "{sequence}": "1", "{index}": "0",
    "{path:path}": "0/000", "{token_id}": "nobody", "{area}": "SY-LA", "{series:path}": "x",
}  # fmt: skip
OWN = "https://desk.example"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    data = coast(tmp_path_factory.mktemp("access"))
    with served(data, open_reading=False) as client:
        yield client


@pytest.fixture(scope="module")
def given(client):
    """The `Authorization` header of each caller."""
    running: Running = client.app.state.running

    async def make() -> dict[str, str]:
        redis = Redis.from_url(running.book.url)
        tokens, found = Tokens(redis), {}
        for role in Role:
            sources = [OWN] if role is Role.PUBLISHER else []
            _, found[role.value] = await tokens.create(f"a-{role}", role, sources)
        _, found["other"] = await tokens.create("rival", Role.PUBLISHER, ["https://rival.example"])
        _, found["revoked"] = await tokens.create("gone", Role.ADMIN)
        await tokens.revoke("gone")
        soon = datetime.now(UTC) + timedelta(milliseconds=200)
        _, found["expired"] = await tokens.create("late", Role.ADMIN, expires_at=soon)
        await redis.aclose()
        await anyio.sleep(0.2)
        return found

    made = anyio.run(make)
    return {who: {"Authorization": f"Bearer {text}"} for who, text in made.items()}


def asked(client, method, path, headers):
    for name, value in PLACES.items():
        path = path.replace(name, value)
    body = None
    if path == "/v1/feed":
        path = "/v1/feed?after=x"  # it would go on for ever
    if (method, path) == ("POST", "/v1/events"):
        body = report("matrix", 1)
    elif (method, path) == ("POST", "/v1/tokens"):
        body = {"name": "Not A Name", "role": "reader"}
    return client.request(method, path, headers=headers, json=body)


def test_every_route_is_in_the_table(client):
    found = {
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        for method in route.methods
    }
    assert {one for one in found if one[1] not in OPEN} == set(WHO_MAY)
    others = {route.path for route in client.app.routes if isinstance(route, Route)}
    assert others | {path for _, path in found if path in OPEN} == OPEN


@pytest.mark.parametrize(("method", "path"), WHO_MAY)
@pytest.mark.parametrize("who", [role.value for role in Role])
def test_a_role_may_do_what_it_is_for(client, given, method, path, who):
    answer = asked(client, method, path, given[who])

    if who in WHO_MAY[method, path]:
        assert answer.status_code not in {401, 403}, answer.text
        assert answer.status_code < 500
    else:
        assert answer.status_code == 403
        assert who in answer.json()["detail"]


@pytest.mark.parametrize(("method", "path"), WHO_MAY)
@pytest.mark.parametrize(
    ("who", "said"),
    [(None, "token-missing"), ("expired", "token-refused"), ("revoked", "token-refused"),
     ("garbage", "token-refused"), ("basic", "token-refused")],
)  # fmt: skip
def test_nobody_comes_in_without_a_token_that_is_taken(client, given, method, path, who, said):
    client.app.state.running.rates._limiter.storage.reset()
    headers = given.get(who, {})
    if who == "garbage":
        headers = {"Authorization": "Bearer tb_aaaaaaaa_bbbb"}
    if who == "basic":
        headers = {"Authorization": "Basic YTpi"}

    answer = asked(client, method, path, headers)

    assert answer.status_code == 401
    assert answer.json()["type"].endswith(said)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    if who in {"expired", "revoked"}:
        assert answer.json()["fault"] == who


@pytest.mark.parametrize(("method", "path"), WHO_MAY)
def test_open_reading_is_for_reading(tmp_path_factory, method, path, client):
    options = client.app.state.running.options
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(options.__dict__, "open_reading", True)
        answer = asked(client, method, path, {})

    if WHO_MAY[method, path] is READ:
        assert answer.status_code not in {401, 403}
    else:
        assert answer.status_code == 401


def test_a_bad_token_is_refused_even_where_reading_is_open(client):
    options = client.app.state.running.options
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(options.__dict__, "open_reading", True)
        answer = client.get(f"{COAST}/tolls", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 401


def test_a_publisher_publishes_under_its_own_source(client, given):
    own = client.post("/v1/events", headers=given["publisher"], json=report("own", 3))
    other = client.post("/v1/events", headers=given["other"], json=report("others", 3))

    assert own.json()["counts"] == {"appended": 1, "duplicate": 0, "quarantined": 0, "rejected": 0}
    assert other.status_code == 422
    assert [one["pointer"] for one in other.json()["errors"]] == ["/source"]
    assert "rival may not publish under" in other.json()["errors"][0]["message"]


def test_events_record_who_published_them(client, given):
    for who in ("publisher", "editor"):
        client.post("/v1/events", headers=given[who], json=report(f"by-{who}", 3))

    for who in ("publisher", "editor"):
        query = {"source": OWN, "id": f"by-{who}"}
        (found,) = client.get("/v1/events", headers=given["reader"], params=query).json()["events"]
        assert found["event"]["recordedby"] == f"a-{who}"


def test_a_cookie_is_for_reading_only(client, given):
    text = given["admin"]["Authorization"].removeprefix("Bearer ")
    headers = {"Cookie": f"tollbook_token={text}"}

    assert client.get("/v1/me", headers=headers).json()["role"] == "admin"
    answer = client.post("/v1/events", headers=headers, json=report("by-cookie", 1))
    assert answer.status_code == 401


def test_who_am_i(client, given):
    assert client.get("/v1/me", headers=given["publisher"]).json() == {
        "name": "a-publisher",
        "role": "publisher",
        "sources": [OWN],
        "may": ["publish", "read"],
    }


def test_an_administrator_makes_and_revokes_tokens(client, given):
    wanted = {"name": "ocha", "role": "reader", "expires_at": "2099-01-01T00:00:00Z"}
    made = client.post("/v1/tokens", headers=given["admin"], json=wanted)
    headers = {"Authorization": f"Bearer {made.json()['token']}"}

    assert made.status_code == 201
    assert client.get("/v1/me", headers=headers).json()["name"] == "ocha"
    listed = client.get("/v1/tokens", headers=given["auditor"])
    assert made.json()["token"] not in listed.text
    assert "ocha" in {one["name"] for one in listed.json()["tokens"]}
    again = client.post("/v1/tokens", headers=given["admin"], json=wanted)
    assert (again.status_code, "ocha" in again.json()["detail"]) == (400, True)
    gone = client.delete(f"/v1/tokens/{made.json()['id']}", headers=given["admin"])
    assert gone.json()["revoked_at"] is not None
    other = client.delete("/v1/tokens/ocha", headers=given["admin"])
    assert other.status_code == 404


def test_too_many_requests_are_told_when_to_go_on(client, given):
    running: Running = client.app.state.running
    limited = type(running.rates)(3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(client.app.state._state, "running", replace(running, rates=limited))
        answers = [client.get("/v1/me", headers=given["reader"]) for _ in range(5)]
        beside = client.get("/v1/me", headers=given["admin"])

    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert beside.status_code == 200, "each token has its own"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 120
    assert answers[-1].headers["content-type"] == "application/problem+json"


def test_bad_tokens_from_one_address_are_limited_before_they_are_hashed(client, given):
    client.app.state.running.rates._limiter.storage.reset()
    codes = [
        client.get("/v1/me", headers={"Authorization": f"Bearer tb_aaaaaaaa_{n}"}).status_code
        for n in range(22)
    ]
    assert codes == [401] * 20 + [429] * 2
    client.app.state.running.rates._limiter.storage.reset()


@pytest.mark.parametrize("path", ["/v1/me", "/v1/nothing", f"{COAST}/tolls"])
def test_every_answer_has_the_headers_that_protect_its_reader(client, given, path):
    answer = client.get(path, headers=given["reader"])

    assert answer.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] in {"no-store", "private, no-cache"}
    assert "strict-transport-security" not in answer.headers
    assert "server" not in answer.headers
