"""Where two JSON documents differ, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tollbook_schemas.pointers import escape


class Absent:
    """What stands where a document has no such field."""


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not the same.

    Attributes:
        pointer: RFC 6901; items of lists are compared by their place.
        left: the value of the one document; `ABSENT` where it has none. So is `right`.
    """

    pointer: str
    left: Any
    right: Any


def differences(left: Any, right: Any, pointer: str = "") -> Iterator[Difference]:
    """The smallest fields in which two documents differ, in order of the left one."""
    match left, right:
        case dict(), dict():
            for name in dict.fromkeys((*left, *right)):
                one, other = left.get(name, ABSENT), right.get(name, ABSENT)
                yield from differences(one, other, f"{pointer}/{escape(name)}")
        case list(), list():
            for place in range(max(len(left), len(right))):
                one = left[place] if place < len(left) else ABSENT
                other = right[place] if place < len(right) else ABSENT
                yield from differences(one, other, f"{pointer}/{place}")
        case _:
            if type(left) is not type(right) or left != right:
                yield Difference(pointer, left, right)
