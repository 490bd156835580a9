"""Words for a hint: what somebody may have meant."""

from collections.abc import Sequence
from difflib import get_close_matches

_COMPARED_MAX = 200
"""Names compared with a wrong one: a hint may cost a millisecond, not a second."""


def nearest(wrong: str, known: Sequence[str]) -> str:
    """` (did you mean 'killed'?)`, or nothing where no known name is close."""
    close = get_close_matches(wrong[:64], known[:_COMPARED_MAX], n=2, cutoff=0.6)
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""
