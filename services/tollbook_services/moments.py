"""Moments of a ledger as people name them: a time, a sequence, or a partition and a sequence."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tollbook_schemas.errors import OptionError
from tollbook_schemas.limits import INTEGER_MAX
from tollbook_schemas.times import end_of
from tollbook_services.ledger import Ledger

_SEQUENCE: Final = re.compile(r"(?:([0-9]{1,9}):)?([0-9]{1,20})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a partition knew at some moment.

    Attributes:
        sequence: the last event that was known, 0 for none.
        time: the moment, or when that event was recorded; None for none.
    """

    sequence: int
    time: datetime | None


async def moment_of(ledger: Ledger, partition: int, text: str, option: str) -> Moment:
    """The moment that a text names in a partition.

    Args:
        ledger: of the partition.
        partition: of the crisis that is asked about.
        text: a date or date-time, a sequence, or `<partition>:<sequence>`.
        option: what to call it in errors.

    Raises:
        OptionError: it names none, or one in another partition.
    """
    found = _SEQUENCE.fullmatch(text)
    if found is None:
        try:
            time = end_of(text)
        except ValueError as error:
            raise OptionError(
                option, f"{error}; a sequence, or <partition>:<sequence>, does as well"
            ) from None
        return Moment(await ledger.sequence_at(partition, time), time)
    named, sequence = found[1], int(found[2])
    if named is not None and int(named) != partition:
        raise OptionError(
            option,
            f"{text} is in partition {named}, but this crisis lies in partition "
            f"{partition}: name a sequence of that one, as {partition}:{sequence}",
        )
    if sequence > INTEGER_MAX:
        raise OptionError(option, f"no sequence is as large as {text}")
    entries = await ledger.read(partition, after=sequence - 1, count=1) if sequence else []
    return Moment(sequence, entries[0].recorded_at if entries else None)
