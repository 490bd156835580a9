"""What an event speaks about: one crisis, or all crises of a partition of the ledger."""

import re
from typing import Final

LEDGER_SUBJECT_PREFIX: Final = "tollbook-ledger-"
"""Reserved slugs: policies and gazetteers with such a subject govern every crisis."""

_LEDGER_SUBJECT: Final = re.compile(rf"{LEDGER_SUBJECT_PREFIX}[0-9]+")


def subject_fault(crisis: str, *, reference: bool) -> str | None:
    """What is wrong with a subject that is reserved; None where it is fine.

    Args:
        crisis: the `subject` of an event.
        reference: whether the event publishes a policy or a gazetteer, or decides about one.
    """
    if not is_ledger_subject(crisis):
        return None
    if not reference:
        return (
            f"{crisis!r} is reserved for policies and gazetteers that govern every crisis: "
            "name the crisis, such as syria-coast-2025"
        )
    if not _LEDGER_SUBJECT.fullmatch(crisis):
        return (
            f"{crisis!r} is no ledger subject: write {LEDGER_SUBJECT_PREFIX} and a number, such as "
            f"{LEDGER_SUBJECT_PREFIX}0, or name a crisis"
        )
    return None


def is_ledger_subject(crisis: str) -> bool:
    """Whether a subject stands for every crisis of its partition."""
    return crisis.startswith(LEDGER_SUBJECT_PREFIX)
