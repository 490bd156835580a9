"""The policies of a ledger: which were published for a crisis, and which is in force."""

from dataclasses import dataclass
from typing import Any

from tollbook_projections.filing import REFERENCE_ROW, decode
from tollbook_projections.references import in_force, policy_in_force
from tollbook_schemas.errors import UsageError
from tollbook_schemas.policy import Policy
from tollbook_schemas.scope import is_ledger_subject
from tollbook_services import keys
from tollbook_services.wiring import Tollbook

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Published:
    """A policy, and what was published for the same crisis.

    Attributes:
        document: the policy as the data of a `policy.published` event, complete.
        versions: every version that applies, the oldest first; one of them is in force.
    """

    document: Document
    versions: list[Document]


async def published_policies(
    book: Tollbook, crisis: str | None, policy_id: str | None
) -> Published:
    """The policy asked for by id, else the one in force, and all versions.

    Args:
        book: the ledger.
        crisis: for which crisis; None for those without a policy of their own.
        policy_id: None for the policy in force.

    Raises:
        UsageError: no policy of that id was published for the crisis.
    """
    references = await reference_documents(book, crisis)
    _, policy = in_force(references, book.gazetteer, book.policy, policy_id)
    held = policy_in_force(references)
    versions = [_version(one, held) for one in references if one["reference"] == "policy"]
    return Published(policy_document(policy), sorted(versions, key=lambda one: one["time"]))


def policy_document(policy: Policy) -> Document:
    """A policy as the data of a `policy.published` event, without its reason."""
    return {
        "policy": policy.id,
        "source_rank": list(policy.source_rank),
        "lexical": {
            word: {"from": low, "to": high} for word, (low, high) in policy.lexical.items()
        },
        "approximately_tolerance": policy.approximately_tolerance,
        "household_sizes": {
            "generic": policy.household_size,
            "by_area": dict(policy.household_size_by_area),
        },
        "sensitive": list(policy.sensitive),
    }


async def reference_documents(book: Tollbook, crisis: str | None) -> list[Document]:
    """The reference documents of a crisis and of all crises of its partition.

    Policies for all crises are in every partition; the first one stands for them.
    """
    partition = 0 if crisis is None else book.partition_of(crisis)
    shared = keys.ledger_subject(partition, book.ledger.partitions)
    await book.catch_up([partition])
    found = await book.read(partition, "figures", crisis or shared, tables=("reference",))
    rows = {f"{shared}/{key}": row for key, row in found.shared.items()}
    rows |= {f"{crisis}/{key}": row for key, row in found.rows.items() if crisis is not None}
    return [decode(row) for key, row in rows.items() if f"/{REFERENCE_ROW}" in f"/{key}"]


async def must_not_be_another(book: Tollbook, subject: str, said: Document) -> None:
    """See that the id of a policy to be published does not stand for another one already.

    Args:
        book: the ledger.
        subject: the crisis, or the ledger subject, that it is published for.
        said: the data of its event.

    Raises:
        UsageError: a policy of that id says something else.
    """
    for one in await reference_documents(book, subject):
        known = one["data"]
        if one["reference"] != "policy" or known["policy"] != said.get("policy"):
            continue
        if _without_reason(known) != _without_reason(said):
            raise UsageError(
                f"{known['policy']} is published with other content (sequence {one['sequence']}): "
                "choose another id, so that both can be asked for"
            )


def _without_reason(data: Document) -> Document:
    return {name: value for name, value in data.items() if name != "reason"}


def _version(document: Document, held: Document | None) -> Document:
    everywhere = is_ledger_subject(document["crisis"])
    return {
        "policy": document["data"]["policy"],
        "in_force": document is held,
        "scope": "all crises" if everywhere else document["crisis"],
        "time": document["time"],
        "sequence": document["sequence"],
        "source": document["event"].rpartition("/")[0],
        "reason": document["data"]["reason"],
    }
