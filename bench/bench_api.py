"""Measures GET tolls of a large crisis while events arrive, beside a static file of the server.

    python bench/bench_api.py --events 21000 --seconds 20

The crisis has real events (UCDP and IOM rows where they lie beside the checkout, else made ones).
One reader asks for the tolls, one for a static file, one asks whether anything changed, and a
writer publishes; all over HTTP of one `tollbook serve`.
"""

import argparse
import asyncio
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import httpx2
import orjson
from reports import REAL, parsed, real, synthetic

from tollbook_services.settings import Settings
from tollbook_services.wiring import open_tollbook

CRISIS = "large"
PER_S = 20
BATCH = 500
HUNDREDTHS = 100


async def filled(data: Path, events: int) -> None:
    """A ledger of one crisis with so many events, folded."""
    made = islice(real(), events) if REAL.exists() else synthetic(0, events)
    raws = (orjson.dumps({**orjson.loads(raw), "subject": CRISIS}) for raw in made)
    async with open_tollbook(Settings(data=data, partitions=1), create=True) as book:
        while batch := parsed(islice(raws, BATCH)):
            await book.ledger.append(batch)
        await book.catch_up()


def report(number: int) -> bytes:
    """A small report about one province."""
    figure = {
        "id": "k", "measure": "killed", "unit": "person", "basis": "increment",
        "quantity": {"qualifier": "exactly", "value": number % 7 + 1}, "areas": ["MM-01"],
        "window": {"start": "2026-01-01", "end": "2026-01-02"}, "as_of": "2026-01-02",
    }  # fmt: skip
    return orjson.dumps(
        {
            "specversion": "1.0", "type": "org.tollbook.report.filed.v1", "source": "urn:bench",
            "id": f"live-{number}", "subject": CRISIS, "time": "2026-01-02T00:00:00Z",
            "data": {"originator": f"desk-{number % 5}", "published_at": "2026-01-02",
                     "figures": [figure]},
        }
    )  # fmt: skip


async def timed(client: httpx2.AsyncClient, url: str, until: float, **headers: str) -> list[float]:
    """How long each answer took, asked one after the other."""
    took = []
    while time.perf_counter() < until:
        began = time.perf_counter()
        answer = await client.get(url, headers=headers)
        took.append(time.perf_counter() - began)
        assert answer.status_code in {200, 304}, answer.text
        await asyncio.sleep(0.02)
    return took


async def write(client: httpx2.AsyncClient, until: float) -> int:
    number = 0
    while time.perf_counter() < until:
        answer = await client.post(
            "/v1/events", content=report(number), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 200, answer.text
        number += 1
        await asyncio.sleep(1 / PER_S)
    return number


async def measure(url: str, token: str, seconds: float) -> None:
    tolls = f"/v1/crises/{CRISIS}/tolls"
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=120) as client:
        began = time.perf_counter()
        first = await client.get(tolls)
        cold = time.perf_counter() - began
        page = await client.get("/")
        (static,) = re.findall(r'href="(/static/[^"]+)"', page.text)
        tag = first.headers["ETag"]
        quiet = await timed(client, tolls, time.perf_counter() + 3, **{"If-None-Match": tag})
        kept = await timed(client, tolls, time.perf_counter() + 3)
        until = time.perf_counter() + seconds
        busy, file, written = await asyncio.gather(
            timed(client, tolls, until), timed(client, static, until), write(client, until)
        )
    print(f"{CRISIS}: {len(first.content):,} bytes of tolls; worked out in {cold:.2f} s")
    print(f"{written / seconds:.1f} events/s written meanwhile")
    reference = at(file, 50)
    for name, took in (
        ("static file", file), ("unchanged, 304", quiet), ("unchanged, sent", kept),
        ("under writes", busy),
    ):  # fmt: skip
        p50, p99 = at(took, 50), at(took, 99)
        print(
            f"{name:17} {len(took):6} asked  p50 {p50 * 1000:8.1f} ms  p99 {p99 * 1000:8.1f} ms  "
            f"p50 {p50 / reference:6.1f} x static"
        )


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def until_it_answers(url: str) -> None:
    for _ in range(600):
        try:
            httpx2.get(f"{url}/healthz")
        except httpx2.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(url)


def at(took: list[float], percent: int) -> float:
    ordered = sorted(took)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // HUNDREDTHS)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=21_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tb-") as folder:
        data = Path(folder) / "ledger"
        asyncio.run(filled(data, options.events))
        port = free_port()
        command = [sys.executable, "-m", "tollbook_services.cli", "serve", "--data", str(data)]
        variables = {
            **os.environ,
            "TOLLBOOK_API_RATE_PER_MINUTE": "10000000",
            "TOLLBOOK_API_PORT": str(port),
        }
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=variables
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            token = process.stdout.readline().rpartition(" ")[2].strip()
            url = f"http://127.0.0.1:{port}"
            until_it_answers(url)
            try:
                asyncio.run(measure(url, token, options.seconds))
            finally:
                process.terminate()


if __name__ == "__main__":
    main()
