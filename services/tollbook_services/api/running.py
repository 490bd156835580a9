"""What a running server answers requests with."""

import asyncio
from dataclasses import dataclass

from fastapi import FastAPI, Request

from tollbook_services.api.options import ApiOptions
from tollbook_services.live.hub import Hub
from tollbook_services.wiring import Tollbook


@dataclass(frozen=True, slots=True)
class Running:
    """Opened once, shared by every request.

    Attributes:
        book: the ledger and its views.
        options: what the operator set.
        hub: hands on the changes of cells to the readers of the feed.
        stopping: set when the server begins to shut down; what would go on for ever ends then.
    """

    book: Tollbook
    options: ApiOptions
    hub: Hub
    stopping: asyncio.Event


def hold(app: FastAPI, running: Running) -> None:
    """Make it what the requests of an application find."""
    app.state.running = running


def running_of(request: Request) -> Running:
    """What answers a request; a dependency of routes."""
    return running_in(request.app)


def running_in(app: FastAPI) -> Running:
    """What an application answers with, once it was started."""
    running: Running = app.state.running
    return running


def book_of(request: Request) -> Tollbook:
    """The ledger that a request is about; a dependency of routes."""
    return running_of(request).book
