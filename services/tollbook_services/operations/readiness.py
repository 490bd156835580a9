"""Whether this server should get requests: each thing that has to be so, with what to do if not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tollbook_schemas.views import StatusDocument, WorkerStatus
from tollbook_services.operations.facts import EngineFacts
from tollbook_services.operations.limits import Limits, Role

ROLES: Final[tuple[Role, ...]] = ("intake", "projector", "sealer")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be so.

    Attributes:
        name: what it is called, also in alerts.
        ok: whether it is so.
        value: what was found.
        limit: what it may be; None where it is a yes or a no.
        remedy: what to do where it is not so.
    """

    name: str
    ok: bool
    value: object
    limit: object
    remedy: str

    def document(self) -> Document:
        """As `/readyz` has it: the remedy only where it is needed."""
        told: Document = {"name": self.name, "ok": self.ok, "value": self.value}
        if self.limit is not None:
            told["limit"] = self.limit
        return told if self.ok else told | {"remedy": self.remedy}


def readiness(
    status: StatusDocument, facts: EngineFacts, *, stopping: bool, limits: Limits | None = None
) -> Document:
    """The document of `/readyz`: `{"ready", "state", "generation", "checks": [...]}`.

    Args:
        status: how ledger, views and workers stand.
        facts: how the engine keeps them.
        stopping: whether the server is about to end.
        limits: what an operator set; default: the documented ones.
    """
    checks = list(_checks(status, facts, limits or Limits(), stopping=stopping))
    return {
        "ready": all(check.ok for check in checks),
        "state": status["state"],
        "generation": facts.generation,
        "checks": [check.document() for check in checks],
    }


def away(reason: str) -> Document:
    """The document where the engine cannot be reached."""
    check = Check("engine", ok=False, value=reason, limit=None, remedy="start the engine")
    return {"ready": False, "state": "away", "checks": [check.document()]}


def views_lag_s(status: StatusDocument) -> float:
    """Seconds that the oldest event waits which some view lacks."""
    return max(
        (one["lag_seconds"] for part in status["partitions"] for one in part["projections"]),
        default=0.0,
    )


def views_lag_events(status: StatusDocument) -> int:
    """Events that the view furthest behind lacks."""
    return max(
        (one["lag_events"] for part in status["partitions"] for one in part["projections"]),
        default=0,
    )


def sealed_lag_s(status: StatusDocument) -> float:
    """Seconds that the oldest event waits which no signed head covers, where any was signed."""
    sealed = (part["sealed"] for part in status["partitions"])
    return max((one["lag_seconds"] for one in sealed if one is not None), default=0.0)


def alive(status: StatusDocument, role: Role) -> int:
    """Workers of a role that are alive; one that serves several partitions counts once."""
    return len({_process(one) for one in _workers(status, role) if one["state"] != "stopped"})


def _checks(
    status: StatusDocument, facts: EngineFacts, limits: Limits, *, stopping: bool
) -> Iterator[Check]:
    yield Check("serving", not stopping, not stopping, None, "it is stopping: ask another server")
    alarms = [one["message"] for one in status["alarms"]]
    yield Check("alarms", not alarms, alarms, None, "; ".join(alarms))
    yield from _workers_checks(status, limits)
    yield from _lags(status, limits)
    yield from _engine(status, facts, limits)


def _workers_checks(status: StatusDocument, limits: Limits) -> Iterator[Check]:
    """Of each role. One that nobody asked for may be missing: requests fold what they need."""
    for role in ROLES:
        count = alive(status, role)
        needed = role in limits.workers
        remedy = f"no {role} is alive: see its log, and start `tollbook serve` or `tollbook {role}`"
        yield Check(f"{role}_alive", count > 0 or not needed, count, int(needed), remedy)


def _lags(status: StatusDocument, limits: Limits) -> Iterator[Check]:
    remedy = "see whether a projector runs and keeps up: `tollbook status`"
    if _expected(status, "projector", limits):
        lag, events = views_lag_s(status), views_lag_events(status)
        yield _at_most("views_lag_seconds", lag, limits.lag_s, remedy)
        yield _at_most("views_lag_events", events, limits.lag_events, remedy)
    if _expected(status, "sealer", limits):
        lag = sealed_lag_s(status)
        remedy = "see whether a sealer runs, and its log: `tollbook status`"
        yield _at_most("sealed_lag_seconds", lag, limits.sealed_s, remedy)
    inbox, remedy = status["inbox"], "see whether an intake runs: `tollbook status`"
    waits, pending = inbox["oldest_seconds"] or 0.0, inbox["oldest_pending_seconds"] or 0.0
    yield _at_most("inbox_entries", inbox["length"], limits.inbox_entries, remedy)
    yield _at_most("inbox_oldest_seconds", waits, limits.inbox_s, remedy)
    yield _at_most("inbox_oldest_pending_seconds", pending, limits.inbox_s, remedy)


def _engine(status: StatusDocument, facts: EngineFacts, limits: Limits) -> Iterator[Check]:
    if facts.appendfsync is not None:
        yield Check(
            "appendfsync",
            facts.appendfsync == "always",
            facts.appendfsync,
            "always",
            "acknowledged events could be lost: CONFIG SET appendfsync always",
        )
    yield Check(
        "last_write",
        facts.last_write_ok,
        facts.last_write_ok,
        None,
        "the engine could not write its file: look at its log and its disk",
    )
    if facts.disk_free is not None:
        yield Check(
            "disk_free_bytes",
            facts.disk_free >= limits.disk_free,
            facts.disk_free,
            limits.disk_free,
            "make room on the disk, or archive: `tollbook archive`",
        )
    most = status["engine"]["memory_max"]
    if most is not None:
        part = status["engine"]["memory_used"] / most
        remedy = "raise maxmemory, or archive: `tollbook archive`; at the limit nothing is written"
        yield _at_most("memory_part", part, limits.memory_part, remedy)


def _at_most(name: str, value: float, limit: float, remedy: str) -> Check:
    return Check(name, value <= limit, round(value, 3), limit, remedy)


def _expected(status: StatusDocument, role: Role, limits: Limits) -> bool:
    """Whether a role has work to keep up with: somebody does it, or has to."""
    return role in limits.workers or alive(status, role) > 0


def _workers(status: StatusDocument, role: Role) -> Sequence[WorkerStatus]:
    everyone = [one for part in status["partitions"] for one in part["workers"]]
    return [one for one in (*everyone, *status["workers"]) if one["role"] == role]


def _process(worker: WorkerStatus) -> str:
    """`host:pid` of a worker, whose name may go on for each partition."""
    return ":".join(worker["worker"].split(":")[:2])
