"""The sources that a publisher is bound to: exact values, or everything below a prefix."""

from collections.abc import Collection
from typing import Final

BELOW: Final = "/*"
"""What a pattern ends with that stands for everything below it: `https://desk.example.org/*`."""


def is_own(source: str, allowed: Collection[str]) -> bool:
    """Whether a `source` is one of those allowed, or below one of their prefixes."""
    return any(
        source.startswith(one.removesuffix("*")) if one.endswith(BELOW) else source == one
        for one in allowed
    )
