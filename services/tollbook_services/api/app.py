"""The application: routes, errors, and what it holds while it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from tollbook_services.api import feed, views
from tollbook_services.api.options import ApiOptions
from tollbook_services.api.problems import add_handlers
from tollbook_services.api.running import Running, hold
from tollbook_services.exporting.metadata import program
from tollbook_services.live.hub import open_hub
from tollbook_services.settings import Settings
from tollbook_services.wiring import open_tollbook


def create_app(settings: Settings, options: ApiOptions) -> FastAPI:
    """An application that opens its ledger when it starts.

    Args:
        settings: where the ledger is.
        options: what the operator set about the server.
    """

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        async with (
            open_tollbook(settings, create=True) as book,
            open_hub(book.redis, book.ledger.id, book.admission.gazetteer, stopping) as hub,
        ):
            hold(app, Running(book, options, hub, stopping))
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
    app.include_router(views.router)
    app.include_router(feed.router)
    return app
