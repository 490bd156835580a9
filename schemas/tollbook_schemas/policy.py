"""The policy: choices of consolidation that are data with a version, not code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Final

_LEXICAL: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "several": (3, 9),
        "tens": (10, 99),
        "dozens": (12, 99),
        "scores": (20, 199),
        "hundreds": (100, 999),
        "thousands": (1000, 9999),
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """How words become numbers and which source comes first.

    Attributes:
        id: name and version, printed with every result.
        source_rank: originators whose best value is preferred, first one first.
        lexical: the range each word stands for, inclusive.
        approximately_tolerance: percent by which a check may miss an `approximately`.
        household_size: persons per household where no report and no other figure of the crisis
            and origin gives a ratio.
        household_rule: name of that last rule, printed where it is used.
        household_size_by_area: persons per household of single areas, by canonical code, before
            the last rule.
        sensitive: names of fields that are withheld of what is recorded while it is in force.
    """

    id: str = "default/v1"
    source_rank: tuple[str, ...] = ()
    lexical: Mapping[str, tuple[int, int]] = field(default_factory=lambda: _LEXICAL)
    approximately_tolerance: int = 5
    household_size: int = 5
    household_rule: str = "generic-5"
    household_size_by_area: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    sensitive: tuple[str, ...] = ()


@cache
def default_policy() -> Policy:
    """The policy of docs/domain.md, section 5: no source rank, the printed table of words."""
    return Policy()
