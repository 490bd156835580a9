"""The engine: the embedded Valkey, or an outside server, fit to keep what it acknowledges."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import TimeoutError as EngineTimeoutError

from tollbook_schemas.errors import EngineError
from tollbook_services.engine_files import EngineFiles, Use, server_binary

START_S_MAX: Final = 600.0
"""Loading tens of gigabytes of append-only file takes minutes; a dead process ends it at once."""

STOP_S_MAX: Final = 60.0
"""An engine told to stop writes its last page and exits; it is never killed."""

CONNECT_S_MAX: Final = 5.0
SOCKET_S_MAX: Final = 30.0
"""Longer than any call takes, so that a slow disk is not mistaken for a dead server."""

LOOK_S: Final = 0.02

_WANTED: Final = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
_OLDEST: Final = {"valkey": (8, 0), "redis": (7, 2)}


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
        self._process: asyncio.subprocess.Process | None = None

    @property
    def started_here(self) -> bool:
        """Whether this process started the engine that runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The engine's process id."""
        if self._process is not None:
            return self._process.pid
        return _read_pid(self.files) or 0

    async def start(self) -> str:
        """Start the engine, or join the one that runs there; its URL once it answers.

        Raises:
            EngineError: it cannot be started; the end of its log is in the message.
        """
        self.files.prepare()
        starting = self.files.starting()
        await asyncio.to_thread(starting.__enter__)
        try:
            if self._use is None:
                self._use = self.files.use()
            if not await _answers(self.files.url):
                await self._spawn()
        finally:
            starting.__exit__(None, None, None)
        return self.files.url

    async def wait(self) -> int | None:
        """Return when the engine has ended: its exit code, None where another process knows it."""
        if self._process is not None:
            return await self._process.wait()
        while await _answers(self.files.url):
            await asyncio.sleep(0.5)
        return None

    async def stop(self) -> None:
        """Give the share back; the last user shuts the engine down and waits for its end."""
        if self._use is None:
            return
        starting = self.files.starting()
        await asyncio.to_thread(starting.__enter__)
        try:
            last = self._use.leave()
            self._use = None
            if last:
                await self._shut_down()
        finally:
            starting.__exit__(None, None, None)

    async def _spawn(self) -> None:
        files = self.files
        with suppress(FileNotFoundError):
            files.socket.unlink()
        await self._wait_for_predecessor()
        try:
            self._process = await asyncio.create_subprocess_exec(
                str(server_binary()),
                *_options(files),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=files.data,
            )
        except OSError as error:
            raise EngineError(f"cannot start the embedded engine: {error}") from error
        until = asyncio.get_running_loop().time() + START_S_MAX
        while not await _answers(files.url):
            if self._process.returncode is not None:
                raise EngineError(
                    f"the embedded engine in {files.data} does not start: {_last_words(files)}"
                )
            if asyncio.get_running_loop().time() > until:
                raise EngineError(
                    f"the embedded engine in {files.data} does not answer within "
                    f"{START_S_MAX:g} s: see {files.log}"
                )
            await asyncio.sleep(LOOK_S)

    async def _wait_for_predecessor(self) -> None:
        """Two servers must never write one append-only file: an old one may still be ending."""
        pid = _read_pid(self.files)
        until = asyncio.get_running_loop().time() + STOP_S_MAX
        while pid is not None and _is_engine(pid):
            if asyncio.get_running_loop().time() > until:
                raise EngineError(
                    f"process {pid} still holds {self.files.data} and does not answer: end it"
                )
            await asyncio.sleep(LOOK_S)

    async def _shut_down(self) -> None:
        pid = self.pid
        client = Redis.from_url(self.files.url)
        try:
            with suppress(RedisError, OSError):
                await client.shutdown()
        finally:
            await client.aclose()
        if self._process is not None:
            await asyncio.wait_for(self._process.wait(), STOP_S_MAX)
            return
        until = asyncio.get_running_loop().time() + STOP_S_MAX
        while pid and _is_engine(pid) and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def open_engine(data: Path) -> AsyncIterator[EngineHandle]:
    """The embedded engine of a directory, running until the exit.

    Uses the one that runs there, or starts one; it is stopped when its last user leaves.
    """
    engine = EngineProcess(data)
    url = await engine.start()
    try:
        yield EngineHandle(url, engine.started_here, engine.pid)
    finally:
        await asyncio.shield(engine.stop())


async def connect(url: str) -> Redis:
    """A client of an engine that answers.

    Raises:
        EngineError: nothing answers at the URL, or it refuses the password.
    """
    try:
        redis = Redis.from_url(
            url, socket_connect_timeout=CONNECT_S_MAX, socket_timeout=SOCKET_S_MAX
        )
    except ValueError as error:
        raise EngineError(f"{url!r} is no Redis URL: redis://host:port or unix:///path") from error
    until = asyncio.get_running_loop().time() + CONNECT_S_MAX
    while True:
        try:
            await cast("Awaitable[Any]", redis.ping())
        except BusyLoadingError:
            await asyncio.sleep(LOOK_S)
        except (LostConnectionError, EngineTimeoutError, OSError, ResponseError) as error:
            refused = isinstance(error, AuthenticationError | ResponseError)
            if refused or asyncio.get_running_loop().time() > until:
                await redis.aclose()
                raise EngineError(f"no engine answers at {_safe(url)}: {error}") from error
            await asyncio.sleep(LOOK_S * 5)
        else:
            return redis


async def check_engine(redis: Redis) -> None:
    """Refuse an engine that could lose what it acknowledged.

    Raises:
        EngineError: names the setting to change: a replica, an append-only file that is off or
            not synced at every write, a policy that evicts, or a server that is too old.
    """
    client = cast("Any", redis)
    try:
        info: Mapping[str, Any] = await client.info("server", "replication")
        wrong = [
            f"{name} is {found}, set it to {wanted}"
            for name, wanted in _WANTED.items()
            if (found := _text((await client.config_get(name)).get(name))) != wanted
        ]
    except (NoPermissionError, ResponseError) as error:
        raise EngineError(
            f"cannot read the engine's settings ({error}): allow INFO and CONFIG GET, "
            "so that it can be seen whether it keeps what it acknowledges"
        ) from error
    if info.get("role") != "master":
        wrong.insert(0, f"it is a {info.get('role')}: name the primary")
    kind = "valkey" if "valkey_version" in info else "redis"
    version = str(info.get(f"{kind}_version", "0"))
    oldest = _OLDEST[kind]
    if tuple(int(part) for part in version.split(".")[:2]) < oldest:
        wrong.insert(0, f"{kind} {version} is too old, use {oldest[0]}.{oldest[1]} or later")
    if wrong:
        raise EngineError("this engine may lose acknowledged events: " + "; ".join(wrong))


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


async def _answers(url: str) -> bool:
    client = Redis.from_url(url, socket_connect_timeout=CONNECT_S_MAX, socket_timeout=SOCKET_S_MAX)
    try:
        return bool(await cast("Awaitable[Any]", client.ping()))
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()


def _read_pid(files: EngineFiles) -> int | None:
    try:
        return int(files.pid.read_text())
    except (OSError, ValueError):
        return None


def _is_engine(pid: int) -> bool:
    """Whether a process lives and is an engine, where the system tells what it runs."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    name, _, rest = status.rpartition(") ")
    return "valkey" in name and not rest.startswith("Z")


def _last_words(files: EngineFiles) -> str:
    try:
        lines = files.log.read_text(errors="replace").splitlines()
    except OSError:
        return "it left no log"
    return " / ".join(lines[-3:])


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _safe(url: str) -> str:
    """The URL without its password."""
    scheme, divider, rest = url.partition("://")
    return scheme + divider + rest.rpartition("@")[2]
