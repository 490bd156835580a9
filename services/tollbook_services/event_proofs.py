"""The events that an explanation rests on, with their places, so that each can be proved."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from tollbook_projections.filing import (
    ACT_ROW,
    FIGURE_ROW,
    INCIDENT_ROW,
    REFERENCE_ROW,
    Document,
    decode,
)
from tollbook_services.ledger import Ledger


def sequences_used(
    document: Mapping[str, Any], rows: Iterable[Mapping[str, bytes]], known: int
) -> list[int]:
    """The sequences of the events that an explanation rests on, in order.

    These are the events that filed the figures of its cell and of its steps, the acts of editors
    about those figures and about incidents where they name these, and the policy, if published.

    Args:
        document: the explanation.
        rows: of the crisis, and what is shared with other crises of the partition.
        known: nothing later than this sequence is used.
    """
    figures = {*document["cell"]["figures"]}
    figures.update(one for step in document["steps"] for t in step["terms"] for one in t["figures"])
    found = set()
    for some in rows:
        for key, row in some.items():
            if key.startswith((FIGURE_ROW, ACT_ROW, INCIDENT_ROW, REFERENCE_ROW)):
                told = decode(row)
                if told["sequence"] <= known and _is_used(key, told, figures, document["policy"]):
                    found.add(told["sequence"])
    return sorted(found)


async def proofs_of(ledger: Ledger, partition: int, sequences: Iterable[int]) -> list[Document]:
    """Each event with its place in the ledger and in the log of its partition."""
    found = []
    for sequence in sequences:
        for entry in await ledger.read(partition, sequence - 1, 1, sequence):
            event = orjson.loads(entry.stored)
            found.append(
                {
                    "partition": partition,
                    "sequence": sequence,
                    "leaf_index": sequence - 1,
                    "source": event["source"],
                    "id": event["id"],
                }
            )
    return found


def _is_used(key: str, told: Document, figures: set[str], policy: str) -> bool:
    """Whether a row is of an event that was used; acts on incidents name figures as they like."""
    if key.startswith(FIGURE_ROW):
        return key.removeprefix(FIGURE_ROW) in figures
    if key.startswith(ACT_ROW):
        return bool(told["figure"] in figures)
    if key.startswith(INCIDENT_ROW):
        return not figures.isdisjoint(_texts(told["data"]))
    return bool(told["reference"] == "policy" and told["data"]["policy"] == policy)


def _texts(value: Any) -> Iterable[str]:
    """Every text in a JSON value."""
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
