"""The synchronous client; the other one is made of it by tools/client_sync.py."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Self, TypeVar

import httpx2
from typing_extensions import Unpack

from tollbook_client import calls
from tollbook_client.errors import RefusedError, UnreachableError
from tollbook_client.shapes import Asked, Change, Document, Receipt, Tolls, Wanted

Answer = TypeVar("Answer")

FEED_TIMEOUT: Final = httpx2.Timeout(10.0, read=60.0)
"""Seconds of silence after which a feed counts as broken: the server says something every 15."""


class Client:
    """A synchronous client of one server.

    `TOLLBOOK_URL` and `TOLLBOOK_TOKEN` stand for what is not given.
    """

    def __init__(
        self, url: str | None = None, *, token: str | None = None, timeout: float = 60.0
    ) -> None:
        """Take the server's address and the token; nothing is sent yet.

        Args:
            url: `http://127.0.0.1:8080` where nothing else is said.
            token: `tb_...`; none where reading is open to everybody.
            timeout: seconds that an answer may take.
        """
        self._http = httpx2.Client(**calls.settings(url, token, timeout))

    def __enter__(self) -> Self:
        """Use it by `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its connections."""
        self._http.close()

    def crises(self) -> list[Document]:
        """The crises of the ledger, and how far their views have come."""
        return list((self._send(calls.document("/v1/crises")))["crises"])

    def tolls(self, crisis: str, **asked: Unpack[Asked]) -> Tolls:
        """How many, where, according to whom, how sure."""
        found: Tolls = self._send(calls.view(crisis, "tolls", asked))
        return found

    def displacement(self, crisis: str, **asked: Unpack[Asked]) -> Tolls:
        """Who moved or shelters; persons and families are never added."""
        found: Tolls = self._send(calls.view(crisis, "displacement", asked))
        return found

    def view(self, crisis: str, name: str, **asked: str) -> Document:
        """Any view by its name: revisions, incidents, sources, conflicts, statements.

        Also `explain` with `cell`, and `diff` with `from` and `to`, as `**{"from": ...}`.
        """
        found: Document = self._send(calls.view(crisis, name, asked))
        return found

    def areas(self, name: str, **asked: str) -> Document:
        """Which areas a name or a code means."""
        found: Document = self._send(calls.document("/v1/areas", {"q": name, **asked}))
        return found

    def event(self, source: str, event_id: str) -> Document | None:
        """A stored event with its place; None where there is none."""
        asked = {"source": source, "id": event_id}
        found = (self._send(calls.document("/v1/events", asked)))["events"]
        return found[0] if found else None

    def receipt(self, source: str, event_id: str) -> bytes:
        """The proof that an event is in the ledger, for `verify_receipt`."""
        asked = {"source": source, "id": event_id}
        return self._send(calls.raw("/v1/receipts", asked))

    def me(self) -> Document:
        """Whose token this is, and what it may do."""
        found: Document = self._send(calls.document("/v1/me"))
        return found

    def publish(self, events: Iterable[Mapping[str, Any] | bytes]) -> list[Receipt]:
        """Append events; a receipt for each, when all are on disk.

        They are sent in batches. What was sent and not answered is sent again: an event that is
        there already is told to be a duplicate.

        Raises:
            RefusedError: some were refused; it has the receipts of all.
            ProblemError: the server takes none of them.
        """
        receipts: list[Receipt] = []
        for batch in calls.batches(events):
            told: list[Receipt] = self._send(calls.publish(batch))
            receipts += told
        if any(one["status"] in {"rejected", "quarantined"} for one in receipts):
            raise RefusedError(receipts)
        return receipts

    def follow(self, *, after: str = "$", **wanted: Unpack[Wanted]) -> Iterator[Change]:
        """Every change from now on, or behind an id; it comes back by itself when it is cut off.

        Args:
            after: `$` for what changes from now on, `0` for everything since the ledger began, or
                the `id` of a change.
            wanted: which changes.

        Raises:
            GapError: changes are missing; read the views again.
            ProblemError: the server says no.
            UnreachableError: it does not come back.
        """
        tried, last = 0, after
        while True:
            asked: dict[str, Any] = {**wanted, "after": last}
            answer = None
            try:
                with self._http.stream(
                    "GET", "/v1/feed", params=asked, timeout=FEED_TIMEOUT
                ) as answer:
                    if not calls.is_busy(answer):
                        if not answer.is_success:
                            answer.read()
                        calls.must_have_no_gap(answer)
                        tried = 0
                        for event in httpx2.EventSource(answer):
                            change = calls.change_of(event)
                            if change is not None:
                                yield change
                            last = event.id or last
            except httpx2.TransportError as error:
                if tried + 1 == calls.TRIES:
                    raise UnreachableError(
                        f"{self._http.base_url} does not come back: {type(error).__name__}"
                    ) from error
            time.sleep(calls.wait_s(tried, answer))
            tried = min(tried + 1, calls.TRIES - 1)

    def _send(self, call: calls.Call[Answer]) -> Answer:
        for tried in range(calls.TRIES):
            last = tried + 1 == calls.TRIES
            try:
                answer = self._http.request(
                    call.method,
                    call.path,
                    params=dict(call.params),
                    content=call.content,
                    headers=call.headers,
                )
            except httpx2.TransportError as error:
                if last:
                    raise UnreachableError(
                        f"{self._http.base_url} does not answer: {type(error).__name__}"
                    ) from error
                time.sleep(calls.wait_s(tried, None))
                continue
            if not calls.is_busy(answer) or last:
                return call.read(answer)
            time.sleep(calls.wait_s(tried, answer))
        raise AssertionError("unreachable")
