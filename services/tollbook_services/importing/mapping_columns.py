"""Which columns a mapping file names, in any of its places."""

from collections.abc import Iterator

from pydantic import BaseModel

from tollbook_services.importing.mapping import ALL_COLUMNS, Mapping
from tollbook_services.importing.mapping_value import (
    Condition,
    CountValue,
    DayValue,
    Digest,
    TextValue,
)


def needed_columns(mapping: Mapping) -> tuple[str, ...]:
    """The columns that every row has to have, as `optional` is not said of them."""
    return tuple(dict.fromkeys(_needed(mapping)))


def _needed(part: object) -> Iterator[str]:
    match part:
        case TextValue() | DayValue() | CountValue():
            yield from () if part.optional else part.columns
            if not isinstance(part, CountValue):
                yield from _needed(part.otherwise)
        case Condition():
            if not part.optional and part.empty is None:
                yield part.column
        case Digest():
            yield from (column for column in part.digest if column != ALL_COLUMNS)
        case BaseModel():
            for name in type(part).model_fields:
                yield from _needed(getattr(part, name))
        case tuple():
            for one in part:
                yield from _needed(one)
        case _:
            return
