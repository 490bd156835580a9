"""`tollbook serve` with its HTTP server: one event in all logs, a taken port, an end in order."""

import asyncio
import contextlib
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import orjson
from redis.asyncio import Redis
from tests.e2e.api_process import api_process
from tests.e2e.cli_kit import clean_environment
from tests.e2e.test_serve_survives import CLI, connected
from tests.integration.api_kit import report
from tests.integration.intake_load import settled, wait_for

from tollbook_services import keys

START_S_MAX = 30
STOP_S_MAX = 60
SENT, ADDED = "ab" * 16, "cd" * 16
CRISIS = "/v1/crises/flood-2026"


@dataclass
class Serve:
    """A running `serve`: what it printed, and what it and its children logged."""

    process: asyncio.subprocess.Process
    printed: list[str] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    async def read(self) -> None:
        async for raw in self.process.stderr:
            try:
                self.lines.append(orjson.loads(raw))
            except orjson.JSONDecodeError:
                self.texts.append(raw.decode().rstrip())

    async def printed_line(self) -> str:
        line = await asyncio.wait_for(self.process.stdout.readline(), START_S_MAX)
        self.printed.append(line.decode().rstrip())
        return self.printed[-1]

    def of(self, **members: Any) -> list[dict[str, Any]]:
        """The lines of the log that have these members."""
        return [line for line in self.lines if members.items() <= line.items()]

    def about(self, partition: int, sequence: int) -> dict[str, dict[str, Any]]:
        """The lines about one event, as docs/operations.md says to look for them."""
        return {
            line["event"]: line
            for line in self.lines
            if line.get("partition") == partition and first(line) <= sequence <= last(line)
        }

    async def said(self, holds: Callable[[], Any], what: str) -> Any:
        async def look() -> Any:
            return holds()

        await wait_for(look, f"{what}: {self.texts} {self.lines[-5:]}", START_S_MAX)
        return holds()


def first(line: dict[str, Any]) -> int:
    return line.get("first", 0)


def last(line: dict[str, Any]) -> int:
    return line.get("last", -1)


@contextlib.asynccontextmanager
async def serving(data: Path, *options: str, **variables: str) -> AsyncIterator[Serve]:
    with clean_environment(**{"TOLLBOOK_API_SERVE": "true", **variables}):
        environment = dict(os.environ)
    process = await asyncio.create_subprocess_exec(
        *CLI, "serve", "--data", str(data), *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment,
    )  # fmt: skip
    serve = Serve(process)
    reading = asyncio.create_task(serve.read())
    try:
        assert (await serve.printed_line()).startswith("tollbook is ready: "), serve.texts
        yield serve
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), STOP_S_MAX)
        await reading


def engine_of(serve: Serve) -> str:
    return re.search(r"redis at ([^ ,]+)", serve.printed[0])[1]


async def url_of(serve: Serve) -> str:
    def found() -> str | None:
        said = (re.search(r"tollbook is at (http://\S+)", text) for text in serve.texts)
        return next((one[1] for one in said if one), None)

    return await serve.said(found, "the HTTP server says where it is")


async def answers(client: httpx2.AsyncClient, path: str, status: int) -> None:
    async def look() -> bool:
        try:
            return (await client.get(path)).status_code == status
        except httpx2.TransportError:
            return False

    await wait_for(look, f"{path} answers {status}", START_S_MAX)


def test_one_event_is_followed_by_its_partition_and_sequence_through_every_log(tmp_path):
    async def scenario() -> None:
        async with serving(tmp_path / "store", TOLLBOOK_API_PORT="0") as serve:
            token = (await serve.printed_line()).rpartition(" ")[2]
            async with (
                connected(engine_of(serve)) as redis,
                httpx2.AsyncClient(
                    base_url=await url_of(serve),
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=START_S_MAX,
                ) as client,
            ):
                sent = await post(client)
                await add(redis)
                added = {**sent, "sequence": sent["sequence"] + 1}
                await serve.said(lambda: folded(serve, added), "the events are folded")
                await answers(client, "/readyz", 200)
                tolls = await client.get(
                    f"{CRISIS}/tolls", params={"min_position": sent["position"]}
                )
                assert tolls.status_code == 200
                await serve.said(lambda: len(serve.of(event="batch appended")) == 1, "it is told")
                await wait_for(lambda: measured(client), "the intake told its counts")
        assert serve.process.returncode == 0
        over_http(serve, sent)
        through_the_inbox(serve, added)
        assert token not in str(serve.lines)
        assert token not in str(serve.texts)

    asyncio.run(scenario())


async def measured(client: httpx2.AsyncClient) -> bool:
    """Whether all that `serve` runs shows in the metrics, and on which disk its engine is."""
    text = (await client.get("/metrics")).text
    alive = re.findall(r'^tollbook_workers\{role="(\w+)"\} 1\.0$', text, re.MULTILINE)
    heads = re.findall(r"^tollbook_head\{.*\} (\d)", text, re.MULTILINE)
    appended = re.findall(
        r'^tollbook_events_total\{outcome="appended".*\} (\d)', text, re.MULTILINE
    )
    assert "tollbook_disk_free_bytes " in text
    return (alive, sorted(heads), appended) == (
        ["intake", "projector", "sealer"], ["0", "0", "0", "2"], ["1", "1"],
    )  # fmt: skip


async def post(client: httpx2.AsyncClient) -> dict[str, Any]:
    headers = {"traceparent": f"00-{SENT}-{'12' * 8}-01"}
    sent = await client.post("/v1/events", json=report("sent", 7), headers=headers)
    assert (sent.status_code, sent.headers["x-request-id"]) == (200, SENT)
    (receipt,) = sent.json()["receipts"]
    return receipt


async def add(redis: Redis) -> None:
    fields = {"event": orjson.dumps(report("added", 9)), "traceparent": f"00-{ADDED}-{'34' * 8}-01"}
    await redis.xadd(keys.INBOX, fields)
    await wait_for(lambda: settled(redis), "the inbox is taken in")


def folded(serve: Serve, receipt: dict[str, Any]) -> bool:
    return "events folded" in serve.about(receipt["partition"], receipt["sequence"])


def over_http(serve: Serve, receipt: dict[str, Any]) -> None:
    """The request, the append and the fold of an event that was posted."""
    found = serve.about(receipt["partition"], receipt["sequence"])
    assert set(found) == {"events appended", "events folded"}
    assert found["events appended"]["request"] == SENT
    (request,) = serve.of(event="request", request=SENT)
    assert (request["route"], request["status"], request["by"]) == ("/v1/events", 200, "admin")


def through_the_inbox(serve: Serve, receipt: dict[str, Any]) -> None:
    """The batch, the append and the fold of an event that was put into the inbox."""
    found = serve.about(receipt["partition"], receipt["sequence"])
    assert set(found) == {"events appended", "batch appended", "events folded"}
    assert found["batch appended"]["traces"] == {ADDED: [receipt["sequence"]]}
    assert found["batch appended"]["batch"] == found["events appended"]["batch"]


def test_a_port_that_is_taken_raises_an_alarm_and_everything_else_goes_on(tmp_path):
    async def scenario() -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            async with serving(tmp_path / "store", TOLLBOOK_API_PORT=str(port)) as serve:
                assert serve.printed[0].endswith(f", HTTP at http://127.0.0.1:{port}")
                alarm = await serve.said(lambda: serve.of(event="ALARM"), "there is an alarm")
                assert f"cannot listen on 127.0.0.1 port {port}" in alarm[0]["reason"]
                assert "TOLLBOOK_API_PORT" in alarm[0]["reason"]
                async with connected(engine_of(serve)) as redis:
                    await add(redis)
                other.close()
                async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                    await answers(client, "/healthz", 200)
            assert serve.process.returncode == 0

    asyncio.run(scenario())


def test_serve_runs_no_http_server_where_it_is_told_not_to(tmp_path):
    async def scenario() -> None:
        async with serving(tmp_path / "store", "--no-api") as serve:
            await serve.said(lambda: len(serve.of(event="child started")) == 3, "children start")
            assert "HTTP" not in serve.printed[0]
        assert {one["child"] for one in serve.of(event="child started")} == {
            "intake", "projector", "sealer",
        }  # fmt: skip

    asyncio.run(scenario())


def test_a_request_that_is_being_answered_is_finished_before_the_server_ends(tmp_path):
    data = tmp_path / "ledger"
    body = orjson.dumps(report("slow", 7))
    with api_process(data) as api:
        port = int(api.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=START_S_MAX) as sender:
            head = (
                "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                f"Authorization: Bearer {api.token}\r\nExpect: 100-continue\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            sender.sendall(head.encode())
            assert sender.recv(4096).startswith(b"HTTP/1.1 100 ")  # the application waits for it
            api.process.send_signal(signal.SIGTERM)
            asyncio.run(wait_for(lambda: refused(port), "nobody else is let in"))
            sender.sendall(body)
            answer = b"".join(iter(lambda: sender.recv(4096), b""))
        assert api.process.wait(START_S_MAX) == 0

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"status":"appended"' in answer


async def refused(port: int) -> bool:
    with socket.socket() as late:
        return late.connect_ex(("127.0.0.1", port)) != 0
