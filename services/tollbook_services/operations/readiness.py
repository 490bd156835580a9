"""Whether this server should get requests: each thing that has to be so, with what to do if not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tollbook_schemas.views import StatusDocument
from tollbook_services.operations.facts import EngineFacts

DISK_FREE_MIN: Final = 256 * 2**20
"""Bytes: with less the engine may not be able to rewrite its file."""

INBOX_S_MAX: Final = 60.0
"""Seconds that a report may wait in the inbox."""

LAG_S_MAX: Final = 10.0
"""Seconds that an event may wait for the views."""

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


def readiness(status: StatusDocument, facts: EngineFacts, *, stopping: bool) -> Document:
    """The document of `/readyz`: `{"ready", "state", "checks": [...]}`."""
    checks = list(_checks(status, facts, stopping=stopping))
    return {
        "ready": all(check.ok for check in checks),
        "state": status["state"],
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


def _checks(status: StatusDocument, facts: EngineFacts, *, stopping: bool) -> Iterator[Check]:
    yield Check("serving", not stopping, not stopping, None, "it is stopping: ask another server")
    alarms = [one["message"] for one in status["alarms"]]
    yield Check("alarms", not alarms, alarms, None, "; ".join(alarms))
    lag = views_lag_s(status)
    yield Check(
        "views_lag_seconds",
        lag <= LAG_S_MAX,
        round(lag, 3),
        LAG_S_MAX,
        "see whether a projector runs and keeps up: `tollbook status`",
    )
    waits = status["inbox"]["oldest_seconds"] or 0.0
    yield Check(
        "inbox_oldest_seconds",
        waits <= INBOX_S_MAX,
        round(waits, 3),
        INBOX_S_MAX,
        "see whether an intake runs: `tollbook status`",
    )
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
            facts.disk_free >= DISK_FREE_MIN,
            facts.disk_free,
            DISK_FREE_MIN,
            "make room on the disk, or archive: `tollbook archive`",
        )
