"""Requests and answers without a network: what both clients share."""

import json
import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar, cast

import httpx2

from tollbook_client.errors import GapError, ProblemError
from tollbook_client.shapes import Change, Receipt

Answer = TypeVar("Answer")

BATCH_MAX: Final = 500
"""Events of a request; the server takes 1,000."""

BATCH_BYTES_MAX: Final = 8 * 2**20
"""Bytes of a request; the server takes 16 MiB."""

TRIES: Final = 6
"""How often a request is made where the server is away or busy: for some 15 seconds in all."""

WAIT_MAX_S: Final = 30.0
"""Seconds that are waited at most between two tries, whatever the server asks for."""

_BUSY: Final = frozenset({429, 502, 503, 504, 507})
_REFUSED: Final = frozenset({409, 422})

URL_VARIABLE: Final = "TOLLBOOK_URL"
TOKEN_VARIABLE: Final = "TOLLBOOK_TOKEN"  # noqa: S105 - the name of a variable
DEFAULT_URL: Final = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """A request, and how its answer is read. Each may be made again: events carry their key."""

    method: str
    path: str
    read: Callable[[httpx2.Response], Answer]
    params: Mapping[str, Any] = field(default_factory=dict)
    content: bytes | None = None
    media: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What this request has beside those of the client."""
        return {} if self.media is None else {"Content-Type": self.media}


def settings(url: str | None, token: str | None, timeout: float) -> dict[str, Any]:
    """What both clients of httpx2 are made with; what is None comes from the environment."""
    given = token if token is not None else os.environ.get(TOKEN_VARIABLE)
    return {
        "base_url": url or os.environ.get(URL_VARIABLE) or DEFAULT_URL,
        "headers": {"Authorization": f"Bearer {given}"} if given else {},
        "timeout": timeout,
    }


def view(crisis: str, name: str, asked: Mapping[str, Any]) -> Call[Any]:
    """A view of a crisis."""
    return Call("GET", f"/v1/crises/{crisis}/{name}", _json, _given(asked))


def document(path: str, asked: Mapping[str, Any] | None = None) -> Call[Any]:
    """Any JSON document."""
    return Call("GET", path, _json, _given(asked or {}))


def raw(path: str, asked: Mapping[str, Any] | None = None) -> Call[bytes]:
    """Any file."""
    return Call("GET", path, lambda answer: answer.content, _given(asked or {}))


def publish(lines: Iterable[bytes]) -> Call[list[Receipt]]:
    """Events, one a line."""
    return Call(
        "POST",
        "/v1/events",
        _receipts,
        content=b"\n".join(lines),
        media="application/x-ndjson",
    )


def batches(events: Iterable[Mapping[str, Any] | bytes]) -> Iterator[list[bytes]]:
    """Events as lines, in requests of a size that the server takes."""
    batch: list[bytes] = []
    size = 0
    for event in events:
        line = _line(event)
        if batch and (len(batch) == BATCH_MAX or size + len(line) > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield batch


def must_be_good(answer: httpx2.Response) -> None:
    """See that an answer is none of the problems.

    Raises:
        ProblemError: it is one.
    """
    if answer.is_success:
        return
    raise ProblemError(_problem(answer))


def must_have_no_gap(answer: httpx2.Response) -> None:
    """The same for the answer that a feed begins with.

    Raises:
        GapError: changes are missing.
        ProblemError: the server says no.
    """
    if answer.status_code == 410:
        told = _problem(answer)
        raise GapError(told.get("detail", "changes are missing"), told.get("resume_after"))
    must_be_good(answer)


def is_busy(answer: httpx2.Response) -> bool:
    """Whether trying again may help."""
    return answer.status_code in _BUSY


def wait_s(tried: int, answer: httpx2.Response | None) -> float:
    """Seconds to the next try: what the server asks for, else doubling, with some chance in it."""
    asked = "" if answer is None else answer.headers.get("retry-after", "")
    if asked.isdigit():
        return min(float(asked), WAIT_MAX_S)
    return float(min(0.25 * 2**tried, WAIT_MAX_S) * random.uniform(0.5, 1.0))  # noqa: S311


def change_of(event: httpx2.ServerSentEvent) -> Change | None:
    """The change in an event of the feed; None for what only moves the id.

    Raises:
        GapError: changes are missing.
    """
    if event.event == "gap":
        told = json.loads(event.data)
        raise GapError(told.get("detail", "changes are missing"), told.get("resume_after"))
    if event.event != "change":
        return None
    return cast("Change", {**json.loads(event.data), "id": event.id})


def _receipts(answer: httpx2.Response) -> list[Receipt]:
    if answer.status_code in _REFUSED:
        told = _problem(answer)
        if "receipts" in told:
            return cast("list[Receipt]", told["receipts"])
    must_be_good(answer)
    return cast("list[Receipt]", answer.json()["receipts"])


def _json(answer: httpx2.Response) -> Any:
    must_be_good(answer)
    return answer.json()


def _problem(answer: httpx2.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        told = None
    if isinstance(told, dict):
        return {"status": answer.status_code, **told}
    return {"status": answer.status_code, "detail": answer.text[:200]}


def _given(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value is not None}


def _line(event: Mapping[str, Any] | bytes) -> bytes:
    if isinstance(event, bytes):
        return event.replace(b"\n", b" ").replace(b"\r", b" ")
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
