"""What every export says of itself: crisis, clocks, policy, gazetteer, licence, version."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

NOT_STATED: Final = "not stated"
"""The licence where neither the user nor any report names one: it is never invented."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an export is of.

    Attributes:
        subject: tolls, displacement, revisions or events.
        crisis: its slug; None for the events of all crises.
        as_of: the cut-off that was asked for, RFC 3339; None for none.
        published_as_of: the publications that were asked for, until then; None for all.
        sequence: the last ledger position that is in it; None where several partitions are.
        recorded_at: when that was recorded; None for an empty ledger.
        policy: id of the policy.
        gazetteer: version of the areas.
        licence: terms of the data.
        filters: which part was asked for, such as `area=SY-LA originator=sohr`; None for all.
        exported_by: program and version.
        redacted: global ids of the events of the crisis whose withheld fields were destroyed.
    """

    subject: str
    crisis: str | None
    as_of: str | None
    published_as_of: str | None
    sequence: int | None
    recorded_at: str | None
    policy: str
    gazetteer: str
    licence: str
    exported_by: str
    filters: str | None = None
    redacted: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As members of a JSON document."""
        return {
            "crisis": self.crisis,
            "as_of": self.as_of,
            "published_as_of": self.published_as_of,
            "known_as_of": {"sequence": self.sequence, "time": self.recorded_at},
            "filters": self.filters,
            "policy": self.policy,
            "gazetteer": self.gazetteer,
            "licence": self.licence,
            "exported_by": self.exported_by,
            **({"redacted_events": list(self.redacted)} if self.redacted else {}),
        }

    def columns(self) -> dict[str, Any]:
        """As the columns `columns.METADATA`, which stand on each row of a CSV file."""
        return {
            "asked_as_of": self.as_of,
            "published_as_of": self.published_as_of,
            "known_as_of_sequence": self.sequence,
            "known_as_of_time": self.recorded_at,
            "filters": self.filters,
            "policy": self.policy,
            "gazetteer": self.gazetteer,
            "licence": self.licence,
            "exported_by": self.exported_by,
            "redacted": " ".join(self.redacted) or None,
        }

    def texts(self) -> dict[str, str]:
        """As texts by name, without what is not given."""
        given = {"subject": self.subject, "crisis": self.crisis, **self.columns()}
        return {name: str(value) for name, value in given.items() if value is not None}


def program() -> str:
    """`tollbook 0.1.0`."""
    return f"tollbook {version('tollbook')}"
