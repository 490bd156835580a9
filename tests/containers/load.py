"""A sender that goes on through trouble: what it was told is kept has to be there afterwards."""

import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any, Self

import httpx2
import orjson
from redis import Redis, RedisCluster
from redis.exceptions import RedisClusterException, RedisError
from tests.containers.composed import AwayError, Composed, until
from tests.containers.reports import report

INBOX = "tollbook:inbox"
BATCH = 5
"""Reports of a request, and of a call."""
REPLICAS = {"single": 0, "cluster": 1, "sentinel": 2}
"""All that a primary has: any of them may be the next."""
KILLED = 4711
"""What each report says: the same, so that their number changes nothing."""
SHOWN = b"4,711"
ANSWER_S_MAX = 5.0
GIVEN_UP_S = 90.0
"""Seconds after which a sender that still has no answer is a failure."""
AGAIN_S = 0.05
"""Seconds between tries, and between batches: a sender of some hundred reports a second."""


class Load:
    """Sends reports of one crisis by HTTP and by the inbox while a `with` block runs.

    A batch that gets no answer, or a refusal, is sent again as it is: so every sender has to.
    """

    def __init__(self, system: Composed, token: str, crisis: str, *, inbox: bool = True) -> None:
        self.system, self.token, self.crisis = system, token, crisis
        self.acknowledged: set[str] = set()
        self.tries: Counter[str] = Counter()
        self._ended = threading.Event()
        self._faults: list[BaseException] = []
        ways = (self._by_http, self._by_inbox) if inbox else (self._by_http,)
        self._threads = [threading.Thread(target=self._run, args=(way,)) for way in ways]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        if self._faults:
            raise self._faults[0]

    def more(self, count: int) -> None:
        """Waits until so many more reports were acknowledged."""
        enough = len(self.acknowledged) + count
        until(
            lambda: bool(self._faults) or len(self.acknowledged) >= enough,
            lambda: f"{dict(self.tries)}\n{self.system.logs()}",
        )

    def _run(self, way: Any) -> None:
        try:
            way()
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            self._faults.append(error)

    def _by_http(self) -> None:
        self._send("http", self._post)

    def _by_inbox(self) -> None:
        self._send("inbox", self._add)

    def _send(self, way: str, send: Any) -> None:
        number = 0
        while not self._ended.is_set():
            names = [f"{self.crisis}-{way}-{number + offset}" for offset in range(BATCH)]
            number += BATCH
            end = time.monotonic() + GIVEN_UP_S
            while not send([(name, report(name, KILLED, self.crisis)) for name in names]):
                self.tries[f"{way} again"] += 1
                assert time.monotonic() < end, f"nothing answers by {way}\n{self.system.logs()}"
                time.sleep(AGAIN_S)
            self.acknowledged.update(names)
            self._ended.wait(AGAIN_S)

    def _post(self, batch: list[tuple[str, bytes]]) -> bool:
        """Whether each report has a receipt."""
        lines = b"\n".join(line for _, line in batch)
        try:
            answer = asked(self.system, self.token, "POST", "/v1/events", lines)
        except (httpx2.HTTPError, AwayError):
            return False
        assert answer.status_code not in {409, 422}, answer.text
        if answer.status_code != 200:
            self.tries[f"http {answer.status_code}"] += 1
            return False
        told = [one["status"] for one in answer.json()["receipts"]]
        assert set(told) <= {"appended", "duplicate"}, told
        return len(told) == len(batch)

    def _add(self, batch: list[tuple[str, bytes]]) -> bool:
        """Whether the engine has taken each report into the inbox."""
        with suppress(RedisError, RedisClusterException, OSError, AwayError):
            added(self.system, [line for _, line in batch])
            return True
        return False

    def check(self) -> None:
        """What was acknowledged is there once, nothing waits, and the number is on the page."""
        until(lambda: waiting(self.system) == 0, self.system.logs)
        kept = Counter(events_of(self.system, self.token, self.crisis))
        lost = self.acknowledged - set(kept)
        doubled = [name for name, times in kept.items() if times > 1]
        assert not lost, f"{len(lost)} of {len(self.acknowledged)} lost: {sorted(lost)[:5]}"
        assert not doubled
        until(lambda: SHOWN in self._page(), self.system.logs)

    def _page(self) -> bytes:
        with suppress(httpx2.HTTPError, AwayError):
            return asked(self.system, self.token, "GET", f"/crises/{self.crisis}").content
        return b""


def added(system: Composed, lines: list[bytes]) -> None:
    """Puts reports in the inbox, on as many disks as this form of the system promises.

    Raises:
        RedisError: not all of them are; some may be.
    """
    with system.engine() as engine, on_one_connection(engine) as one:
        for line in lines:
            one.xadd(INBOX, {"event": line})
        replicas = REPLICAS[system.form]
        _, confirmed = one.execute_command("WAITAOF", 1, replicas, 2000)
        if confirmed < replicas:
            raise RedisError(f"{confirmed} replicas have it")


def on_one_connection(engine: Redis | RedisCluster) -> Redis:
    """A client of the server with the inbox; WAITAOF is about what its own connection wrote."""
    if isinstance(engine, RedisCluster):
        return engine.get_redis_connection(engine.get_node_from_key(INBOX)).client()
    return engine.client()


def waiting(system: Composed) -> int:
    """How many entries wait in the inbox; 1 where nobody answers."""
    with suppress(RedisError, RedisClusterException, OSError, AwayError), system.engine() as engine:
        return int(engine.xlen(INBOX))
    return 1


def asked(
    system: Composed, token: str, method: str, path: str, content: bytes | None = None
) -> httpx2.Response:
    """The answer of the HTTP server, wherever it is published at this moment."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    url = system.http() + path
    return httpx2.request(method, url, content=content, headers=headers, timeout=ANSWER_S_MAX)


def ready(system: Composed, token: str) -> bool:
    """Whether the HTTP server says that all of it works."""
    with suppress(httpx2.HTTPError, AwayError):
        return asked(system, token, "GET", "/readyz").status_code == 200
    return False


def events_of(system: Composed, token: str, crisis: str) -> list[str]:
    """The ids of all stored events of a crisis, as often as they are stored."""
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        path = f"/v1/events?crisis={crisis}&limit=1000" + (f"&cursor={cursor}" if cursor else "")
        answer = asked(system, token, "GET", path)
        assert answer.status_code == 200, answer.text
        page = orjson.loads(answer.content)
        names += [one["event"]["id"] for one in page["events"]]
        cursor = page["next"]
    return names
