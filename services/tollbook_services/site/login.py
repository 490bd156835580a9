"""Signing in with a token, for reading the pages in a browser."""

from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services.access.authentication import TokenError
from tollbook_services.api.problems import ProblemError
from tollbook_services.api.running import running_of
from tollbook_services.api.security import COOKIE, FORGET, address_of, owner_of
from tollbook_services.site.rendering import language_of, page

_FORM_BYTES_MAX: Final = 4_096
_TWELVE_HOURS_S: Final = 12 * 3_600

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def login(request: Request) -> Response:
    """The form that asks for a token."""
    return page(request, "login.html", default_gazetteer(), {"wrong": None})


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Keep a token that is taken in a cookie that scripts cannot read, and go to the pages."""
    _must_be_ours(request)
    running, address = running_of(request), address_of(request)
    token = await _token(request)
    try:
        await owner_of(running, token, address)
    except TokenError as error:
        given = {"wrong": str(error)}
        return page(request, "login.html", default_gazetteer(), given, status=401)
    answer = RedirectResponse(f"/?lang={language_of(request)}", 303)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=_TWELVE_HOURS_S,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """Forget the token."""
    _must_be_ours(request)
    return RedirectResponse("/login", 303, {"Set-Cookie": FORGET})


def _must_be_ours(request: Request) -> None:
    """See that no page of others has sent the form: it could sign a reader in as somebody else.

    Raises:
        ProblemError: 403, one has.
    """
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        raise ProblemError(403, "not-allowed", "another site sent this form: open /login itself")


async def _token(request: Request) -> str:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _FORM_BYTES_MAX:
            raise ProblemError(413, "too-large", "a token is shorter than this")
    (token,) = parse_qs(body.decode(errors="replace")).get("token", [""])[:1]
    return token.strip()
