"""What a running server answers requests with."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final, Self

from fastapi import FastAPI, Request

from tollbook_services.access.authentication import Authentication
from tollbook_services.api.latest import Latest
from tollbook_services.api.options import ApiOptions
from tollbook_services.api.rates import Rates
from tollbook_services.api.recent import Recent
from tollbook_services.live.hub import Hub
from tollbook_services.operations.limits import Limits, read_limits
from tollbook_services.operations.metrics import ServerMetrics
from tollbook_services.wiring import Tollbook

ANSWERS_BYTES: Final = 64 * 2**20
"""Bytes of answers that are kept."""

DOCUMENTS_KEPT: Final = 8
"""Documents that are kept for pages: of a large crisis some tens of MB each."""

HEADS_KEPT: Final = 1_000
"""Crises of which the headline numbers are kept: of each some kB."""


@dataclass(frozen=True, slots=True)
class Running:
    """Opened once, shared by every request.

    Attributes:
        book: the ledger and its views.
        options: what the operator set.
        authentication: knows whose a token is.
        rates: counts requests.
        metrics: what this server did.
        limits: what still counts as ready.
        answers: the newest answers as they are sent.
        documents: the newest documents that pages are made of.
        heads: the newest headline numbers of each crisis.
        pinned: the documents that later pages of lists are cut from.
        hub: hands on the changes of cells to the readers of the feed.
        stopping: set when the server begins to shut down; what would go on for ever ends then.
    """

    book: Tollbook
    options: ApiOptions
    authentication: Authentication
    rates: Rates
    hub: Hub
    stopping: asyncio.Event
    metrics: ServerMetrics
    limits: Limits = field(default_factory=read_limits)
    answers: Latest[bytes] = field(default_factory=lambda: Latest(ANSWERS_BYTES, len))
    documents: Latest[dict[str, Any]] = field(
        default_factory=lambda: Latest(DOCUMENTS_KEPT, lambda _: 1)
    )
    heads: Latest[dict[str, Any]] = field(default_factory=lambda: Latest(HEADS_KEPT, lambda _: 1))
    pinned: Recent = field(default_factory=Recent)

    @classmethod
    def of(
        cls,
        book: Tollbook,
        options: ApiOptions,
        hub: Hub,
        stopping: asyncio.Event,
        metrics: ServerMetrics,
    ) -> Self:
        """What answers the requests about a ledger."""
        authentication, rates = Authentication(book.redis), Rates(options.rate_per_minute)
        return cls(book, options, authentication, rates, hub, stopping, metrics)


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
