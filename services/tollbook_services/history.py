"""A ledger's history as its readers need it: stored events by partition and sequence, in order."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from tollbook_schemas.errors import UsageError
from tollbook_schemas.times import end_of
from tollbook_services.position import is_position, position_of
from tollbook_services.stored import StoredEntry

_PLACE: Final = re.compile(r"([0-9]{1,9}):([0-9]{1,16})", re.ASCII)


class History(Protocol):
    """Reads the events of a ledger, wherever they are: its engine, or logs that were published."""

    @property
    def id(self) -> str:
        """Of the ledger."""

    @property
    def partitions(self) -> int:
        """How many there are."""

    async def head(self, partition: int) -> int:
        """The position of the last event, 0 where there is none."""

    async def read(
        self, partition: int, after: int, count: int, upto: int | None = None
    ) -> list[StoredEntry]:
        """The events behind a position, in order: at most `count`, none later than `upto`."""


async def sequence_at(history: History, partition: int, instant: datetime) -> int:
    """The last position recorded at or before an instant; 0 before the first event."""
    low, high = 0, await history.head(partition)
    while low < high:
        middle = (low + high + 1) // 2
        entries = await history.read(partition, middle - 1, 1)
        if entries and entries[0].recorded_at <= instant:
            low = middle
        else:
            high = middle - 1
    return low


async def positions_until(
    history: History, texts: Sequence[str], option: str = "--until"
) -> tuple[int, ...]:
    """The last position of each partition that texts such as those of `--until` name.

    Args:
        history: of the ledger.
        texts: a time alone, or positions, `<partition>:<sequence>` or as a receipt prints them; a
            partition of which none is named ends where the last of those was recorded. None at
            all: the heads.
        option: what to call them in errors.

    Raises:
        UsageError: one of them names no moment of this ledger.
    """
    partitions = range(history.partitions)
    places = [_place(history, text, option) for text in texts]
    if not places:
        return tuple([await history.head(number) for number in partitions])
    named = {place[0]: place[1] for place in places if not isinstance(place, datetime)}
    if len(named) < len(places):
        if len(places) > 1:
            raise UsageError(f"{option}: a time alone, or one position for each partition")
        return await _at(history, {}, places[0] if isinstance(places[0], datetime) else None)
    times = [
        await _recorded_at(history, number, sequence, option) for number, sequence in named.items()
    ]
    return await _at(history, named, max((one for one in times if one is not None), default=None))


async def _at(
    history: History, named: Mapping[int, int], instant: datetime | None
) -> tuple[int, ...]:
    """The positions that are named, and for other partitions what was recorded by an instant."""
    found = []
    for number in range(history.partitions):
        if number in named:
            found.append(named[number])
        else:
            found.append(0 if instant is None else await sequence_at(history, number, instant))
    return tuple(found)


def _place(history: History, text: str, option: str) -> tuple[int, int] | datetime:
    found = _PLACE.fullmatch(text)
    if found is not None:
        place = int(found[1]), int(found[2])
    elif is_position(text):
        position = position_of(text)
        if position.ledger != history.id:
            raise UsageError(f"{option} is of the ledger {position.ledger}; this is {history.id}")
        place = position.partition, position.sequence
    else:
        try:
            return end_of(text)
        except ValueError as error:
            raise UsageError(f"{option}: {error}; <partition>:<sequence> does as well") from None
    if place[0] >= history.partitions:
        raise UsageError(
            f"{option}: {text}: the ledger has the partitions 0 to {history.partitions - 1}"
        )
    return place


async def _recorded_at(
    history: History, partition: int, sequence: int, option: str
) -> datetime | None:
    head = await history.head(partition)
    if sequence > head:
        raise UsageError(f"{option}: {partition}:{sequence}: partition {partition} ends at {head}")
    if not sequence:
        return None
    (entry,) = await history.read(partition, sequence - 1, 1)
    return entry.recorded_at
