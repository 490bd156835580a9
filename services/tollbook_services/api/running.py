"""What a running server answers requests with."""

from dataclasses import dataclass, field
from typing import Any, Final, Self

from fastapi import FastAPI, Request

from tollbook_services.access.authentication import Authentication
from tollbook_services.api.options import ApiOptions
from tollbook_services.api.rates import Rates
from tollbook_services.api.recent import Recent
from tollbook_services.wiring import Tollbook

ANSWERS_BYTES: Final = 64 * 2**20
"""Bytes of answers that are kept."""

DOCUMENTS_KEPT: Final = 8
"""Documents that are kept for their later pages: of a large crisis some tens of MB each."""


@dataclass(frozen=True, slots=True)
class Running:
    """Opened once, shared by every request.

    Attributes:
        book: the ledger and its views.
        options: what the operator set.
        authentication: knows whose a token is.
        rates: counts requests.
        answers: the newest answers, by their ETags.
        documents: the newest documents that pages are cut from.
    """

    book: Tollbook
    options: ApiOptions
    authentication: Authentication
    rates: Rates
    answers: Recent[bytes] = field(default_factory=lambda: Recent(ANSWERS_BYTES, len))
    documents: Recent[dict[str, Any]] = field(
        default_factory=lambda: Recent(DOCUMENTS_KEPT, lambda _: 1)
    )

    @classmethod
    def of(cls, book: Tollbook, options: ApiOptions) -> Self:
        """What answers the requests about a ledger."""
        return cls(book, options, Authentication(book.redis), Rates(options.rate_per_minute))


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
