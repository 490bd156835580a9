"""What nobody foresaw, as a problem like all others, with the headers that all answers have."""

from typing import Final

import structlog
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tollbook_services.api.problems import AsPage, problem_of, problem_response

_DETAIL: Final = (
    "the server failed on this request, which its log has under the request's id: nothing was done "
    "that has no receipt"
)

_log = structlog.get_logger("tollbook.api")


class Unexpected:
    """Answers where the application raised; inside all that adds headers and counts.

    Frameworks answer outside of it, in plain text, without the headers that protect a browser.
    """

    def __init__(self, app: ASGIApp, as_page: AsPage) -> None:
        """Wrap an application."""
        self._app = app
        self._as_page = as_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = False

        async def noted(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            if began:
                raise
            _log.exception("request failed")
            page = self._as_page(Request(scope), problem_of(500, "internal", _DETAIL), {})
            response = page or problem_response(500, "internal", _DETAIL)
            await response(scope, receive, send)
