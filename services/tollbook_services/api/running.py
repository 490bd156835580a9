"""What a running server answers requests with."""

from dataclasses import dataclass

from fastapi import FastAPI, Request

from tollbook_services.api.options import ApiOptions
from tollbook_services.wiring import Tollbook


@dataclass(frozen=True, slots=True)
class Running:
    """Opened once, shared by every request.

    Attributes:
        book: the ledger and its views.
        options: what the operator set.
    """

    book: Tollbook
    options: ApiOptions


def hold(app: FastAPI, running: Running) -> None:
    """Make it what the requests of an application find."""
    app.state.running = running


def running_of(request: Request) -> Running:
    """What answers a request; a dependency of routes."""
    running: Running = request.app.state.running
    return running


def book_of(request: Request) -> Tollbook:
    """The ledger that a request is about; a dependency of routes."""
    return running_of(request).book
