"""Every request: its id, one line in the log, and its part in the metrics."""

import time
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tollbook_services.access.secrets import without_tokens
from tollbook_services.operations.correlation import TRACEPARENT, request_id, traceparent_of
from tollbook_services.operations.metrics import ServerMetrics
from tollbook_services.operations.tracing import span

_UNTRACED: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""What monitors ask for all day long: traces of it would hide the others."""

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
        headers = Headers(scope=scope)
        parent = traceparent_of(headers.get(TRACEPARENT, ""))
        given = request_id(parent, headers.get("x-request-id", ""))
        with structlog.contextvars.bound_contextvars(request=given):
            if scope["path"] in _UNTRACED:
                await self._noted(scope, receive, send, given)
                return
            with span(scope["method"], kind="server", parent=parent) as noted:
                told = {} if noted.trace is None else {"trace": noted.trace}
                with structlog.contextvars.bound_contextvars(**told):
                    status = await self._noted(scope, receive, send, given)
                noted.set(
                    {
                        "http.request.method": scope["method"],
                        "http.route": _route_of(scope),
                        "http.response.status_code": status,
                    }
                )
                noted.rename(f"{scope['method']} {_route_of(scope)}".rstrip())

    async def _noted(self, scope: Scope, receive: Receive, send: Send, given: str) -> int:
        """Answer; the status of the answer, 500 where there was none."""
        began, status, size = time.perf_counter(), 500, 0

        async def noted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = given
            else:
                size += len(message.get("body", b""))
            await send(message)

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
        return status


def _route_of(scope: Scope) -> str:
    """The route's own path, so that metrics have few labels; empty where none fits."""
    path: str = getattr(scope.get("route"), "path", "")
    return path
