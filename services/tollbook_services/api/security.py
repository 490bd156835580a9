"""Who calls, and whether they may: dependencies of routes."""

from typing import Annotated, Final, NamedTuple

from fastapi import Depends, Request

from tollbook_services.access.authentication import TokenError
from tollbook_services.access.principal import ANONYMOUS, READER, Principal
from tollbook_services.access.roles import Action
from tollbook_services.api.problems import ProblemError
from tollbook_services.api.running import Running, running_of

COOKIE: Final = "tollbook_token"
"""Where a browser keeps the token of a reader of the pages; it is taken for reading only."""

FORGET: Final = f"{COOKIE}=; HttpOnly; Max-Age=0; Path=/; SameSite=strict"
"""Has a browser throw its token away, so that what is open to everybody is open to it again."""

_READING: Final = frozenset({"GET", "HEAD"})
_REALM: Final = 'Bearer realm="tollbook"'


async def principal_of(request: Request) -> Principal:
    """Who calls: the owner of the bearer token, or somebody unknown.

    Raises:
        ProblemError: 401 for a token that is not taken, 429 for too many requests.
    """
    running = running_of(request)
    address = address_of(request)
    given = _token(request)
    if given is None:
        running.rates.ask(address)
        return READER if running.options.open_reading else ANONYMOUS
    caller = await _owner(running, given, address)
    request.state.caller = caller.name
    running.rates.ask(caller.token or address)
    return caller


def address_of(request: Request) -> str:
    """Where a request comes from; behind a trusted proxy, what that says."""
    return "" if request.client is None else request.client.host


async def owner_of(running: Running, text: str, address: str) -> Principal:
    """Whose a token is. One that was verified before is not held up by others of its address.

    Raises:
        TokenError: it is not taken.
        ProblemError: 429, too many of this address were not.
    """
    try:
        return await running.authentication.principal(text, running.rates.trying(address))
    except TokenError:
        running.rates.refused(address)
        raise


async def _owner(running: Running, given: "_Given", address: str) -> Principal:
    try:
        return await owner_of(running, given.text, address)
    except TokenError as error:
        headers = {"WWW-Authenticate": f'{_REALM}, error="invalid_token"'}
        if given.is_cookie:
            headers["Set-Cookie"] = FORGET
        raise ProblemError(
            401, error.problem, str(error), headers=headers, fault=error.fault
        ) from None


class _Given(NamedTuple):
    """The token of a request, and whether a browser sent it by itself."""

    text: str
    is_cookie: bool


def _token(request: Request) -> _Given | None:
    """The token of a request, out of its header, or where it only reads out of the cookie."""
    given = request.headers.get("authorization")
    if given is not None:
        scheme, _, text = given.partition(" ")
        return _Given(text.strip() if scheme.lower() == "bearer" else "", is_cookie=False)
    kept = request.cookies.get(COOKIE) if request.method in _READING else None
    return None if kept is None else _Given(kept, is_cookie=True)


Caller = Annotated[Principal, Depends(principal_of)]


class needs:  # noqa: N801 - reads as a word where it is used
    """A dependency: the caller may do this, or is told what is missing.

    Raises:
        ProblemError: 401 without a token, 403 where its role does not allow it.
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
                headers={"WWW-Authenticate": _REALM},
            )
        raise ProblemError(
            403,
            "not-allowed",
            f"{caller.name} is {caller.role}, and that may not {self.action}",
        )
