"""The application: routes, errors, and what it holds while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from fastapi import FastAPI

from tollbook_services.api import events, ledger_routes, logs, publishing, views
from tollbook_services.api.openapi import openapi_document
from tollbook_services.api.options import ApiOptions
from tollbook_services.api.problems import add_handlers
from tollbook_services.api.running import Running, hold
from tollbook_services.exporting.metadata import program
from tollbook_services.settings import Settings
from tollbook_services.wiring import open_tollbook

ROUTERS: Final = (
    views.router, ledger_routes.router, events.router, publishing.router, logs.router
)  # fmt: skip


def create_app(settings: Settings, options: ApiOptions) -> FastAPI:
    """An application that opens its ledger when it starts.

    Args:
        settings: where the ledger is.
        options: what the operator set about the server.
    """

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[None]:
        async with open_tollbook(settings, create=True) as book:
            hold(app, Running(book, options))
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
    add_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    app.openapi = partial(openapi_document, app)  # type: ignore[method-assign]
    return app
