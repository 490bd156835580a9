"""Users of a Redis or Valkey server that several parties reach, as lines of its ACL file."""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from tollbook_schemas.errors import UsageError
from tollbook_services import keys

SERVICES: Final = "tollbook"
"""The user of intake, projector, sealer, the HTTP server and the command line."""

OPERATOR: Final = "operator"
"""The user who may do everything: the default user, who could without a name, is switched off."""

_DEFAULT_OFF: Final = "user default off resetpass resetkeys resetchannels -@all"

_CONNECTING: Final = "+ping +auth +hello +quit +reset +client|setname +client|setinfo"
"""What client libraries send before anything else."""

_INBOX: Final = f"%W~{keys.INBOX}"

_PUBLISHER: Final = f"resetkeys {_INBOX} resetchannels -@all +xadd {_CONNECTING}"
"""May write to the inbox and read nothing, not even what it wrote."""

_SERVICES: Final = (
    "resetkeys ~tollbook:* resetchannels -@all +@read +@write +@stream +@transaction "
    "-@dangerous -@scripting "
    "+info +time +config|get +function|load +function|list +fcall +fcall_ro +bgrewriteaof "
    f"+wait +waitaof {_CONNECTING} +client|id"
)
"""Everything about keys of the ledger, and nothing about the server but looking at its settings."""

_OPERATOR: Final = "~* &* +@all"

_PASSWORD_BYTES: Final = 32

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


@dataclass(slots=True)
class EngineUsers:
    """The lines of an ACL file; lines of others in it stay as they are.

    Attributes:
        lines: the text of each user's line by its name, in their order.
    """

    lines: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Self:
        """The users of an ACL file.

        Raises:
            UsageError: a line is none of an ACL file, which a server would not start with.
        """
        found = cls()
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split()
            if not words:
                continue
            if words[0] != "user" or len(words) < 2:
                raise UsageError(f"line {number} of the ACL file has no user: `user NAME RULE...`")
            if words[1] in found.lines:
                raise UsageError(f"line {number} of the ACL file names {words[1]} again: leave one")
            found.lines[words[1]] = line.strip()
        return found

    def add_publishers(self, names: Sequence[str]) -> Mapping[str, str]:
        """Give direct publishers a password each, in place of the one they had.

        The users of the services and of the operator are made with the first of them.

        Args:
            names: of the publishers, slugs.

        Returns:
            The password of each user that was made or changed, by name; the lines have only
            hashes of them.

        Raises:
            UsageError: a name is none, or is that of another kind of user.
        """
        for name in names:
            self._must_be_publisher(name)
        self.lines.setdefault("default", _DEFAULT_OFF)
        rules = {OPERATOR: _OPERATOR, SERVICES: _SERVICES}
        wanted = {name: rule for name, rule in rules.items() if name not in self.lines}
        wanted |= dict.fromkeys(names, _PUBLISHER)
        made = {name: secrets.token_hex(_PASSWORD_BYTES) for name in wanted}
        for name, rule in wanted.items():
            self.lines[name] = f"user {name} on resetpass {_hashed(made[name])} {rule}"
        return made

    def remove(self, names: Sequence[str]) -> None:
        """Take publishers out.

        Raises:
            UsageError: there is no such publisher.
        """
        for name in names:
            self._must_be_publisher(name)
            if name not in self.lines:
                raise UsageError(f"{name!r} is not in the ACL file: it has {', '.join(self.lines)}")
        for name in names:
            self.lines.pop(name, None)

    def text(self) -> str:
        """The ACL file."""
        return "".join(f"{line}\n" for line in self.lines.values())

    def _must_be_publisher(self, name: str) -> None:
        if _NAME.fullmatch(name) is None:
            raise UsageError(
                f"{name!r} names no user: 1 to 64 of a-z, 0-9, `.`, `_` and `-`, and a letter or "
                "a digit first"
            )
        line = self.lines.get(name)
        if name in {"default", OPERATOR, SERVICES} or not (line is None or _is_publisher(line)):
            raise UsageError(f"{name!r} is a user of another kind: choose another name")


def _is_publisher(line: str) -> bool:
    """Whether a line gives the inbox and nothing else; ACL SAVE writes lines in its own way."""
    return [word for word in line.split() if "~" in word or word == "allkeys"] == [_INBOX]


def _hashed(password: str) -> str:
    """As ACL rules have it: SHA-256 is enough for 256 random bits."""
    return "#" + hashlib.sha256(password.encode()).hexdigest()
