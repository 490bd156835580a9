"""The command `tollbook`: its commands by name, and what becomes of an error."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError

from tollbook_schemas.errors import TollbookError, UsageError

_HERE: Final = "tollbook_services.cli"
_SHARED: Final = ("--data", "--redis", "--format")
"""Options of every command, which may also stand before its name."""

_COMMANDS: Final = (
    ("demo", "demo:demo", "Publish a real crisis and watch it become tolls."),
    ("publish", "publish:publish", "Append events from a file, one receipt each."),
    ("tolls", "views:tolls", "How many, where, according to whom, how sure."),
    ("displacement", "views:displacement", "Who moved or shelters, in persons and in families."),
    ("revisions", "views:revisions", "The history of every series, with reasons."),
    ("statements", "views:statements", "Who said what about which figures."),
    ("events", "streams:events", "The stored events, as recorded."),
    ("rejected", "streams:rejected", "What was refused as no valid event, and why."),
    ("quarantine", "streams:quarantine", "Events that reuse a key with other content."),
    ("status", "status:status", "Partitions, heads, projection positions and lag."),
    ("replay", "replay:replay", "Fold everything again, and compare with the live views."),
    ("serve", "workers:serve", "Run engine, intake and projector together."),
    ("intake", "workers:intake", "Run one intake worker."),
    ("projector", "workers:projector", "Run one projection worker."),
)

_EPILOGUE: Final = (
    "Every command takes --data DIR (or TOLLBOOK_DATA), --redis URL (or TOLLBOOK_REDIS) and "
    "--format table|json|csv, before or after its name.\n\n"
    "Exit codes: 0 done, 2 usage, 3 some input refused, 4 a check failed, 5 engine unreachable.\n"
)


def build_app() -> App:
    """The application; a command's module is imported when the command is used."""
    app = App(
        name="tollbook",
        help="An event-sourced incident ledger for conflict and disaster reporting.",
        help_epilogue=_EPILOGUE,
        version=_version,
        result_action="return_value",
        help_format="plaintext",
        print_error=False,
        exit_on_error=False,
    )
    for name, place, summary in _COMMANDS:
        app.command(f"{_HERE}.{place}", name=name, help=summary, sort_key=_order(name))
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code; no error here prints a traceback."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    try:
        result = build_app()(shared_last(arguments))
        sys.stdout.flush()
    except CycloptsError as error:
        return _fail(f"{_one_line(error).rstrip('.')}; see `tollbook --help`", UsageError.exit_code)
    except TollbookError as error:
        return _fail(_one_line(error), error.exit_code)
    except BrokenPipeError:
        _forget_stdout()
        return 0
    except OSError as error:
        return _fail(_one_line(error), TollbookError.exit_code)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return result if isinstance(result, int) else 0


def shared_last(arguments: Sequence[str]) -> list[str]:
    """The arguments with shared options that precede the command's name moved behind it.

    `--data x tolls c` becomes `tolls --data x c`; anything else stays where it is.
    """
    lead: list[str] = []
    rest = list(arguments)
    while rest and rest[0].partition("=")[0] in _SHARED:
        taken = 1 if "=" in rest[0] else 2
        lead, rest = lead + rest[:taken], rest[taken:]
    if not lead or not rest or rest[0].startswith("-"):
        return lead + rest if not rest else [*rest, *lead]
    return [rest[0], *lead, *rest[1:]]


def _order(name: str) -> int:
    return [command for command, _, _ in _COMMANDS].index(name)


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - 30 ms that only --version pays

    return f"tollbook {version('tollbook')}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _fail(text: str, code: int) -> int:
    print(f"tollbook: {text}", file=sys.stderr)  # noqa: T201 - the command line's own output
    return code


def _forget_stdout() -> None:
    """Let the interpreter flush into nothing: the reader of our output has gone."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
