"""What callers do who mean harm, and what must stay secret: access under attack."""

import json
from dataclasses import replace
from io import StringIO

import anyio
import pytest
import structlog
from redis.asyncio import Redis
from tests.integration.api_kit import COAST, coast, report, served

from tollbook_services.access.roles import Role
from tollbook_services.access.secrets import without_tokens
from tollbook_services.access.tokens import Tokens
from tollbook_services.api.headers import POLICY
from tollbook_services.api.rates import REFUSED_PER_MINUTE, Rates
from tollbook_services.api.running import running_in
from tollbook_services.logs import configure_logs


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(coast(tmp_path_factory.mktemp("hostile")), open_reading=False) as client:
        yield client


@pytest.fixture(scope="module")
def admin(client):
    """The token of an administrator."""

    async def make() -> str:
        redis = Redis.from_url(running_in(client.app).book.url)
        _, text = await Tokens(redis).create("admin", Role.ADMIN)
        await redis.aclose()
        return text

    return anyio.run(make)


@pytest.fixture(autouse=True)
def _uncounted(client):
    rates = running_in(client.app).rates
    rates._limiter.storage.reset()


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


# What is sent


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ({"expires_at": "2099-01-01T00:00:00"}, "/expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-23:00"}, "/expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+23:00"}, "/expires_at"),
        ({"expires_at": 99999999999}, "/expires_at"),
        ({"role": "king"}, "/role"),
        ({"token": "tb_mine"}, "/token"),
        ({"sources": ["x"] * 101}, "/sources"),
    ],
)
def test_a_token_that_cannot_be_meant_is_refused_with_a_pointer(client, admin, wanted, pointer):
    body = {"name": "odd", "role": "reader", **wanted}
    answer = client.post("/v1/tokens", headers=bearer(admin), json=body)
    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"name":"a","role":"publisher","sources":["\\ud800"]}'],
)
def test_a_body_that_is_no_token_is_a_problem(client, admin, body):
    answer = client.post("/v1/tokens", headers=bearer(admin), content=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("source", ["a\nb", "a\x00", "a b", "x" * 100_000, "/*", "a/*/*", "\x7f/*"])
def test_a_source_that_no_event_can_have_is_refused(client, admin, source):
    body = {"name": "odd", "role": "publisher", "sources": [source]}
    answer = client.post("/v1/tokens", headers=bearer(admin), json=body)
    assert answer.status_code == 400
    assert len(answer.text) < 2_000


@pytest.mark.parametrize("path", ["/v1/tokens", "/v1/events"])
def test_the_body_of_who_may_not_send_it_is_not_read(client, path):
    taken = []

    async def receive():
        taken.append(1)
        return {"type": "http.request", "body": b"x" * 2**20, "more_body": True}

    status = anyio.run(raw_status, client.app, path, receive)
    assert (status, taken) == (401, [])


async def raw_status(app, path, receive):
    found = []

    async def send(message):
        if message["type"] == "http.response.start":
            found.append(message["status"])

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "client": ("10.0.0.9", 1),
        "server": ("x", 80), "root_path": "", "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return found[0]


def test_even_the_body_of_an_administrator_has_an_end(client, admin):
    answer = client.post("/v1/tokens", headers=bearer(admin), content=b" " * 200_000)
    assert (answer.status_code, answer.json()["type"][-9:]) == (413, "too-large")


def test_an_id_goes_before_a_name_that_is_the_same(client, admin):
    first = client.post("/v1/tokens", headers=bearer(admin), json={"name": "one", "role": "reader"})
    alike = {"name": first.json()["id"], "role": "reader"}
    client.post("/v1/tokens", headers=bearer(admin), json=alike)
    gone = client.delete(f"/v1/tokens/{first.json()['id']}", headers=bearer(admin)).json()
    assert gone["name"] == "one"


# What stays secret


def test_a_token_in_an_address_is_in_no_log_and_no_answer(client, admin, capsys):
    answer = client.delete(f"/v1/tokens/{admin}", headers=bearer(admin))
    client.get(f"/{admin}")
    secret = admin.split("_", 2)[2]

    assert answer.status_code == 404
    assert secret not in answer.text
    logged = capsys.readouterr().err
    assert "/v1/tokens/tb_" in logged
    assert secret not in logged
    assert without_tokens(f"/x/{admin}/y") == f"/x/{admin[:12]}***/y"


def test_a_traceback_in_the_log_has_no_local_variables(monkeypatch):
    structlog.reset_defaults()
    log = StringIO()
    monkeypatch.setattr("sys.stderr", log)
    configure_logs()

    def fails():
        authorization = "Bearer tb_aaaaaaaa_" + "secret"
        raise ValueError(len(authorization))

    try:
        fails()
    except ValueError:
        structlog.get_logger().exception("failed")
    told = json.loads(log.getvalue())
    assert told["exception"][0]["exc_type"] == "ValueError"
    assert "secret" not in log.getvalue()


def test_what_nobody_foresaw_is_a_problem_with_all_headers(client, admin, monkeypatch, capsys):
    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("tollbook_services.api.ledger_routes.status_document", broken)
    answer = client.get("/v1/status", headers=bearer(admin))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-security-policy"] == POLICY
    assert "a bug" not in answer.text
    logged = capsys.readouterr().err
    assert answer.headers["x-request-id"] in logged
    assert "a bug" in logged
    assert admin.split("_", 2)[2] not in logged


# Browsers and proxies


def test_a_cookie_that_is_not_taken_is_thrown_away(client):
    answer = client.get("/v1/me", headers={"Cookie": "tollbook_token=tb_aaaaaaaa_x"})
    assert answer.status_code == 401
    assert answer.headers["set-cookie"].startswith("tollbook_token=; ")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    header = client.get("/v1/me", headers=bearer("tb_aaaaaaaa_x"))
    assert "set-cookie" not in header.headers


@pytest.mark.parametrize("path", ["/login", "/logout"])
@pytest.mark.parametrize(
    ("site", "taken"),
    [("cross-site", False), ("same-site", False), ("same-origin", True), (None, True)],
)
def test_no_other_site_signs_anybody_in_or_out(client, admin, path, site, taken):
    headers = {} if site is None else {"Sec-Fetch-Site": site}
    answer = client.post(path, data={"token": admin}, headers=headers, follow_redirects=False)
    assert answer.status_code == (303 if taken else 403)
    assert ("set-cookie" in answer.headers) is taken
    client.cookies.clear()


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_a_proxy_on_this_machine_opens_the_metrics_to_nobody(client, admin, header):
    assert client.get("/metrics").status_code == 200
    proxied = {header: "198.51.100.7"}
    assert client.get("/metrics", headers=proxied).status_code == 401
    assert client.get("/metrics", headers={**proxied, **bearer(admin)}).status_code == 200


def test_asking_whether_it_is_ready_is_limited_by_itself(client, admin):
    running = running_in(client.app)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(client.app.state._state, "running", replace(running, rates=Rates(2)))
        codes = [client.get("/readyz").status_code for _ in range(3)]
        beside = client.get("/v1/me", headers=bearer(admin))
    assert codes[1:] == [codes[0], 429]
    assert beside.status_code == 200


def test_a_caller_cannot_say_where_it_comes_from(client):
    """No proxy is trusted, so that each address is that of the connection."""
    for number in range(REFUSED_PER_MINUTE + 1):
        headers = {**bearer(f"tb_aaaaaaaa_{number}"), "X-Forwarded-For": f"198.51.100.{number}"}
        answer = client.get(f"{COAST}/tolls", headers=headers)
    assert answer.status_code == 429


@pytest.mark.parametrize("name", ["recordedby", "recordedtime", "sequence"])
def test_nobody_says_himself_what_the_ledger_records(client, admin, name):
    body = {**report("forged", 1), name: "somebody"}
    answer = client.post("/v1/events", headers=bearer(admin), json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{name}"
