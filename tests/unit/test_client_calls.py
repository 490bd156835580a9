"""The Python client without a server: batches, tries, refusals, coming back to the feed."""

import ast
import json
from pathlib import Path

import httpx2
import pytest

import tollbook_client
from tollbook_client import (
    AsyncClient,
    Client,
    GapError,
    ProblemError,
    RefusedError,
    UnreachableError,
    calls,
)

ORIGINAL_WAIT = calls.wait_s
SOURCES = sorted(Path(tollbook_client.__file__).parent.glob("*.py"))


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Waits are counted and not waited."""
    waited = []
    monkeypatch.setattr(calls, "wait_s", lambda tried, answer: waited.append(tried) or 0.0)
    return waited


def client_of(handler, **given):
    made = Client("http://ledger.example", token="tb_a_secret", **given)
    headers = dict(made._http.headers)
    made._http = httpx2.Client(
        base_url="http://ledger.example", transport=httpx2.MockTransport(handler), headers=headers
    )
    return made


def receipts(request, status="appended"):
    lines = request.content.splitlines()
    return [
        {"status": status, "source": "s", "id": json.loads(line)["id"], "crisis": "c",
         "partition": 0, "sequence": 1, "position": "p", "leaf_index": 0, "errors": []}
        for line in lines
    ]  # fmt: skip


def test_nothing_of_the_server_is_imported():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not [
                name for name in names if name.startswith("tollbook_") and "client" not in name
            ], path


def test_the_two_clients_have_the_same_methods():
    def public(client):
        return {name for name in vars(client) if not name.startswith("_")}

    assert public(Client) == public(AsyncClient)


def test_events_are_sent_in_batches_and_each_gets_its_receipt(monkeypatch):
    sizes = []

    def answer(request):
        sizes.append(len(request.content.splitlines()))
        assert request.headers["authorization"] == "Bearer tb_a_secret"
        return httpx2.Response(200, json={"receipts": receipts(request), "counts": {}})

    with client_of(answer) as client:
        found = client.publish({"id": f"e{number}", "x": "a\nb"} for number in range(1_201))

    assert sizes == [500, 500, 201]
    assert [one["id"] for one in found] == [f"e{number}" for number in range(1_201)]


def test_a_batch_is_no_larger_than_the_server_takes(monkeypatch):
    monkeypatch.setattr(calls, "BATCH_BYTES_MAX", 1_000)
    batches = list(calls.batches([{"x": "a" * 400}] * 5 + [{"x": "b" * 2_000}]))
    assert [len(batch) for batch in batches] == [2, 2, 1, 1]


def test_lines_that_were_read_are_sent_as_they_are():
    assert list(calls.batches([b'{"a":\n1}\r\n'])) == [[b'{"a": 1}  ']]


@pytest.mark.parametrize("failure", ["transport", 429, 502, 503, 504, 507])
def test_a_server_that_is_away_or_busy_is_asked_again(failure, no_waiting):
    tries = []

    def answer(request):
        tries.append(request.url.path)
        if len(tries) < 3:
            if failure == "transport":
                raise httpx2.ConnectError("refused")
            return httpx2.Response(failure, json={"detail": "busy"})
        return httpx2.Response(200, json={"receipts": receipts(request), "counts": {}})

    with client_of(answer) as client:
        client.publish([{"id": "e"}])
    assert len(tries) == 3
    assert no_waiting == [0, 1]


def test_it_is_not_asked_for_ever(no_waiting):
    def away(request):
        raise httpx2.ConnectError("refused")

    with client_of(away) as client, pytest.raises(UnreachableError, match=r"ledger\.example"):
        client.tolls("c")
    assert len(no_waiting) == calls.TRIES - 1

    busy = client_of(lambda _: httpx2.Response(503, json={"detail": "away"}))
    with busy as client, pytest.raises(ProblemError, match="503: away"):
        client.tolls("c")


@pytest.mark.parametrize(
    ("header", "wanted"), [("7", 7.0), ("900", calls.WAIT_MAX_S), ("soon", None), (None, None)]
)
def test_the_server_says_how_long_to_wait(header, wanted):
    headers = {} if header is None else {"retry-after": header}
    waited = ORIGINAL_WAIT(1, httpx2.Response(429, headers=headers))
    assert waited == wanted if wanted else 0.25 <= waited <= 0.5


@pytest.mark.parametrize("status", [409, 422])
def test_refused_events_are_told_with_the_receipts_of_all(status):
    def answer(request):
        told = receipts(request)
        told[1] |= {"status": "rejected", "errors": [{"pointer": "/data", "message": "missing"}]}
        problem = {"type": "x", "title": "y", "status": status, "detail": "z", "receipts": told}
        return httpx2.Response(status, json=problem)

    with client_of(answer) as client, pytest.raises(RefusedError) as raised:
        client.publish([{"id": "a"}, {"id": "b"}])
    assert [one["status"] for one in raised.value.receipts] == ["appended", "rejected"]
    assert str(raised.value) == "1 of 2 events were refused: /data missing"


def test_a_problem_is_told_in_the_servers_words():
    document = {"type": "tag:t", "title": "Not Found", "status": 404, "detail": "known are c",
                "errors": [{"parameter": "crisis", "message": "m"}]}  # fmt: skip
    absent = client_of(lambda _: httpx2.Response(404, json=document))
    with absent as client, pytest.raises(ProblemError) as raised:
        client.tolls("x")
    assert (raised.value.status, raised.value.type) == (404, "tag:t")
    assert raised.value.errors == document["errors"]
    assert "known are c" in str(raised.value)

    broken = client_of(lambda _: httpx2.Response(500, text="<html>broken"))
    with broken as client, pytest.raises(ProblemError, match="500: <html>broken"):
        client.tolls("x")


def test_no_token_is_shown(monkeypatch):
    monkeypatch.setenv("TOLLBOOK_TOKEN", "tb_b_other")
    monkeypatch.setenv("TOLLBOOK_URL", "http://elsewhere.example")
    client = Client()
    assert client._http.headers["authorization"] == "Bearer tb_b_other"
    assert str(client._http.base_url).startswith("http://elsewhere.example")
    assert "tb_b_other" not in repr(client) + repr(client._http)


def event(number, name="change"):
    data = json.dumps({"crisis": "c", "number": number})
    return f"id: c1.{number}\nevent: {name}\ndata: {data}\n\n"


def streams(*texts):
    """Answers of a feed, one after the other, and the ids it was asked behind."""
    asked, left = [], list(texts)

    def answer(request):
        asked.append(request.url.params["after"])
        text = left.pop(0)
        if isinstance(text, Exception):
            raise text
        if isinstance(text, tuple):
            return httpx2.Response(text[0], json=text[1])
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=text)

    return answer, asked


def test_a_follower_comes_back_behind_the_last_id():
    answer, asked = streams(
        event(0, "position") + event(1) + event(2),
        httpx2.ReadError("cut"),
        (503, {"detail": "restarting"}),
        event(2, "position") + event(3) + event(9, "position") + "event: cut\ndata: {}\n\n",
        event(10),
    )
    with client_of(answer) as client:
        followed = client.follow(crisis="c")
        found = [next(followed) for _ in range(4)]

    assert [one["number"] for one in found] == [1, 2, 3, 10]
    assert [one["id"] for one in found] == ["c1.1", "c1.2", "c1.3", "c1.10"]
    assert asked == ["$", "c1.2", "c1.2", "c1.2", "c1.9"]


@pytest.mark.parametrize("said", ["answer", "event"])
def test_a_gap_is_never_passed_over(said):
    told = {"detail": "not kept any more", "resume_after": "c1.7"}
    gap = (410, told) if said == "answer" else f"event: gap\ndata: {json.dumps(told)}\n\n"
    answer, _ = streams(event(1), gap)
    with client_of(answer) as client:
        followed = client.follow()
        assert next(followed)["number"] == 1
        with pytest.raises(GapError, match="not kept") as raised:
            next(followed)
    assert raised.value.resume_after == "c1.7"


def test_a_feed_that_says_no_says_why():
    answer, _ = streams((403, {"detail": "that may not read"}))
    with client_of(answer) as client, pytest.raises(ProblemError, match="that may not read"):
        next(client.follow())


def test_a_feed_that_stays_away_is_given_up():
    answer, _ = streams(*[httpx2.ConnectError("refused")] * calls.TRIES)
    with client_of(answer) as client, pytest.raises(UnreachableError, match="come back"):
        next(client.follow())


@pytest.mark.anyio
async def test_the_asynchronous_client_does_the_same(no_waiting):
    answer, asked = streams(event(1), httpx2.ReadError("cut"), event(2))
    made = AsyncClient("http://ledger.example")
    made._http = httpx2.AsyncClient(
        base_url="http://ledger.example", transport=httpx2.MockTransport(answer)
    )
    async with made as client:
        followed = client.follow(measure="killed")
        found = [(await anext(followed))["number"] for _ in range(2)]
    assert found == [1, 2]
    assert asked == ["$", "c1.1", "c1.1"]

    tries = []

    def busy(request):
        tries.append(request.url.path)
        if len(tries) == 1:
            return httpx2.Response(429, json={})
        return httpx2.Response(200, json={"receipts": receipts(request), "counts": {}})

    made = AsyncClient("http://ledger.example")
    made._http = httpx2.AsyncClient(
        base_url="http://ledger.example", transport=httpx2.MockTransport(busy)
    )
    async with made as client:
        (receipt,) = await client.publish([{"id": "e"}])
    assert receipt["status"] == "appended"
    assert tries == ["/v1/events"] * 2
