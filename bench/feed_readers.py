"""Readers of the live feed in a process of their own, each of which sees whether it got everything.

Run with an address and a count. It prints `ready` once each has its place, and when standard input
ends, a line of JSON about what the readers got.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

import orjson
import uvloop

RECORDED = b'"recorded_at":"'
QUIET_S = 10.0
"""Silence after which nothing more is waited for."""


class Flow:
    """What one of the readers got first; the others are compared with it, byte by byte."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.delays: list[float] = []
        self.ready = 0
        self.all_ready = asyncio.Event()


BUFFER = bytearray(2**20)
"""What is received is looked at before anything else is, so one buffer is enough for all."""


class Reader(asyncio.BufferedProtocol):
    """A reader: takes the chunks of HTTP apart and compares what they hold, without copying it."""

    def __init__(self, flow: Flow, head: bytes, wanted: int) -> None:
        self.flow, self.head, self.wanted = flow, head, wanted
        self.line = b""
        self.started = self.has_place = self.ended = False
        self.need = 0
        self.fresh = True
        self.at = 0
        self.own: bytearray | None = None
        self.last_words = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.head)  # type: ignore[attr-defined]

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - of the protocol
        return BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        data, at = memoryview(BUFFER)[:nbytes], 0
        if not self.started:
            self.line += data
            head, found, rest = self.line.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 200 " not in head.partition(b"\r\n")[0]:
                self.last_words = rest or head
                return
            self.started, self.line, data = True, b"", memoryview(rest)
        while at < len(data):
            if self.need:
                part = data[at : at + self.need]
                self._took(part)
                self.need -= len(part)
                self.fresh, at = not self.need, at + len(part)
                continue
            self.line += data[at : at + 1]  # the end of a chunk, and the size of the next one
            at += 1
            if self.line.endswith(b"\r\n") and self.line.strip():
                self.need, self.line = int(self.line, 16), b""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - of the protocol
        self.ended = True

    def _took(self, part: memoryview) -> None:
        """A piece of a chunk, and whether it is the first one."""
        if self.fresh:
            start = bytes(part[:16])
            if not self.has_place:
                self.has_place = True
                self.flow.ready += 1
                if self.flow.ready == self.wanted:
                    self.flow.all_ready.set()
                return
            if start.startswith((b":", b"event: cut", b"event: gap")):
                self.last_words = bytes(part) if start[:1] != b":" else self.last_words
                return
            self._measure(part)
        sent, end = self.flow.sent, self.at + len(part)
        if self.own is not None:
            self.own += part
            return
        known = min(end, len(sent)) - self.at
        if sent[self.at : self.at + known] != part[:known]:
            self.own = sent[: self.at] + part
            return
        if end > len(sent):
            sent += part[known:]
        self.at = end

    def _measure(self, part: memoryview) -> None:
        """How long the first change of a part took from being recorded."""
        text = bytes(part[:600])
        at = text.find(RECORDED) + len(RECORDED)
        if at < len(RECORDED) or b'"' not in text[at:]:
            return
        recorded = datetime.fromisoformat(text[at : text.index(b'"', at)].decode())
        self.flow.delays.append(time.time() - recorded.replace(tzinfo=UTC).timestamp())

    def ids(self) -> list[bytes]:
        """The ids of the changes it got."""
        got = self.flow.sent[: self.at] if self.own is None else self.own
        return [part.partition(b"\n")[0] for part in bytes(got).split(b"id: ")[1:]]


async def main() -> None:
    """Read until told to stop."""
    url, count = urlsplit(sys.argv[1]), int(sys.argv[2])
    flow, loop = Flow(), asyncio.get_running_loop()
    head = (
        f"GET /v1/feed?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n"
        "Accept: text/event-stream\r\n\r\n"
    ).encode()
    readers = []
    for _ in range(count):
        _, reader = await loop.create_connection(
            lambda: Reader(flow, head, count), url.hostname, url.port
        )
        readers.append(reader)
    async with asyncio.timeout(60):
        await flow.all_ready.wait()
    print("ready", flush=True)
    (wanted,) = orjson.loads(await asyncio.to_thread(sys.stdin.readline))
    seen, until = -1, loop.time() + QUIET_S
    while loop.time() < until and any(
        not one.ended and one.own is None and one.at < wanted for one in readers
    ):
        now = sum(one.at for one in readers)
        if now != seen:
            seen, until = now, loop.time() + QUIET_S
        await asyncio.sleep(0.05)
    delays = sorted(flow.delays) or [0.0]
    groups: dict[bytes, list[Reader]] = {}
    for reader in readers:
        key = reader.at.to_bytes(8) if reader.own is None else bytes(reader.own)
        groups.setdefault(sha256(key).digest(), []).append(reader)
    result = {
        "got": [[len(same), [one.decode() for one in same[0].ids()]] for same in groups.values()],
        "cut": [one.last_words.decode() for one in readers if one.last_words],
        "closed": sum(one.ended for one in readers),
        "p50_ms": 1e3 * delays[len(delays) // 2],
        "p99_ms": 1e3 * delays[len(delays) * 99 // 100],
        "max_ms": 1e3 * delays[-1],
        "cpu_s": time.process_time(),
    }
    print(orjson.dumps(result).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
