"""The command `tollbook`: its commands by name, and what becomes of an error."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError

from tollbook_schemas.errors import TollbookError, UsageError

_HERE: Final = "tollbook_services.cli"
_SHARED: Final = ("--data", "--redis", "--ledger", "--format")
"""Options of every command, which may also stand before its name."""

_HELP: Final = (["--help"], ["-h"])

_COMMANDS: Final = (
    ("demo", "demo:demo", "Publish a real crisis and watch it become tolls."),
    ("publish", "publish:publish", "Append events from a file, one receipt each."),
    ("import", "import_:import_", "Import files of UCDP, IOM, ACLED, IDMC, HXL or any table."),
    ("tolls", "views:tolls", "How many, where, according to whom, how sure."),
    ("displacement", "views:displacement", "Who moved or shelters, in persons and in families."),
    ("explain", "views:explain", "How one number came about: figures and rules in order."),
    ("diff", "diff:diff", "Which numbers changed between two moments, and by which events."),
    ("revisions", "views:revisions", "The history of every series, with reasons."),
    ("incidents", "views:incidents", "Single incidents: opened, merged, split, and their figures."),
    ("sources", "views:sources", "Who counted, how often, and how often they corrected it."),
    ("conflicts", "views:conflicts", "What does not fit together, and what would resolve it."),
    ("statements", "views:statements", "Who said what about which figures."),
    ("revise", "editorial:revise", "Correct or explain a figure, with a reason."),
    ("retract", "editorial:retract", "Take a figure back, with a reason."),
    ("duplicate", "editorial:duplicate", "Say that a figure repeats another one."),
    ("review", "editorial:review", "Set the role or the status of a figure."),
    ("incident open", "incident:open_", "Open an incident."),
    ("incident merge", "incident:merge", "Say that incidents are one and the same."),
    ("incident split", "incident:split", "Say that an incident was several."),
    ("withheld", "redact:withheld", "The fields of an event that are kept apart from it."),
    ("redact", "redact:redact", "Destroy the withheld fields of an event, for a reason."),
    ("policy show", "policy:show", "The policy in force, or one by its id."),
    ("policy publish", "policy:publish", "Publish a policy; numbers change from there on."),
    ("areas", "areas:areas", "Which areas a name or a code means, and why."),
    ("gazetteer show", "gazetteer:show", "An area: names, what is around it and inside it."),
    ("gazetteer publish", "gazetteer:publish", "Publish P-code tables as gazetteer versions."),
    ("export tolls", "export:tolls", "Tolls as CSV, JSON, HXL, GeoJSON or Parquet."),
    ("export displacement", "export:displacement", "Displacement in the same formats."),
    ("export revisions", "export:revisions", "Each step of every series: all but GeoJSON."),
    ("export events", "export:events", "Events that another ledger takes back."),
    ("events", "streams:events", "The stored events, as recorded."),
    ("changes", "changes:changes", "The change feed: which cells changed, and why."),
    ("rejected", "streams:rejected", "What was refused as no valid event, and why."),
    ("quarantine list", "quarantine:list_", "Events that reuse a key with other content."),
    ("quarantine show", "quarantine:show", "One of them beside what was recorded first."),
    ("quarantine accept", "quarantine:accept", "Both are meant: record it under its own id."),
    ("quarantine supersede", "quarantine:supersede", "The producer corrected it: revise figures."),
    ("quarantine discard", "quarantine:discard", "It is not meant: leave it where it is."),
    ("parked", "parked:parked", "Events that could not be folded, and why."),
    ("status", "status:status", "Partitions, heads, projection positions and lag."),
    ("health", "status:health", "One line; exit code 0 only when all is well."),
    ("check", "check:check", "Check every invariant of the ledger and its views."),
    ("replay", "replay:replay", "Fold everything again, and compare with the live views."),
    ("verify", "verify:verify", "Verify what was sealed: here, published, or in a receipt."),
    ("receipt", "receipt:receipt", "The proof that an event is in the ledger, as a file."),
    ("archive", "archive:archive", "Sealed events into files, and out of the engine's memory."),
    ("backup", "backup:backup", "Copy the embedded store while it is used, and verify the copy."),
    ("rebuild", "rebuild:rebuild", "Build the views anew beside the live ones, and swap."),
    ("keys generate", "keys:generate", "Make a private key, and print its public half."),
    ("keys show", "keys:show", "The public keys that auditors verify with."),
    ("keys rotate", "keys:rotate", "Replace the key; what the old one signed stays verifiable."),
    ("witness cosign", "witness:cosign", "Cosign the logs of another ledger, as its witness."),
    ("witness serve", "witness:serve", "Cosign what is sent over HTTP (c2sp.org/tlog-witness)."),
    ("witness trust", "witness:trust", "Take cosignatures of a witness for the ledger here."),
    ("witness list", "witness:list_", "The witnesses that are trusted, with their keys."),
    ("witness untrust", "witness:untrust", "Take no more cosignatures of a witness."),
    ("witness request", "witness:request", "Ask witnesses to cosign the newest checkpoints here."),
    ("witness add", "witness:add", "Take cosigned checkpoints out of a file."),
    ("token create", "token:create", "Make a token for the HTTP API, and print it once."),
    ("token list", "token:list_", "Every token, whose it is, until when, when used last."),
    ("token revoke", "token:revoke", "Refuse a token from now on."),
    ("acl", "acl:acl", "Users of an outside engine that may only write to the inbox."),
    ("serve", "workers:serve", "Run engine, workers and the HTTP server together."),
    ("api", "api:api", "Serve the HTTP API, the live feed and the pages."),
    ("intake", "workers:intake", "Run one intake worker."),
    ("projector", "workers:projector", "Run one projection worker."),
    ("sealer", "workers:sealer", "Run one sealing worker."),
)
"""Name, place and summary of each command; a name of two words is a command of a group."""

_GROUPS: Final = {
    "export": "Write views and events as files for other programs.",
    "incident": "Open, merge and split incidents.",
    "policy": "Show and publish policies: source rank, words, tolerance, household sizes.",
    "gazetteer": "Show and publish areas and their codes.",
    "keys": "What the ledger's logs are signed with.",
    "witness": "Cosign another ledger's logs, and have the ones here cosigned.",
    "token": "Tokens for the HTTP API: create, list, revoke.",
    "quarantine": "List and show events that reuse a key; accept, supersede or discard them.",
}

_ALONE: Final = {"quarantine": "list"}
"""The command that is meant where a group is named alone, as before it was one."""

_EPILOGUE: Final = (
    "Every command takes --data DIR (or TOLLBOOK_DATA), --redis URL (or TOLLBOOK_REDIS), "
    "--ledger ID (or TOLLBOOK_LEDGER) and --format table|json|csv, before or after its name "
    "(export: csv|json|hxl|geojson|parquet).\n\n"
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
    groups = {
        name: App(name=name, help=text, help_format="plaintext", sort_key=_order(name))
        for name, text in _GROUPS.items()
    }
    for group in groups.values():
        app.command(group)
    for name, place, summary in _COMMANDS:
        lead, _, last = name.rpartition(" ")
        parent = groups[lead] if lead else app
        parent.command(f"{_HERE}.{place}", name=last, help=summary, sort_key=_order(name))
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code; no error here prints a traceback."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    try:
        ordered = shared_last(arguments)
        _must_name_a_command(ordered)
        result = build_app()(ordered)
        sys.stdout.flush()
    except CycloptsError as error:
        return _fail(f"{_one_line(error).rstrip('.')}; see `tollbook --help`", UsageError.exit_code)
    except TollbookError as error:
        notes = getattr(error, "__notes__", ())  # lines to copy, such as those of a mapping file
        return _fail("\n".join((_one_line(error), *notes)), error.exit_code)
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
    rest = _completed(rest)
    if not lead or not rest or rest[0].startswith("-"):
        return lead + rest if not rest else [*rest, *lead]
    words = 2 if rest[0] in _GROUPS and len(rest) > 1 else 1
    return [*rest[:words], *lead, *rest[words:]]


def _completed(arguments: list[str]) -> list[str]:
    """The arguments with the command of a group that was named alone: `quarantine list`."""
    meant = _ALONE.get(arguments[0]) if arguments else None
    follows = arguments[1:2]
    if meant is None or (follows and not follows[0].startswith("-")) or follows in _HELP:
        return arguments
    return [arguments[0], meant, *arguments[1:]]


def _must_name_a_command(arguments: Sequence[str]) -> None:
    """Refuse options behind a group, which would be taken for its command."""
    group, option = (*arguments, "", "")[:2]
    if group in _GROUPS and option.startswith("-") and [option] not in _HELP:
        commands = [
            name.partition(" ")[2] for name, _, _ in _COMMANDS if name.startswith(f"{group} ")
        ]
        raise UsageError(f"`tollbook {group}` wants a command: {', '.join(commands)}")


def _order(name: str) -> int:
    """Its place in the list; a group's is that of its first command."""
    names = [command for command, _, _ in _COMMANDS]
    return next(at for at, one in enumerate(names) if one == name or one.startswith(f"{name} "))


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
