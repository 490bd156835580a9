"""`acl`: the users of an outside engine that publishers write to directly."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from rich.text import Text

from tollbook_schemas.errors import UsageError
from tollbook_services.access.engine_users import OPERATOR, SERVICES, EngineUsers
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.render import console, data

_COLUMNS: Final = ("user", "for", "password")
_PRIVATE: Final = 0o600


def acl(
    *publisher: Annotated[
        str, Parameter(help="Who writes to the inbox directly; one that is there gets a new one.")
    ],
    out: Annotated[Path, Parameter(help="The file, made or changed.")] = Path("users.acl"),
    remove: Annotated[
        tuple[str, ...],
        Parameter(negative_iterable="", help="A publisher to take out; repeat the option."),
    ] = (),
    common: Common = COMMON,
) -> None:
    """Write an ACL file of Redis or Valkey, and print the passwords of its new users, this once.

    A publisher may XADD to the inbox and nothing else. The user of the services and that of the
    operator are made with the file; without a name nobody comes in. Users that are not named stay
    as they are.
    """
    if not publisher and not remove:
        raise UsageError("name a publisher, or one to --remove")
    users = EngineUsers.read(_text_of(out))
    users.remove(remove)
    made = users.add_publishers(publisher)
    _write(out, users.text())
    rows = [
        {"user": name, "for": _what_for(name), "password": password}
        for name, password in made.items()
    ]
    match common.format:
        case "json":
            data.write_json({"file": str(out), "users": rows})
        case "csv":
            data.write_csv(_COLUMNS, rows)
        case _:
            if rows:
                console.answer(_listed(rows))
            told = "; the passwords are not shown again" if rows else ""
            console.note(
                f"tollbook: wrote {out}{told}: name it as `aclfile` in the configuration of the "
                f"server and start that again, or as {OPERATOR} send it ACL LOAD"
            )


def _listed(rows: Sequence[Mapping[str, str]]) -> Text:
    """Lines to copy from: a table would cut a password off where the terminal is narrow."""
    lines = (f"{row['for']:<9}  {row['user']}  {row['password']}" for row in rows)
    return Text("\n".join(lines), no_wrap=True)


def _what_for(name: str) -> str:
    return {SERVICES: "services", OPERATOR: "operator"}.get(name, "publisher")


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as an ACL file: {error}") from None


def _write(path: Path, text: str) -> None:
    """Put a file in the place of the one before, at once and durably."""
    beside = path.with_name(f"{path.name}.new")
    try:
        beside.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(beside, flags, _PRIVATE), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
