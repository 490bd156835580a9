"""What an audit of a log has found: faults as values, each with its place."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LogFault:
    """One thing that is wrong with a log.

    Attributes:
        path: the file it is in.
        message: what is wrong there.
        sequence: of the event it is about; None for what is about none.
        expected: what should be there: a hash in hexadecimal, a number, a text.
        found: what is there.
    """

    path: str
    message: str
    sequence: int | None = None
    expected: str | None = None
    found: str | None = None

    @property
    def text(self) -> str:
        """In one line."""
        place = self.path if self.sequence is None else f"sequence {self.sequence} ({self.path})"
        said = [f"{place}: {self.message}"]
        if self.expected is not None:
            said.append(f"expected {self.expected}")
        if self.found is not None:
            said.append(f"found {self.found}")
        return ", ".join(said)

    def document(self) -> dict[str, Any]:
        """As `verify --format json` prints it."""
        return {
            "path": self.path,
            "sequence": self.sequence,
            "message": self.message,
            "expected": self.expected,
            "found": self.found,
        }


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was verified of one log.

    Attributes:
        origin: of its checkpoint; empty where that could not be read.
        size: how many events the checkpoint is of.
        root: the root it states, in hexadecimal.
        signers: names of the trusted keys that have signed it.
        faults: what is wrong, the first in the log first; empty where all holds.
    """

    origin: str = ""
    size: int = 0
    root: str = ""
    signers: tuple[str, ...] = ()
    faults: tuple[LogFault, ...] = field(default=())

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults
