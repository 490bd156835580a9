"""What concurrent clients asked and were told, and whether one ledger can have said all of it.

A checker of histories, as for any store that claims to be linearizable; an append-only log makes it
simple, because the log at the end says in which order everything happened.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple


class Place(NamedTuple):
    """Where a receipt says that an event is, and whether this very call put it there."""

    partition: int
    sequence: int
    new: bool


@dataclass(frozen=True, slots=True)
class Append:
    """An append, with the moments when it was begun and answered.

    Attributes:
        began: before anything was sent.
        ended: after the answer came; None where none did, so that it may have happened or not.
        names: of the events.
        places: of each by the receipts; empty where there was no answer.
    """

    client: str
    began: int
    ended: int | None
    names: tuple[str, ...]
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """A read of a partition from a position to its end."""

    client: str
    began: int
    ended: int
    partition: int
    after: int
    names: tuple[str, ...]

    @property
    def head(self) -> int:
        """The last sequence that it saw."""
        return self.after + len(self.names)


@dataclass(slots=True)
class History:
    """Operations as they happened; moments are numbers that only grow."""

    appends: list[Append] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    _moments: Iterator[int] = field(default_factory=count)

    def now(self) -> int:
        """A moment later than all before."""
        return next(self._moments)

    def faults(self, logs: Mapping[int, Sequence[str]]) -> list[str]:
        """What cannot be so, given the names of all events of each partition at the end."""
        return [
            *_once(logs),
            *_only_what_was_sent(self.appends, logs),
            *_receipts_hold(self.appends, logs),
            *_reads_hold(self.reads, logs),
            *_in_real_time(self.appends, self.reads),
            *_not_before_it_was_sent(self.appends, self.reads),
        ]


def _once(logs: Mapping[int, Sequence[str]]) -> Iterator[str]:
    seen: dict[str, tuple[int, int]] = {}
    for partition, names in logs.items():
        for sequence, name in enumerate(names, 1):
            if name in seen:
                yield f"{name} is recorded twice: at {seen[name]} and at {(partition, sequence)}"
            seen[name] = (partition, sequence)


def _only_what_was_sent(
    appends: Iterable[Append], logs: Mapping[int, Sequence[str]]
) -> Iterator[str]:
    sent = {name for one in appends for name in one.names}
    for partition, names in logs.items():
        for name in names:
            if name not in sent:
                yield f"partition {partition} has {name}, which nobody sent"


def _receipts_hold(appends: Iterable[Append], logs: Mapping[int, Sequence[str]]) -> Iterator[str]:
    made: dict[str, Append] = {}
    for one in appends:
        if one.ended is not None and len(one.places) != len(one.names):
            yield f"an append of {len(one.names)} events has {len(one.places)} receipts"
        for name, place in zip(one.names, one.places, strict=False):
            log = logs.get(place.partition, ())
            if not 1 <= place.sequence <= len(log) or log[place.sequence - 1] != name:
                yield f"{name} was acknowledged at {place[:2]} and is not there"
            if place.new and name in made:
                yield f"{name} was appended anew by {made[name].client} and by {one.client}"
            if place.new:
                made[name] = one


def _reads_hold(reads: Iterable[Read], logs: Mapping[int, Sequence[str]]) -> Iterator[str]:
    for read in reads:
        if tuple(logs[read.partition][read.after : read.head]) != read.names:
            yield (
                f"{read.client} read in partition {read.partition} after {read.after} what is not "
                "there any more, or in another order"
            )


def _in_real_time(appends: Iterable[Append], reads: Iterable[Read]) -> Iterator[str]:
    """What ended before another began: the later one comes behind it, and sees it.

    Of an append that made no event anew, nothing is known but that they were there before.
    """
    seen: list[tuple[int, int, int, str]] = []
    wanted: list[tuple[int, int, int, str]] = []
    for one in appends:
        for place in one.places:
            if one.ended is not None:
                seen.append((one.ended, place.partition, place.sequence, one.client))
            if place.new:
                wanted.append((one.began, place.partition, place.sequence - 1, one.client))
    for read in reads:
        seen.append((read.ended, read.partition, read.head, read.client))
        wanted.append((read.began, read.partition, read.head, read.client))
    seen.sort()
    highest: dict[int, tuple[int, str]] = {}
    at = 0
    for began, partition, reached, client in sorted(wanted):
        while at < len(seen) and seen[at][0] < began:
            _, of, sequence, by = seen[at]
            highest[of] = max(highest.get(of, (0, "")), (sequence, by))
            at += 1
        least, by = highest.get(partition, (0, ""))
        if reached < least:
            yield (
                f"partition {partition}: {client} found {reached} events before its own, or at "
                f"all, after {by} had been told of {least}"
            )


def _not_before_it_was_sent(appends: Iterable[Append], reads: Iterable[Read]) -> Iterator[str]:
    first: dict[str, int] = {}
    for one in appends:
        for name in one.names:
            first[name] = min(first.get(name, one.began), one.began)
    for read in reads:
        for name in read.names:
            if first.get(name, 0) > read.ended:
                yield f"{read.client} read {name} before it was sent"
