"""Which policy and which gazetteers are in force: built in, or published in the ledger."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from tollbook_projections.dossiers import documents_of
from tollbook_projections.filing import REFERENCE_ROW, Document
from tollbook_projections.selection import Moment
from tollbook_schemas.area import versions_from
from tollbook_schemas.errors import UsageError
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy
from tollbook_schemas.times import instant_of

_GAZETTEERS_KEPT: Final = 8
"""Gazetteers with versions kept: building one of 32,767 areas takes most of a second, and the
questions of one process are about a few sets of versions."""


def read_with(
    rows: Mapping[str, bytes],
    shared_rows: Mapping[str, bytes],
    moment: Moment,
    gazetteer: Gazetteer,
    policy: Policy,
    policy_id: str | None = None,
) -> tuple[Gazetteer, Policy]:
    """The gazetteer and the policy that a question about a crisis is answered with.

    Of the policies (and of the gazetteers of one id, country and day of validity) that apply, the
    one with the latest event time holds, then the greatest event id: arrival plays no part.

    Args:
        rows: rows of the crisis in the projection `figures`.
        shared_rows: those of the ledger subject of its partition, read at the same position.
        moment: only what had been recorded by `known_as_of` counts.
        gazetteer: the built-in areas, which published ones are added to.
        policy: the built-in policy, in force while none was published.
        policy_id: the id of the policy to use instead of the one in force.

    Raises:
        UsageError: no policy of that id was published by then, nor is it the built-in one.
    """
    known = moment.known_as_of
    documents = [
        document
        for one in (rows, shared_rows)
        for document in documents_of(one, REFERENCE_ROW)
        if known is None or document["sequence"] <= known
    ]
    return in_force(documents, gazetteer, policy, policy_id)


def in_force(
    documents: Iterable[Document],
    gazetteer: Gazetteer,
    policy: Policy,
    policy_id: str | None = None,
) -> tuple[Gazetteer, Policy]:
    """The same from the documents of `filing.published_references`."""
    ordered = sorted(documents, key=_order)
    policies = [one for one in ordered if one["reference"] == "policy"]
    gazetteers = tuple(one["data"] for one in ordered if one["reference"] == "gazetteer")
    if gazetteers:
        gazetteer = _with_versions(gazetteer, _Tables(gazetteers))
    return gazetteer, _chosen(policies, policy, policy_id)


def policy_in_force(documents: Iterable[Document]) -> Document | None:
    """The document of the policy that holds; None where the built-in one does."""
    policies = [one for one in documents if one["reference"] == "policy"]
    return max(policies, key=_order, default=None)


class _Tables:
    """The data of published gazetteers, in order, as a key that is equal for equal tables."""

    def __init__(self, documents: tuple[Document, ...]) -> None:
        self.documents = documents
        self._key = tuple(
            (one["gazetteer"], one["country"], one["valid_from"], len(one["areas"]))
            for one in documents
        )

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Tables) and self.documents == other.documents


@lru_cache(maxsize=_GAZETTEERS_KEPT)
def _with_versions(gazetteer: Gazetteer, tables: _Tables) -> Gazetteer:
    return gazetteer.with_versions(versions_from(tables.documents))


def _chosen(policies: list[Document], built_in: Policy, policy_id: str | None) -> Policy:
    """The latest policy, or the latest of an id."""
    if policy_id is None:
        return policy_of(policies[-1]["data"], built_in) if policies else built_in
    for document in reversed(policies):
        if document["data"]["policy"] == policy_id:
            return policy_of(document["data"], built_in)
    if policy_id == built_in.id:
        return built_in
    known = ", ".join(dict.fromkeys((built_in.id, *(one["data"]["policy"] for one in policies))))
    raise UsageError(f"no policy {policy_id!r} for this crisis by then: known are {known}")


def policy_of(data: Mapping[str, Any], built_in: Policy) -> Policy:
    """A published policy; what it does not say is as built in.

    Args:
        data: the `data` of a `policy.published` event.
        built_in: gives what is missing, word by word and size by size.
    """
    words = {word: (span["from"], span["to"]) for word, span in data.get("lexical", {}).items()}
    households = data.get("household_sizes", {})
    generic = households.get("generic", built_in.household_size)
    return Policy(
        id=data["policy"],
        source_rank=tuple(data.get("source_rank", built_in.source_rank)),
        lexical={**built_in.lexical, **words},
        approximately_tolerance=data.get(
            "approximately_tolerance", built_in.approximately_tolerance
        ),
        household_size=generic,
        household_rule=f"generic-{generic}",
        household_size_by_area={
            **built_in.household_size_by_area,
            **households.get("by_area", {}),
        },
        sensitive=tuple(data.get("sensitive", built_in.sensitive)),
    )


def _order(document: Document) -> tuple[datetime, str]:
    return instant_of(document["time"]), document["event"]
