"""The embedded engine: started or joined, restarted, and shut down by its last user."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, RedisError, ResponseError

from tollbook_schemas.errors import EngineError
from tollbook_services.connection import LOAD_S_MAX, check_engine, connect
from tollbook_services.engine_client import CONNECT_S_MAX, SOCKET_S_MAX
from tollbook_services.engine_files import EngineFiles, Use, server_binary
from tollbook_services.engine_words import EngineWords

STOP_S_MAX: Final = 60.0
"""An engine told to stop writes what it has and exits; it is never killed."""

DEAF_S_MAX: Final = 5.0
"""An engine without a socket is starting or ending, or its socket was removed: then it is ended,
as nobody can reach it any more."""

LOOK_S: Final = 0.02
"""Between two looks while something is starting or ending."""

WATCH_S: Final = 0.2
"""Between two looks at an engine that is to go on running."""

_State = Literal["ready", "loading", "absent"]


@dataclass(frozen=True, slots=True)
class EngineHandle:
    """An embedded engine that runs.

    Attributes:
        url: where it listens.
        started_here: whether this process started it.
        pid: its process id.
    """

    url: str
    started_here: bool
    pid: int


class EngineProcess:
    """The embedded engine of one data directory: started or joined, and stopped by the last user.

    Several processes may use one engine. Each holds a share, which the system takes back when it
    dies; whoever gives back the last share shuts the engine down.
    """

    def __init__(self, data: Path) -> None:
        """Take the directory that holds, or will hold, the store."""
        self.files = EngineFiles(data.resolve())
        self._use: Use | None = None
        self._server: _Server | None = None
        self.words = EngineWords.from_now(self.files)

    @property
    def started_here(self) -> bool:
        """Whether this process started the engine that runs."""
        return self._server is not None and not self._server.ended()

    @property
    def pid(self) -> int:
        """The engine's process id, 0 where there is none."""
        if self._server is not None:
            return self._server.pid
        try:
            return int(self.files.pid.read_text())
        except (OSError, ValueError):
            return 0

    async def start(self) -> str:
        """Start the engine, or join the one that runs there; its URL once it answers.

        Raises:
            EngineError: it cannot be started; the end of its log is in the message.
        """
        self.files.prepare()
        try:
            async with _alone(self.files):
                if self._use is None:
                    self._use = self.files.use()
                await self._join_or_spawn()
                return self.files.url
        except OSError as error:
            raise EngineError(
                f"cannot use {self.files.data} ({error}): make it writable or choose another --data"
            ) from error

    async def wait(self) -> int | None:
        """Return when the engine has ended: its exit code, None where another process knows it."""
        server = self._server
        if server is None:
            await _until(lambda: not self.files.lives(), WATCH_S)
            return None
        await _until(server.ended, WATCH_S)
        return server.code

    async def stop(self) -> None:
        """Give the share back; the last user shuts the engine down and waits for its end.

        Raises:
            EngineError: it does not end.
        """
        if self._use is None:
            return
        try:
            async with _alone(self.files):
                last = self._use.leave()
                self._use = None
                if last:
                    await self._shut_down()
        except FileNotFoundError:
            await self._end_without_data()

    async def _join_or_spawn(self) -> None:
        clock = asyncio.get_running_loop().time
        since = deaf_since = clock()
        if not self.started_here:
            self._server = None
        while (state := await _state(self.files.url)) != "ready":
            if state == "absent" and self._server is None:
                since = clock() if self._spawn() else since
            if self._server is not None and self._server.ended():
                raise EngineError(
                    f"the embedded engine in {self.files.data} does not start: "
                    f"{self.words.why_ended()}"
                )
            patience_s = STOP_S_MAX if state == "absent" and not self._server else LOAD_S_MAX
            if clock() - since > patience_s:
                raise EngineError(
                    f"the engine that holds {self.files.data} (process {self.pid}) does not "
                    f"answer within {patience_s:g} s: see {self.files.log}"
                )
            deaf_since = self._end_if_deaf(deaf_since, clock())
            await asyncio.sleep(LOOK_S)

    def _end_if_deaf(self, since: float, now: float) -> float:
        """Ends an engine whose socket was removed, as SHUTDOWN does; since when it may be deaf.

        A process id may have gone to another process; the one that is ended names our socket.
        """
        files = self.files
        if files.socket.exists() or now - since <= DEAF_S_MAX:
            return since
        if files.lives() and files.is_engine(self.pid):
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
        return now

    def _spawn(self) -> bool:
        """Starts a server, unless another one lives: it is loading, ending or hung."""
        lock = self.files.claim()
        if lock is None:
            return False
        try:
            self.files.place_socket()
            self.words = EngineWords.from_now(self.files)
            self._server = _Server(_spawned(self.files, lock))
        except OSError as error:
            raise EngineError(f"cannot start the embedded engine: {error}") from error
        finally:
            os.close(lock)
        return True

    async def _shut_down(self) -> None:
        clock = asyncio.get_running_loop().time
        deaf_since = clock()
        try:
            async with asyncio.timeout(STOP_S_MAX):
                while self.files.lives():
                    await _told_to_stop(self.files.url)
                    deaf_since = self._end_if_deaf(deaf_since, clock())
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise EngineError(
                f"the embedded engine in {self.files.data} (process {self.pid}) does not stop "
                f"within {STOP_S_MAX:g} s: see {self.files.log}"
            ) from None
        if self._server is not None:
            await _until(self._server.ended, LOOK_S)

    async def _end_without_data(self) -> None:
        """The directory was removed, and with it the locks: ends the engine that is our child."""
        if self._use is not None:
            self._use.leave()
            self._use = None
        if self._server is not None and not self._server.ended():
            os.kill(self._server.pid, signal.SIGTERM)
            await _until(self._server.ended, LOOK_S)


@asynccontextmanager
async def open_engine(data: Path) -> AsyncIterator[EngineHandle]:
    """The embedded engine of a directory, running until the exit.

    Uses the one that runs there, or starts one; it is stopped when its last user leaves.
    """
    engine = EngineProcess(data)
    try:
        url = await engine.start()
        yield EngineHandle(url, engine.started_here, engine.pid)
    finally:
        await asyncio.shield(engine.stop())


@dataclass(slots=True)
class _Server:
    """A server process that is our child.

    Not `asyncio.subprocess`: that kills its child when the loop ends, and this one may have to
    outlive us for other users.
    """

    pid: int
    code: int | None = None
    _over: bool = False

    def ended(self) -> bool:
        if not self._over:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self._over = True
                return True
            if pid:
                self._over, self.code = True, os.waitstatus_to_exitcode(status)
        return self._over


def _spawned(files: EngineFiles, lock: int) -> int:
    """A new server that holds `lock` while it lives.

    It does not see SIGINT: a Ctrl-C goes to the whole process group, and the engine has to stay
    until the others have written what they hold.
    """
    binary, log = str(server_binary()), str(files.log)
    os.set_inheritable(lock, True)
    return os.posix_spawn(
        binary,
        [binary, *_options(files)],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsigmask=[signal.SIGINT],
    )


def _options(files: EngineFiles) -> list[str]:
    settings = {
        "port": "0",
        "unixsocket": str(files.socket),
        "unixsocketperm": "700",
        "dir": str(files.data),
        "pidfile": str(files.pid),
        "logfile": str(files.log),
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "save": "",
    }
    return [part for name, value in settings.items() for part in (f"--{name}", value)]


@asynccontextmanager
async def _alone(files: EngineFiles) -> AsyncIterator[None]:
    """As `EngineFiles.starting`, without holding up the event loop."""
    while True:
        file = files.try_starting()
        if file is not None:
            break
        await asyncio.sleep(LOOK_S)
    try:
        yield
    finally:
        os.close(file)


async def _state(url: str) -> _State:
    client = Redis.from_url(url, socket_connect_timeout=CONNECT_S_MAX, socket_timeout=SOCKET_S_MAX)
    try:
        await cast("Awaitable[Any]", client.ping())
    except BusyLoadingError:
        return "loading"
    except ResponseError:
        return "ready"
    except (RedisError, OSError):
        return "absent"
    else:
        return "ready"
    finally:
        await client.aclose()


async def _told_to_stop(url: str) -> None:
    """Sends SHUTDOWN; an engine that was only just started does not listen yet."""
    client = Redis.from_url(url)
    try:
        with suppress(RedisError, OSError):
            await client.shutdown()
    finally:
        await client.aclose()


async def _until(done: Callable[[], bool], every_s: float) -> None:
    while True:
        if done():
            return
        await asyncio.sleep(every_s)


__all__ = ["EngineHandle", "EngineProcess", "check_engine", "connect", "open_engine"]
