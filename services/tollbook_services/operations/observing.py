"""Every request: its id, one line in the log, and its part in the metrics."""

import re
import time
from typing import Final
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tollbook_services.access.secrets import without_tokens
from tollbook_services.operations.metrics import ServerMetrics

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)

_log = structlog.get_logger("tollbook.http")


class Observing:
    """Notes requests, around everything else.

    The id is that of the caller's `traceparent` (W3C Trace Context), else its `X-Request-ID`, else
    a new one. It is in every log line of the request, and in the answer. The log has no query
    string, as there may be names of people in it, and no token.
    """

    def __init__(self, app: ASGIApp, metrics: ServerMetrics) -> None:
        """Wrap an application."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and note how that went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, request_id = time.perf_counter(), _id_of(Headers(scope=scope))
        status, size = 500, 0

        async def noted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            else:
                size += len(message.get("body", b""))
            await send(message)

        with structlog.contextvars.bound_contextvars(request=request_id):
            try:
                await self._app(scope, receive, noted)
            finally:
                seconds = time.perf_counter() - began
                route = _route_of(scope)
                method = scope["method"] if route else "OTHER"
                self._metrics.requests.labels(route, method, str(status)).inc()
                self._metrics.seconds.labels(route).observe(seconds)
                _log.info(
                    "request",
                    method=scope["method"],
                    path=without_tokens(scope["path"]),
                    route=route or None,
                    status=status,
                    ms=round(seconds * 1000, 1),
                    bytes=size,
                    by=scope.get("state", {}).get("caller"),
                )


def _id_of(headers: Headers) -> str:
    trace = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    if trace is not None:
        return trace[1]
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


def _route_of(scope: Scope) -> str:
    """The route's own path, so that metrics have few labels; empty where none fits."""
    path: str = getattr(scope.get("route"), "path", "")
    return path
