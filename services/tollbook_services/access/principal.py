"""Who calls, once that is known."""

from dataclasses import dataclass
from typing import Final

from tollbook_services.access.roles import MAY, Action, Role


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller.

    Attributes:
        name: what events record as `recordedby`: a slug, unique among the tokens in force.
        role: what it was given; None for somebody without a token.
        sources: the `source` values that it may publish under; None for any.
        token: id of its token; None without one.
    """

    name: str
    role: Role | None
    sources: tuple[str, ...] | None = None
    token: str | None = None

    def may(self, action: Action) -> bool:
        """Whether its role allows this."""
        return self.role is not None and action in MAY[self.role]


ANONYMOUS: Final = Principal("anonymous", None)
"""Somebody without a token, where reading is not open."""

READER: Final = Principal("anonymous", Role.READER)
"""Somebody without a token, where reading is open to everybody."""
