"""Who calls, and whether they may: dependencies of routes."""

from typing import Annotated

from fastapi import Depends, Request

from tollbook_services.access.principal import ANONYMOUS, READER, Principal
from tollbook_services.access.roles import Action
from tollbook_services.api.problems import ProblemError
from tollbook_services.api.running import running_of


async def principal_of(request: Request) -> Principal:
    """Who calls: the owner of the bearer token, or somebody unknown."""
    return READER if running_of(request).options.open_reading else ANONYMOUS


Caller = Annotated[Principal, Depends(principal_of)]


class needs:  # noqa: N801 - reads as a word where it is used
    """A dependency: the caller may do this, or is told what is missing.

    Raises:
        ProblemError: 401 without a valid token, 403 where its role does not allow it.
    """

    def __init__(self, action: Action) -> None:
        self.action = action

    async def __call__(self, caller: Caller) -> Principal:
        if caller.may(self.action):
            return caller
        if caller.token is None:
            raise ProblemError(
                401,
                "token-missing",
                f"this needs a token that may {self.action}: Authorization: Bearer tb_...",
                headers={"WWW-Authenticate": 'Bearer realm="tollbook"'},
            )
        raise ProblemError(
            403,
            "not-allowed",
            f"{caller.name} is {caller.role}, and that may not {self.action}",
        )
