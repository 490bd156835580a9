"""What an event speaks about: one crisis, or all crises of a partition of the ledger."""

from typing import Final

LEDGER_SUBJECT_PREFIX: Final = "tollbook-ledger-"
"""Reserved slugs: policies and gazetteers with such a subject govern every crisis."""


def is_ledger_subject(crisis: str) -> bool:
    """Whether a subject stands for every crisis of its partition."""
    return crisis.startswith(LEDGER_SUBJECT_PREFIX)
