"""What the stateful test needs: an engine that can be killed, chains of changes."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

import orjson
from redis import Redis as BlockingRedis
from redis.exceptions import RedisError

from tollbook_projections.filing import CELL_ROW, decode
from tollbook_services.feed import read_changes
from tollbook_services.wiring import Tollbook

Document = dict[str, Any]

START_S_MAX = 30.0
BROKEN = (b'{"id": ', b"[]", b'{"specversion": "1.0", "id": "x"}', b"\xff\xfe", b"nothing")


class Server:
    """One engine on a unix socket, with its files, over any number of kills."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.url = f"unix://{folder / 's'}"
        options = {
            "port": "0",
            "unixsocket": str(folder / "s"),
            "dir": str(folder),
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
            "save": "",
            "loglevel": "warning",
        }
        pairs = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._command = [str(binary), *pairs]
        self._process: Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it has loaded what it has."""
        self._process = Popen(self._command, stdout=DEVNULL)
        until = time.monotonic() + START_S_MAX
        with BlockingRedis.from_url(self.url) as client:
            while time.monotonic() < until:
                assert self._process.poll() is None, "the engine ended while it was starting"
                with suppress(RedisError, OSError):
                    client.ping()
                    return
                time.sleep(0.005)
        raise AssertionError("the engine does not answer")

    def kill(self) -> None:
        """As the kernel does when memory runs out."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(START_S_MAX)

    def stop(self) -> None:
        """As an operator does."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(START_S_MAX)

    def empty(self) -> None:
        """Nothing is left of the example before."""
        with BlockingRedis.from_url(self.url) as client:
            client.flushall()
            client.function_flush()


@dataclass(frozen=True)
class Sent:
    """An event that was acknowledged."""

    document: Document
    content: bytes
    partition: int
    sequence: int

    @property
    def crisis(self) -> str:
        return str(self.document["subject"])


async def broken_chains(book: Tollbook) -> list[str]:
    """Where the change feed and the live cells do not tell one story, cell by cell.

    Each `before` is the `after` told last, and the last one is what the cell is now.
    """
    told: dict[tuple[str, tuple[Any, ...]], Any] = {}
    faults = []
    async for change in read_changes(book.redis):
        cell = change["crisis"], tuple(change["cell"].values())
        if told.get(cell) != change["before"]:
            faults.append(f"{cell}: {told.get(cell)} was told before {change}")
        told[cell] = change["after"]
    now = dict(await live_cells(book))
    last = {cell: after for cell, after in told.items() if after is not None}
    return [*faults, *(f"{cell} is not what was told last" for cell in unequal(last, now))]


async def live_cells(book: Tollbook) -> Sequence[tuple[tuple[str, tuple[Any, ...]], Document]]:
    """Every live cell, by crisis and what identifies it, with what a change would tell of it."""
    members = ("kind", "area", "measure", "unit", "nature", "segment", "origin", "destination")
    found = []
    for partition in range(book.ledger.partitions):
        snapshot = await book.readmodels.snapshot(partition, book.projections["figures"])
        for crisis, rows in snapshot.rows.items():
            for key, row in rows.items():
                if key.startswith(CELL_ROW):
                    cell = decode(row)
                    place = crisis, tuple(cell[name] for name in members)
                    bounds = {name: cell[name] for name in ("low", "best", "high", "flags")}
                    found.append((place, bounds))
    return found


def unequal(one: Document, other: Document) -> list[Any]:
    """The keys that two mappings do not agree about."""
    return [key for key in {*one, *other} if one.get(key) != other.get(key)]


def raw(document: Document) -> bytes:
    return orjson.dumps(document)
