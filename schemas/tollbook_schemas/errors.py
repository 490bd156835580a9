"""What can go wrong: faults of a document are values, a broken environment is an exception."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a document.

    Attributes:
        pointer: RFC 6901 JSON pointer into the document; empty for the document as a whole.
        message: what is wrong there, and what would be right.
    """

    pointer: str
    message: str

    def document(self) -> dict[str, str]:
        """The fault as a receipt prints it: `{"pointer", "message"}`."""
        return {"pointer": self.pointer, "message": self.message}


class TollbookError(Exception):
    """A failure that ends the command or request.

    Attributes:
        exit_code: exit status of the command line (CONTRACT, exit codes).
        problem: slug of the RFC 9457 problem type.
    """

    exit_code: ClassVar[int] = 1
    problem: ClassVar[str] = "internal"


class UsageError(TollbookError):
    """The caller asked for something that does not exist or makes no sense."""

    exit_code = 2
    problem = "usage"


class NotFoundError(UsageError):
    """The caller named something that is not there."""

    problem = "not-found"


class OptionError(UsageError):
    """One option or parameter has a value that cannot be meant.

    Attributes:
        option: its name on the command line, without the dashes: `as-of`.
        message: what is wrong with it, and what would be right.
    """

    def __init__(self, option: str, message: str) -> None:
        """Name the option and what is wrong."""
        super().__init__(f"--{option}: {message}")
        self.option = option
        self.message = message


class InputRefusedError(TollbookError):
    """Some input was refused; what was wrong is told, and the rest went on."""

    exit_code = 3
    problem = "input-refused"


class CheckFailedError(TollbookError):
    """Two things that must agree do not: stored bytes, hashes, or a replay."""

    exit_code = 4
    problem = "check-failed"


class EngineError(TollbookError):
    """The engine cannot be reached, or is not set up to keep what it acknowledges."""

    exit_code = 5
    problem = "engine-unavailable"


class EngineFullError(EngineError):
    """The engine takes no events until its memory limit is raised, or its disk has room."""

    problem = "engine-full"
