"""A disk of a few megabytes, with a balloon on it that can be pricked."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen

from tests.faults.disk_kit import missing, needed
from tests.server_kit import START_S_MAX

MOUNT = (
    'mount -t tmpfs -o size="$2" tmpfs "$1" && head -c "$3" /dev/zero >"$1/balloon" '
    "&& echo mounted && exec sleep infinity"
)


@dataclass(frozen=True)
class SmallDisk:
    """A file system that only processes in a mount namespace of their own see.

    Attributes:
        path: where it is for them.
        seen: where it is for everybody else.
        inside: the beginning of a command that runs inside.
    """

    path: Path
    seen: Path
    inside: tuple[str, ...]

    def make_room(self) -> None:
        """Prick the balloon."""
        (self.seen / "balloon").unlink()

    def free(self) -> int:
        """Bytes that are left."""
        return shutil.disk_usage(self.seen).free


@contextmanager
def small_disk(folder: Path, size: str, balloon: str) -> Iterator[SmallDisk]:
    """A disk below a folder; where none can be mounted the test is skipped, and in CI it fails."""
    unshare, nsenter = needed("unshare"), needed("nsenter")
    path = folder / "disk"
    path.mkdir()
    command = [unshare, "-rm", "sh", "-c", MOUNT, "sh", str(path), size, balloon]
    with Popen(command, stdout=PIPE, stderr=PIPE) as holder:
        try:
            assert holder.stdout is not None
            if holder.stdout.readline() != b"mounted\n":
                missing("no file system can be mounted in a user namespace")
            pid = str(holder.pid)
            inside = (nsenter, "--preserve-credentials", "-U", "-m", "-t", pid, "--")
            subprocess.run([*inside, "true"], check=True, timeout=START_S_MAX)
            yield SmallDisk(path, Path(f"/proc/{pid}/root{path}"), inside)
        finally:
            holder.kill()
