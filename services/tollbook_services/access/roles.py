"""Roles of callers, and what each of them may do."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Action(StrEnum):
    """Something that a route does, and that a caller needs leave for."""

    READ = "read"
    """Views, events, receipts, proofs and the feed."""
    PUBLISH = "publish"
    """Reports and incidents, and acts about figures of one's own reports."""
    EDIT = "edit"
    """Acts about anybody's figures and incidents, policies, gazetteers, redactions."""
    AUDIT = "audit"
    """What was refused or put in quarantine, as it was sent, and the list of tokens."""
    ADMINISTER = "administer"
    """Tokens: create and revoke."""


class Role(StrEnum):
    """What a token is given."""

    READER = "reader"
    PUBLISHER = "publisher"
    AUDITOR = "auditor"
    EDITOR = "editor"
    ADMIN = "admin"


MAY: Final[Mapping[Role, frozenset[Action]]] = {
    Role.READER: frozenset({Action.READ}),
    Role.PUBLISHER: frozenset({Action.READ, Action.PUBLISH}),
    Role.AUDITOR: frozenset({Action.READ, Action.AUDIT}),
    Role.EDITOR: frozenset({Action.READ, Action.PUBLISH, Action.EDIT, Action.AUDIT}),
    Role.ADMIN: frozenset(Action),
}
"""A publisher may publish only under its own sources; an editor and an admin under any."""
