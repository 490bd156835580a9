"""What keeps a server from being ready, out of a status document and the limits that are set."""

import copy

import pytest

from tollbook_schemas.errors import UsageError
from tollbook_services.operations.facts import EngineFacts
from tollbook_services.operations.limits import DISK_FREE_MIN, Limits, read_limits
from tollbook_services.operations.readiness import alive, away, readiness

FINE = EngineFacts("always", last_write_ok=True, disk_free=DISK_FREE_MIN)
MIB = 2**20


def worker(role, name="host:1", state="running"):
    return {"worker": name, "role": role, "state": state, "sequence": 7, "age_seconds": 0.1}


def partition(number, **change):
    view = {
        "projection": "figures", "version": 1, "sequence": 7, "recorded_at": None,
        "lag_events": 0, "lag_seconds": 0.0, "parked": 0,
    }  # fmt: skip
    return {
        "partition": number, "head": 7, "recorded_at": None, "state": "healthy", "quarantined": 0,
        "projections": [view], "sealed": {"size": 7, "lag_events": 0, "lag_seconds": 0.0},
        "workers": [worker("projector", f"host:1:{number}"), worker("sealer", f"host:2:{number}")],
        "leases": [{
            "role": "projector", "worker": f"host:1:{number}", "token": 41 + number,
            "held_seconds": 7.0, "left_seconds": 1.5,
        }],
        **change,
    }  # fmt: skip


WELL = {
    "ledger": "x", "time": "2026-03-01T12:00:00Z", "state": "healthy", "healthy": True,
    "alarms": [], "rejected": 0, "quarantined": 0,
    "engine": {
        "kind": "valkey", "version": "9", "run": "r", "verified": True,
        "memory_used": 10 * MIB, "memory_max": None, "memory_full": False,
    },
    "partitions": [partition(0), partition(1)],
    "inbox": {
        "length": 0, "pending": 0, "unread": 0, "oldest_seconds": None,
        "oldest_pending_seconds": None, "consumers": 1, "state": "healthy",
    },
    "workers": [worker("intake", "host:3:ab")],
}  # fmt: skip


def changed(change):
    """A well status, with a value put at each dotted place."""
    status = copy.deepcopy(WELL)
    for place, value in change.items():
        *path, last = [int(part) if part.isdigit() else part for part in place.split(".")]
        node = status
        for part in path:
            node = node[part]
        node[last] = value
    return status


def failed(document):
    return [check["name"] for check in document["checks"] if not check["ok"]]


LAG, EVENTS = "partitions.1.projections.0.lag_seconds", "partitions.1.projections.0.lag_events"
SEALED = "partitions.0.sealed.lag_seconds"


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, []),
        ({"alarms": [{"kind": "x", "message": "broken"}]}, ["alarms"]),
        ({LAG: 10.0, EVENTS: 100_000}, []),
        ({LAG: 10.1}, ["views_lag_seconds"]),
        ({EVENTS: 100_001}, ["views_lag_events"]),
        ({SEALED: 60.0}, []),
        ({SEALED: 60.1}, ["sealed_lag_seconds"]),
        ({"partitions.0.sealed": None}, []),
        ({"inbox.oldest_seconds": 60.0, "inbox.oldest_pending_seconds": 60.0}, []),
        ({"inbox.oldest_seconds": 60.1}, ["inbox_oldest_seconds"]),
        ({"inbox.oldest_pending_seconds": 60.1}, ["inbox_oldest_pending_seconds"]),
        ({"inbox.length": 100_000}, []),
        ({"inbox.length": 100_001}, ["inbox_entries"]),
        ({"engine.memory_max": 20 * MIB}, []),
        ({"engine.memory_max": 10 * MIB}, ["memory_part"]),
    ],
)
def test_what_keeps_a_server_from_being_ready(change, wrong):
    document = readiness(changed(change), FINE, stopping=False)

    assert failed(document) == wrong
    assert document["ready"] is (wrong == [])
    assert all(check["remedy"] for check in document["checks"] if not check["ok"])


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        (EngineFacts("everysec", last_write_ok=True, disk_free=None), ["appendfsync"]),
        (EngineFacts(None, last_write_ok=True, disk_free=None), []),
        (EngineFacts("always", last_write_ok=False, disk_free=None), ["last_write"]),
        (EngineFacts("always", last_write_ok=True, disk_free=DISK_FREE_MIN - 1),
         ["disk_free_bytes"]),
    ],
)  # fmt: skip
def test_an_engine_that_may_lose_what_it_acknowledged_is_not_ready(facts, wrong):
    assert failed(readiness(WELL, facts, stopping=False)) == wrong


def test_a_server_that_stops_is_not_ready_and_one_without_its_engine_neither():
    assert failed(readiness(WELL, FINE, stopping=True)) == ["serving"]
    assert failed(away("ConnectionError")) == ["engine"]


@pytest.mark.parametrize("role", ["intake", "projector", "sealer"])
@pytest.mark.parametrize("state", ["stopped", "missing"])
def test_a_worker_that_has_to_be_alive_and_is_not_is_named(role, state):
    status = copy.deepcopy(WELL)
    for place in (status, *status["partitions"]):
        others = [one for one in place["workers"] if one["role"] != role]
        gone = [one | {"state": "stopped"} for one in place["workers"] if one["role"] == role]
        place["workers"] = others + (gone if state == "stopped" else [])
    needed = Limits(workers=(role,))

    assert failed(readiness(status, FINE, stopping=False, limits=needed)) == [f"{role}_alive"]
    assert failed(readiness(status, FINE, stopping=False)) == []


def test_without_a_projector_requests_fold_themselves_and_lag_keeps_nobody_away():
    status = changed({LAG: 999.0, SEALED: 999.0})
    for part in status["partitions"]:
        part["workers"] = []
    assert failed(readiness(status, FINE, stopping=False)) == []
    needed = Limits(workers=("projector",))
    assert failed(readiness(status, FINE, stopping=False, limits=needed)) == [
        "projector_alive", "views_lag_seconds",
    ]  # fmt: skip


def test_a_worker_of_several_partitions_is_counted_once():
    assert (alive(WELL, "projector"), alive(WELL, "intake")) == (1, 1)
    two = changed({"partitions.1.workers.0.worker": "other:1:1"})
    assert alive(two, "projector") == 2


def test_limits_come_from_the_environment_and_bad_ones_are_named(monkeypatch):
    monkeypatch.setenv("TOLLBOOK_READY_LAG_S", "2.5")
    monkeypatch.setenv("TOLLBOOK_READY_WORKERS", '["intake", "projector"]')
    limits = read_limits()
    assert (limits.lag_s, limits.workers) == (2.5, ("intake", "projector"))
    assert failed(readiness(changed({LAG: 3.0}), FINE, stopping=False, limits=limits)) == [
        "views_lag_seconds"
    ]
    monkeypatch.setenv("TOLLBOOK_READY_LAG_S", "soon")
    with pytest.raises(UsageError, match="TOLLBOOK_READY_LAG_S=soon: "):
        read_limits()
