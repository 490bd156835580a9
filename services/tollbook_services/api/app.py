"""The application: routes, errors, and what it holds while it runs."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from tollbook_services.api import events, feed, ledger_routes, logs, publishing, tokens, views
from tollbook_services.api.feed_tokens import watching_tokens
from tollbook_services.api.headers import SecurityHeaders
from tollbook_services.api.openapi import openapi_document
from tollbook_services.api.options import ApiOptions
from tollbook_services.api.problems import add_handlers
from tollbook_services.api.running import Running, hold
from tollbook_services.api.unexpected import Unexpected
from tollbook_services.exporting.metadata import program
from tollbook_services.live.hub import open_hub
from tollbook_services.operations import routes as operations
from tollbook_services.operations.metrics import ServerMetrics
from tollbook_services.operations.observing import Observing
from tollbook_services.site import crisis, displacement_pages, login, static_files
from tollbook_services.site.errors import problem_page, wants_page
from tollbook_services.site.figure_routes import ROUTERS as FIGURE_PAGES
from tollbook_services.wiring import Tollbook

ROUTERS: Final = (
    views.router,
    ledger_routes.router,
    events.router,
    publishing.router,
    logs.router,
    tokens.router,
    feed.router,
    crisis.router,
    displacement_pages.router,
    login.router,
    operations.router,
    static_files.router,
    *FIGURE_PAGES,
)


def as_page(
    request: Request, problem: Mapping[str, Any], headers: Mapping[str, str]
) -> Response | None:
    """A problem as a page, where a browser asked for one."""
    return problem_page(request, problem, headers) if wants_page(request) else None


def create_app(options: ApiOptions, opening: AbstractAsyncContextManager[Tollbook]) -> FastAPI:
    """An application that opens its ledger when it starts.

    Args:
        options: what the operator set about the server.
        opening: gives the ledger, such as `open_tollbook(settings)`.
    """
    metrics = ServerMetrics()

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        async with (
            opening as book,
            open_hub(book.redis, book.ledger.id, book.admission.gazetteer, stopping) as hub,
            watching_tokens(hub, book.redis),
        ):
            hold(app, Running.of(book, options, hub, stopping, metrics))
            yield

    app = FastAPI(
        title="tollbook",
        description=program(),
        version="1",
        lifespan=opened,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    add_handlers(app, as_page)
    app.add_middleware(Unexpected, as_page=as_page)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    if options.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=options.cors_origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match", "Last-Event-ID"],
            expose_headers=["ETag", "Link", "Last-Modified", "Retry-After"],
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Observing, metrics=metrics)
    for router in ROUTERS:
        app.include_router(router)
    app.openapi = partial(openapi_document, app)  # type: ignore[method-assign]
    return app
