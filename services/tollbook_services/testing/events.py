"""Builders of small events as JSON documents, with everything filled in that a test leaves out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

Document = dict[str, Any]
Quantity = int | str | tuple[int, int] | Mapping[str, Any]

SOURCE: Final = "https://test.example"
CRISIS: Final = "crisis"
DAY: Final = "2025-03-01"
"""The day of an event that does not say, as a date."""

_REASON: Final = "said so"
_BARE: Final = frozenset({"unquantified", "unknown", "none_reported"})


def figure(name: str, quantity: Quantity, *areas: str, **fields: Any) -> Document:
    """A figure of killed persons, cumulative, unless `fields` say otherwise.

    Args:
        name: its id in the report.
        quantity: a number is exact, a pair of numbers a range, a word is lexical such as "dozens"
            (or a qualifier that has no value), and a mapping is taken as it is.
        areas: codes such as "SY-LA", at least one.
        fields: any other field of a figure.
    """
    return {
        "id": name,
        "measure": "killed",
        "unit": "person",
        "basis": "cumulative",
        "areas": list(areas),
        "quantity": _quantity(quantity),
        **fields,
    }


def report(
    name: str,
    *figures: Mapping[str, Any],
    by: str = "desk",
    day: str = DAY,
    crisis: str = CRISIS,
    source: str = SOURCE,
    **fields: Any,
) -> Document:
    """A report published on a day; a figure that does not say counts up to that day.

    Args:
        name: the id of the event.
        figures: what `figure` gives.
        by: the originator.
        day: a date; the event's time is its noon.
        crisis: the subject.
        source: the source of the event.
        fields: any other field of a report, such as `statements` or `relayed_by`.
    """
    data = {
        "originator": by,
        "published_at": day,
        "figures": [{"as_of": day, **one} for one in figures],
        **fields,
    }
    return _event("report.filed", name, data, day=day, crisis=crisis, source=source)


def revised(name: str, of: str, quantity: Quantity | None = None, **fields: Any) -> Document:
    """A figure corrected (or of another `kind`); `fields` as for every act on a figure.

    Args:
        name: the id of the event.
        of: the figure, `report#figure`, or by its global id where it has another source.
        quantity: what it says now.
        fields: `reason`, `kind` and other data, and `day`, `crisis`, `source` of the event.
    """
    changes = {} if quantity is None else {"quantity": _quantity(quantity)}
    return _act("figure.revised", name, of, {"kind": "correction", **changes}, fields)


def reinstated(name: str, of: str, **fields: Any) -> Document:
    """A retraction undone."""
    return _act("figure.revised", name, of, {"kind": "reinstatement"}, fields)


def retracted(name: str, of: str, **fields: Any) -> Document:
    """A figure taken back."""
    return _act("figure.retracted", name, of, {}, fields)


def duplicate(name: str, of: str, other: str, **fields: Any) -> Document:
    """A figure found to repeat another one, which stays."""
    return _act("figure.marked_duplicate", name, of, {"of": _global(other, fields)}, fields)


def reviewed(name: str, of: str, **fields: Any) -> Document:
    """A figure looked at: give a `role`, a `status`, or both."""
    return _act("figure.reviewed", name, of, {"reviewer": "desk"}, fields)


def incident_opened(name: str, incident: str, *figures: str, **fields: Any) -> Document:
    """An incident given a name, and figures to it, `report#figure`."""
    data: Document = {"incident": incident, "title": incident}
    if figures:
        data["figures"] = [_global(one, fields) for one in figures]
    return _about("incident.opened", name, data, fields)


def incidents_merged(name: str, into: str, *incidents: str, **fields: Any) -> Document:
    """Incidents, by slug or by `report#figure`, found to be one."""
    named = [_global(one, fields) if "#" in one else one for one in incidents]
    return _about("incidents.merged", name, {"incidents": named, "into": into}, fields)


def incident_split(
    name: str, incident: str, into: Mapping[str, Sequence[str]], **fields: Any
) -> Document:
    """An incident found to be several: the figures of each, by its slug."""
    parts = [
        {"incident": part, "figures": [_global(one, fields) for one in figures]}
        for part, figures in into.items()
    ]
    return _about("incident.split", name, {"incident": incident, "into": parts}, fields)


def policy(name: str, policy_id: str, **fields: Any) -> Document:
    """A policy published: `source_rank`, `lexical`, and so on; missing ones as built in.

    With `crisis="tollbook-ledger-0"` it governs every crisis.
    """
    return _about("policy.published", name, {"policy": policy_id}, fields)


def gazetteer(
    name: str, gazetteer_id: str, country: str, *areas: Mapping[str, Any], **fields: Any
) -> Document:
    """A table of a country's areas, each with `code`, `name`, `level` and `parent`."""
    data = {
        "gazetteer": gazetteer_id,
        "country": country,
        "valid_from": fields.get("day", DAY),
        "areas": list(areas),
    }
    return _about("gazetteer.published", name, data, fields)


def _act(kind: str, name: str, of: str, data: Document, fields: Document) -> Document:
    return _about(kind, name, {"figure": _global(of, fields), **data}, fields)


def _about(kind: str, name: str, data: Document, fields: Document) -> Document:
    """An event with a reason; `fields` go to the envelope where it has them, else to the data."""
    envelope = {key: fields[key] for key in ("day", "crisis", "source") if key in fields}
    more = {key: value for key, value in fields.items() if key not in envelope}
    return _event(kind, name, {"reason": _REASON, **data, **more}, **envelope)


def _event(
    kind: str,
    name: str,
    data: Document,
    *,
    day: str = DAY,
    crisis: str = CRISIS,
    source: str = SOURCE,
) -> Document:
    return {
        "specversion": "1.0",
        "type": f"org.tollbook.{kind}.v1",
        "source": source,
        "id": name,
        "subject": crisis,
        "time": f"{day}T12:00:00Z",
        "data": data,
    }


def _global(figure_name: str, fields: Mapping[str, Any]) -> str:
    """The global id of `report#figure`; one that has its source already stays."""
    if "/" in figure_name:
        return figure_name
    return f"{fields.get('source', SOURCE)}/{figure_name}"


def _quantity(quantity: Quantity) -> Document:
    match quantity:
        case int():
            return {"qualifier": "exactly", "value": quantity}
        case str() if quantity in _BARE:
            return {"qualifier": quantity}
        case str():
            return {"qualifier": "lexical", "word": quantity}
        case (low, high):
            return {"qualifier": "between", "from": low, "to": high}
        case _:
            return dict(quantity)
