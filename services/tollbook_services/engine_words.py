"""What an embedded engine wrote into its log at a start, and what it means for who runs it."""

import shutil
from dataclasses import dataclass
from typing import Final

from tollbook_services.engine_files import EngineFiles

LINES_SHOWN: Final = 3

FREE_BYTES_MIN: Final = 2**20
"""Less than the largest event: then the engine's own log may have had no room either."""

_DAMAGED: Final = (
    "reading the append only file",
    "error in RDB reading",
    "AOF file",
    "AOF manifest",
    "append only file",
)
_CUT: Final = "Truncating the AOF"

_ADVICE: Final = (
    "its files are damaged. Copy {data} as it is and restore a backup (`tollbook backup` makes "
    "them). Do not repair with `--fix`, whatever the engine says: that cuts off every event "
    "behind the damage, also those that were acknowledged"
)
_FULL: Final = "the disk is full. Make room and start again: nothing acknowledged is lost"


@dataclass(frozen=True, slots=True)
class EngineWords:
    """The log of an engine, from where it was before a start.

    Attributes:
        files: of the engine.
        begin: where the log ended before.
    """

    files: EngineFiles
    begin: int

    @classmethod
    def from_now(cls, files: EngineFiles) -> "EngineWords":
        """Whatever is said from now on."""
        try:
            return cls(files, files.log.stat().st_size)
        except OSError:
            return cls(files, 0)

    def why_ended(self) -> str:
        """The last lines, and what to do where they say that files are damaged or a disk full."""
        lines = self._lines()
        shown = " / ".join(lines[-LINES_SHOWN:]) or "it left no log"
        if self._is_full(lines):
            return f"{_FULL} ({shown})"
        if any(word in line for line in lines if " # " in line for word in _DAMAGED):
            return f"{_ADVICE.format(data=self.files.data)} ({shown})"
        return shown

    def cut_off(self) -> str | None:
        """What to know where the end of the append-only file was cut off; None where it was not."""
        told = [line for line in self._lines() if _CUT in line]
        if not told:
            return None
        return (
            "the append-only file ended in the middle of a write, and the engine cut it there. "
            "After a crash that is a write that nobody was told of. If the disk failed or the "
            "files were copied, acknowledged events may be missing: compare with a receipt or a "
            "checkpoint that was kept elsewhere, `tollbook verify FILE` "
            f"({told[-1].partition(' # ')[2] or told[-1]})"
        )

    def _is_full(self, lines: list[str]) -> bool:
        if any("No space left on device" in line for line in lines):
            return True
        try:
            return shutil.disk_usage(self.files.data).free < FREE_BYTES_MIN
        except OSError:
            return False

    def _lines(self) -> list[str]:
        try:
            with self.files.log.open("rb") as log:
                log.seek(self.begin)
                text = log.read().decode(errors="replace")
        except OSError:
            return []
        return [line for line in text.splitlines() if line.strip()]
