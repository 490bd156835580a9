"""Errors as `application/problem+json` (RFC 9457)."""

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException

from tollbook_schemas.errors import (
    EngineError,
    EngineFullError,
    NotFoundError,
    OptionError,
    TollbookError,
)
from tollbook_services.engine_failures import engine_error

TYPE_PREFIX: Final = "tag:tollbook.org,2026:problem/"
"""What the types of problems begin with: names, not addresses; docs/api.md describes each."""

PROBLEM_JSON: Final = "application/problem+json"

Problem = tuple[dict[str, Any], dict[str, str]]
"""A problem document, and the headers it goes with."""

AsPage = Callable[[Request, Mapping[str, Any], Mapping[str, str]], Response | None]
"""Makes a page of a problem; None where no page was asked for."""

RETRY_S: Final = 2
"""Seconds after which asking again may help, where the engine is away."""

_STATUS: Final = {
    "usage": 400,
    "not-found": 404,
    "input-refused": 422,
    "conflict": 409,
    "check-failed": 500,
    "engine-unavailable": 503,
    "engine-full": 507,
}

_OPTION: Final = re.compile(r"--([a-z][a-z-]*)")
"""Options of the command line in an error's text: over HTTP they are parameters."""

_log = structlog.get_logger("tollbook.api")


class ProblemError(TollbookError):
    """A problem that only HTTP has, with its status and headers."""

    def __init__(
        self,
        status: int,
        problem: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = problem
        self.headers = dict(headers or {})
        self.members = members


def problem_of(status: int, slug: str, detail: str, **members: Any) -> dict[str, Any]:
    """A problem document.

    Args:
        status: of HTTP.
        slug: of the type.
        detail: what is wrong, and what would be right.
        members: more of the document, such as `errors`.
    """
    return {
        "type": TYPE_PREFIX + slug,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }


def problem_response(
    status: int,
    slug: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """A problem document as an answer; see `problem_of`."""
    document = problem_of(status, slug, detail, **members)
    return Response(orjson.dumps(document), status, dict(headers or {}), PROBLEM_JSON)


def add_handlers(app: FastAPI, as_page: AsPage) -> None:
    """Make every error of an application a problem document, or a page where that is asked for."""

    def told(request: Request, problem: Problem) -> Response:
        document, headers = problem
        page = as_page(request, document, headers)
        if page is not None:
            return page
        return Response(orjson.dumps(document), document["status"], headers, PROBLEM_JSON)

    @app.exception_handler(TollbookError)
    async def ours(request: Request, error: TollbookError) -> Response:
        return told(request, _of_error(error))

    @app.exception_handler(RedisError)
    async def away(request: Request, error: RedisError) -> Response:
        found = engine_error(error, "the engine", "try again")
        _log.error("engine failed", reason=str(error))
        detail = "the engine cannot be reached: nothing was done that has no receipt"
        detail = str(found) if isinstance(found, EngineFullError) else detail
        document = problem_of(_STATUS[found.problem], found.problem, detail)
        return told(request, (document, {"Retry-After": str(RETRY_S)}))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        faults = [_fault(one) for one in error.errors()]
        detail = "; ".join(_named(fault) for fault in faults)
        return told(request, (problem_of(422, "invalid-request", detail, errors=faults), {}))

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> Response:
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            methods = ", ".join(_allowed(app, request))
            detail = f"this takes {methods}, not {request.method}"
            return told(
                request, (problem_of(405, "method-not-allowed", detail), {"Allow": methods})
            )
        slug = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        document = problem_of(error.status_code, slug, str(error.detail))
        return told(request, (document, dict(error.headers or {})))


def _of_error(error: TollbookError) -> Problem:
    """The problem that an error of ours is, and its headers."""
    if isinstance(error, ProblemError):
        document = problem_of(error.status, error.slug, str(error), **error.members)
        return document, error.headers
    status = 404 if isinstance(error, NotFoundError) else _STATUS.get(error.problem, 500)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request failed", problem=error.problem, reason=str(error))
    headers = {"Retry-After": str(RETRY_S)} if isinstance(error, EngineError) else {}
    if isinstance(error, OptionError):
        name = error.option.replace("-", "_")
        fault = {"parameter": name, "message": error.message}
        detail = f"{name}: {error.message}"
        return problem_of(status, error.problem, detail, errors=[fault]), headers
    detail = _OPTION.sub(lambda found: f"`{found[1].replace('-', '_')}`", str(error))
    return problem_of(status, error.problem, detail), headers


def _allowed(app: FastAPI, request: Request) -> list[str]:
    """The methods of every route with the path of a request: routers know only their own."""
    found = {
        method
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        and context.original_route.path_regex.match(request.url.path)
        for method in context.methods or ()
    }
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


def _named(fault: Mapping[str, str]) -> str:
    return f"{fault.get('parameter') or fault.get('pointer')}: {fault['message']}"


def _fault(error: Mapping[str, Any]) -> dict[str, str]:
    """A fault of pydantic's as ours: a JSON pointer into the body, or the parameter's name."""
    place, *rest = error["loc"]
    if place == "body":
        return {"pointer": _pointer(rest), "message": error["msg"]}
    return {"parameter": ".".join(map(str, rest)), "message": error["msg"]}


def _pointer(parts: Sequence[str | int]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
