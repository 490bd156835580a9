"""A world of one clock, one source of chance and one network, in which the product's own code runs.

Nothing here waits: the clock goes on to whatever is due next. What the network does to each
request is drawn from the seed, so that a run can be repeated step by step.
"""

import asyncio
import random
import secrets
import selectors
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from unittest import mock

from redis.asyncio import Connection, ConnectionPool
from tests.simulation.server import Session
from tests.simulation.store import Store

from tollbook_services.engine_client import ServerClient

START_US: Final = 1_772_366_400_000_000
"""The first of March 2026."""

_Result = TypeVar("_Result")


class StuckError(Exception):
    """Everybody waits, and nothing is due: nobody would ever go on."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock goes on to what is due next, at once."""

    def __init__(self) -> None:
        """Begin at zero."""
        super().__init__(_NoWaiting(self))
        self.now_s = 0.0

    def time(self) -> float:
        """Seconds since the world began."""
        return self.now_s


class _NoWaiting(selectors.DefaultSelector):
    """Looks what is ready, which only the loop itself is, and lets time pass instead of waiting."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if found:
            return found
        if timeout is None:
            raise StuckError("every task waits for another, and nothing is due")
        self._loop.now_s += max(timeout, 0.0)
        return []


@dataclass
class Weather:
    """How often, of a thousand requests, the network does what.

    Attributes:
        lost: the connection breaks before the server has the request.
        unanswered: it breaks after the server did what was asked.
        slow: the request, or its answer, takes up to `slow_s` instead of up to a millisecond, so
            that those of other connections overtake it.
        stalled: nothing that its process sends arrives for up to `stalled_s`, longer than leases
            last, and then all of it does, as after a SIGSTOP.
    """

    lost: int = 0
    unanswered: int = 0
    slow: int = 0
    slow_s: float = 3.0
    stalled: int = 0
    stalled_s: float = 20.0


@dataclass
class Process:
    """Whose connections stand still together.

    Attributes:
        still_until_s: when they go on.
    """

    still_until_s: float = 0.0


@dataclass
class World:
    """The store, the network in front of it, and what happened so far.

    Attributes:
        steps: the names of the commands that the server got, in order.
        crash_at: the number of the command, from 1, at which the client's process ends; it is
            carried out before that where `crash_after`.
        crashed: set when it ended.
        after_step: called when the store has carried out a command.
    """

    seed: int = 0
    weather: Weather = field(default_factory=Weather)
    crash_at: int = 0
    crash_after: bool = False
    steps: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    after_step: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        """Begin with an empty store, at the beginning of time."""
        self.loop = VirtualLoop()
        self.chance = random.Random(self.seed)
        self.crashed = asyncio.Event()
        self.store = Store(self.now_us)
        self.wires: list[_Wire] = []
        self.clients: list[ServerClient] = []

    def now_us(self) -> int:
        """The one clock: microseconds since 1970."""
        return START_US + round(self.loop.now_s * 1_000_000)

    def client(self) -> ServerClient:
        """A client of the store, over the network."""
        kind = _connection_of(self, Process())
        pool = ConnectionPool(connection_class=kind, socket_timeout=30.0)
        client = ServerClient(connection_pool=pool)
        client.auto_close_connection_pool = True
        self.clients.append(client)
        return client

    def run(self, scenario: Callable[[], Awaitable[_Result]]) -> _Result:
        """Run something to its end, in this world's time; then the world ends."""
        with self._one_clock():
            try:
                return self.loop.run_until_complete(_awaited(scenario()))
            finally:
                self.loop.run_until_complete(self._end(asyncio.all_tasks(self.loop)))
                self.loop.close()

    async def _end(self, left: Iterable[asyncio.Task[Any]]) -> None:
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for client in self.clients:
            await client.aclose()

    async def until_it_dies(self, process: Callable[[], Awaitable[None]]) -> bool:
        """Run a process until it ends by itself, or crashes; whether it crashed."""
        own = asyncio.ensure_future(_awaited(process()))
        crash = asyncio.ensure_future(self.crashed.wait())
        await asyncio.wait({own, crash}, return_when=asyncio.FIRST_COMPLETED)
        died = self.crashed.is_set()
        for task in (own, crash):
            task.cancel()
        await asyncio.gather(own, crash, return_exceptions=True)
        if not died:
            own.result()
        return died

    @contextmanager
    def _one_clock(self) -> Iterator[None]:
        with (
            mock.patch.object(time, "time_ns", new=self._now_ns),
            mock.patch.object(time, "time", new=self._now_s),
            mock.patch.object(time, "monotonic", new=self.loop.time),
            mock.patch.object(secrets, "token_hex", new=self._token),
        ):
            yield

    def _now_ns(self) -> int:
        return self.now_us() * 1000

    def _now_s(self) -> float:
        return self.now_us() / 1_000_000

    def _token(self, count: int) -> str:
        return self.chance.randbytes(count).hex()

    def crash(self) -> None:
        """The process is gone, with all its connections."""
        for wire in self.wires:
            wire.cut()
        self.crashed.set()

    def may_stall(self, process: Process) -> None:
        """Let a process stand still, now and then."""
        if self.weather.stalled and self.chance.randrange(1000) < self.weather.stalled:
            pause_s = self.chance.uniform(0.0, self.weather.stalled_s)
            process.still_until_s = max(process.still_until_s, self.loop.time() + pause_s)

    def delay_s(self) -> float:
        """How long bytes are on their way."""
        if self.chance.randrange(1000) < self.weather.slow:
            return self.chance.uniform(0.0, self.weather.slow_s)
        return self.chance.uniform(0.0, 0.001)

    def fate(self, name: str) -> str:
        """What becomes of a request: crash before or after it, lost, unanswered, or fine."""
        self.steps.append(name)
        if len(self.steps) == self.crash_at:
            return "crash after" if self.crash_after else "crash before"
        drawn = self.chance.randrange(1000)
        if drawn < self.weather.lost:
            return "lost"
        return "unanswered" if drawn < self.weather.lost + self.weather.unanswered else "fine"

    def note(self, connection: int, name: str, fate: str) -> None:
        """Keep what happened, so that two runs can be compared."""
        self.trace.append(f"{self.loop.now_s:.6f} {connection} {name} {fate}")


class _Wire:
    """Both directions of one connection; bytes arrive later, in their order."""

    def __init__(self, world: World, process: Process) -> None:
        self.reader = asyncio.StreamReader(loop=world.loop)
        self._world = world
        self._process = process
        world.wires.append(self)
        self._number = len(world.wires)
        self._session = Session(world.store, self._answered, world.loop)
        self._there_s = self._back_s = 0.0
        self._broken = self._cut = False

    def write(self, data: bytes) -> None:
        if self._broken:
            raise ConnectionResetError("the connection is broken")
        self._world.may_stall(self._process)
        self._there_s = max(self._later(self._there_s), self._process.still_until_s)
        self._world.loop.call_at(self._there_s, self._arrived, bytes(data))

    def writelines(self, many: Any) -> None:
        for data in many:
            self.write(data)

    async def drain(self) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        """By the client: what it has sent arrives nevertheless."""
        self._broken = True
        self._session.close()

    def cut(self) -> None:
        """By the network, or the end of the process: what did not arrive is lost."""
        self._cut = True
        self.close()

    def is_closing(self) -> bool:
        return self._broken

    async def wait_closed(self) -> None:
        return None

    def get_extra_info(self, _: str, default: Any = None) -> Any:
        return default

    @property
    def transport(self) -> "_Wire":
        return self

    def abort(self) -> None:
        self.close()

    def _arrived(self, data: bytes) -> None:
        for command in self._session.commands(data):
            if self._cut:
                return
            name = _named(command)
            fate = self._world.fate(name)
            self._world.note(self._number, name, fate)
            if fate in ("lost", "crash before"):
                self._break(fate)
            else:
                self._session.do(command)
                self._world.after_step()
                if fate != "fine":
                    self._break(fate)

    def _answered(self, data: bytes) -> None:
        self._back_s = self._later(self._back_s)
        self._world.loop.call_at(self._back_s, self._came_back, data)

    def _later(self, before_s: float) -> float:
        """When the next bytes arrive: after those before, as timers of one moment have no order."""
        return max(before_s + 1e-6, self._world.loop.time() + self._world.delay_s())

    def _came_back(self, data: bytes) -> None:
        if not self._broken:
            self.reader.feed_data(data)

    def _break(self, fate: str) -> None:
        self.cut()
        self.reader.set_exception(ConnectionResetError("the network broke"))
        if fate.startswith("crash"):
            self._world.crash()


def _connection_of(world: World, process: Process) -> type[Connection]:
    class Wired(Connection):
        async def _connect(self) -> None:
            wire: Any = _Wire(world, process)
            self._reader, self._writer = wire.reader, wire

    return Wired


def _named(command: list[bytes]) -> str:
    name = command[0].decode().upper()
    return f"{name} {command[1].decode()}" if name in ("FCALL", "FCALL_RO") else name


async def _awaited(work: Awaitable[_Result]) -> _Result:
    return await work
