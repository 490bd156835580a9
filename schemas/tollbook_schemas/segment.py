"""The part of a population that a figure counts."""

from functools import cached_property
from typing import Final, Literal, Self, get_args

from pydantic import model_validator

from tollbook_schemas.model import Model, refuse
from tollbook_schemas.text import Slug

SegmentStatus = Literal["any", "civilian", "combatant"]
Sex = Literal["female", "male", "other", "unknown"]

ALL: Final = "all"
"""Slug of the segment without constraints."""

RESERVED: Final = frozenset({ALL, *get_args(SegmentStatus), *get_args(Sex)})
"""Words of `status`, `sex` and of the slug itself: nothing else may be called so."""

FREE: Final = ("group", "community", "age_band")
"""The constraints whose values anybody may make up."""


class Segment(Model):
    """Constraints on who is counted; each is optional, and none at all is everyone.

    A segment lies inside another when it only adds constraints.
    """

    status: SegmentStatus | None = None
    """civilian or combatant; any is the same as leaving it out."""
    group: Slug | None = None
    """An armed or political group, such as state_security."""
    community: Slug | None = None
    """An ethnic, religious or national community, such as alawite."""
    sex: Sex | None = None
    age_band: Slug | None = None
    """An age band, such as child or 18-59."""

    @model_validator(mode="after")
    def _slug_stays_readable(self) -> Self:
        clashes = [
            ((name,), f"{value!r} is a word of `status` or `sex` and cannot name a {name} too")
            for name in FREE
            if (value := getattr(self, name)) in RESERVED
        ]
        if clashes:
            refuse(clashes)
        return self

    def items(self) -> tuple[tuple[str, str], ...]:
        """The constraints as (dimension, value), in the order of the slug."""
        return self._items

    @cached_property
    def slug(self) -> str:
        """The given values joined with `/` in fixed order; `all` when there is none."""
        return "/".join(value for _, value in self._items) or ALL

    @cached_property
    def _items(self) -> tuple[tuple[str, str], ...]:
        given = (
            ("status", None if self.status == "any" else self.status),
            ("group", self.group),
            ("community", self.community),
            ("sex", self.sex),
            ("age_band", self.age_band),
        )
        return tuple((dimension, value) for dimension, value in given if value is not None)


EVERYONE: Final = Segment()
"""The segment without constraints."""
