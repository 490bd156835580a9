"""Routes for those who operate the server: is it alive, is it ready, how much does it do."""

from ipaddress import ip_address
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Request, Response
from redis.exceptions import RedisError

from tollbook_schemas.errors import TollbookError
from tollbook_schemas.views import StatusDocument
from tollbook_services.access.principal import Principal
from tollbook_services.access.roles import Action
from tollbook_services.api.rates import network_of
from tollbook_services.api.running import Running, running_of
from tollbook_services.api.security import address_of, needs, principal_of
from tollbook_services.operations.facts import EngineFacts, engine_facts
from tollbook_services.operations.metrics import CONTENT_TYPE, LedgerState
from tollbook_services.operations.readiness import Document, away, readiness
from tollbook_services.status import status_document

router = APIRouter(include_in_schema=False)

Held = Annotated[Running, Depends(running_of)]

_FORWARDED: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
"""Headers that proxies add; whose word is taken for them is set by `trusted_proxies`."""

_FAILED: Final = (RedisError, TollbookError, OSError)


@router.get("/healthz")
async def healthz() -> Response:
    """The process answers; it says nothing about the engine, which a restart here does not mend."""
    return _json({"alive": True})


@router.get("/readyz")
async def readyz(request: Request, running: Held) -> Response:
    """Whether this server should get requests, and what is wrong where it should not."""
    running.rates.ask(f"readyz {network_of(address_of(request))}")
    try:
        status, facts = await _state(running)
    except _FAILED as error:
        document = away(type(error).__name__)
    else:
        document = _readiness(running, status, facts)
    return _json(document, 200 if document["ready"] else 503)


@router.get("/metrics")
async def metrics(request: Request, running: Held) -> Response:
    """Metrics for Prometheus: for this machine, for auditors, or for everybody if that is set."""
    if not running.options.open_metrics and not _is_local(request):
        caller: Principal = await principal_of(request)
        await needs(Action.AUDIT)(caller)
    running.metrics.feed_readers.set(len(running.hub.readers))
    try:
        status, facts = await _state(running)
    except _FAILED:  # what this server did is told all the same
        text = running.metrics.text(None)
    else:
        checks = _readiness(running, status, facts)["checks"]
        state = LedgerState(status, facts, running.book.ledger.appends.counts, checks)
        text = running.metrics.text(state)
    return Response(text, media_type=CONTENT_TYPE)


async def _state(running: Running) -> tuple[StatusDocument, EngineFacts]:
    book = running.book
    status = await status_document(book.ledger, book.readmodels, book.projections.values())
    return status, await engine_facts(book)


def _readiness(running: Running, status: StatusDocument, facts: EngineFacts) -> Document:
    stopping = running.stopping.is_set()
    return readiness(status, facts, stopping=stopping, limits=running.limits)


def _is_local(request: Request) -> bool:
    """Whether a program of this machine asks for itself, and not a proxy here for somebody else."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(address_of(request)).is_loopback
    except ValueError:
        return False


def _json(document: object, status: int = 200) -> Response:
    return Response(
        orjson.dumps(document), status, {"Cache-Control": "no-store"}, "application/json"
    )
