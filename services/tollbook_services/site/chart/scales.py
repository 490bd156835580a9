"""Axes: round numbers from zero, and round moments in UTC."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, Literal

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_S: Final = 3_600.0
DAY_S: Final = 24 * HOUR_S

TIME_MIN: Final = (datetime(1, 1, 2, tzinfo=UTC) - EPOCH).total_seconds()
TIME_MAX: Final = (datetime(9999, 12, 30, tzinfo=UTC) - EPOCH).total_seconds()
"""Seconds since 1970 of the calendar's ends, less a day on which ticks may fall."""

MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip

Unit = Literal["hour", "day", "month", "year"]

_STEPS: Final[tuple[tuple[Unit, int, float], ...]] = (
    ("hour", 1, HOUR_S),
    ("hour", 3, 3 * HOUR_S),
    ("hour", 6, 6 * HOUR_S),
    ("hour", 12, 12 * HOUR_S),
    ("day", 1, DAY_S),
    ("day", 2, 2 * DAY_S),
    ("day", 7, 7 * DAY_S),
    ("day", 14, 14 * DAY_S),
    ("month", 1, 30.4 * DAY_S),
    ("month", 3, 91.3 * DAY_S),
    ("month", 6, 182.6 * DAY_S),
    ("year", 1, 365.25 * DAY_S),
)
_YEARS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, in its own units, and what is written there."""

    at: float
    text: str


def number_ticks(greatest: int, count_max: int = 6) -> list[Tick]:
    """From 0 to at least the greatest number: whole numbers, 1, 2 or 5 times a power of ten apart.

    Args:
        greatest: 0 or more.
        count_max: intervals at most.
    """
    step = _round_step(max(1, greatest), count_max)
    top = -(-max(1, greatest) // step)
    return [Tick(number, f"{number:,}") for number in range(0, (top + 1) * step, step)]


def _round_step(greatest: int, count_max: int) -> int:
    power = 1
    while True:
        for lead in (1, 2, 5):
            if lead * power * count_max >= greatest:
                return lead * power
        power *= 10


def time_ticks(
    first: float, last: float, count_max: int, months: Sequence[str] = MONTHS
) -> list[Tick]:
    """Round moments between two, in seconds since 1970; at least one where any fits.

    Args:
        first: the earlier moment.
        last: the later one.
        count_max: ticks at most, 2 or more.
        months: their twelve short names.
    """
    first, last = max(first, TIME_MIN), min(last, TIME_MAX)
    for unit, count, _ in _steps_from(last - first, count_max):
        found = [at for at in _moments(first, unit, count, last) if first <= at <= last]
        if len(found) <= count_max:
            texts = [_text(EPOCH + timedelta(seconds=at), unit, months) for at in found]
            days = unit == "hour"
            return [
                Tick(at, text if not days or _new_day(texts, place) else text.rpartition(" ")[2])
                for place, (at, text) in enumerate(zip(found, texts, strict=True))
            ]
    return []


def _new_day(texts: Sequence[str], place: int) -> bool:
    """Whether an hour is the first that is named of its day: then the day is written too."""
    return not place or texts[place].rpartition(" ")[0] != texts[place - 1].rpartition(" ")[0]


def _steps_from(span: float, count_max: int) -> Iterator[tuple[Unit, int, float]]:
    for step in _STEPS:
        if span / step[2] <= count_max:
            yield step
    for years in _YEARS:
        yield ("year", years, years * 365.25 * DAY_S)


def _moments(first: float, unit: Unit, count: int, last: float) -> Iterator[float]:
    start = EPOCH + timedelta(seconds=first)
    match unit:
        case "hour" | "day":
            size = count * (HOUR_S if unit == "hour" else DAY_S)
            offset = 4 * DAY_S if (unit, count % 7) == ("day", 0) else 0.0  # weeks from a Monday
            at = (first - offset) // size * size + offset
            while at <= last:
                yield at
                at += size
        case "month":
            place = (start.year * 12 + start.month - 1) // count * count
            yield from _upto(last, ((n // 12, n % 12 + 1) for n in range(place, 120_000, count)))
        case "year":
            year = max(1, start.year // count * count)
            yield from _upto(last, ((n, 1) for n in range(year, 10_000, count)))


def _upto(last: float, months: Iterator[tuple[int, int]]) -> Iterator[float]:
    for year, month in months:
        at = (datetime(year, month, 1, tzinfo=UTC) - EPOCH).total_seconds()
        if at > last:
            return
        yield at


def _text(moment: datetime, unit: Unit, months: Sequence[str]) -> str:
    month = months[moment.month - 1]
    match unit:
        case "hour":
            return f"{moment.day} {month} {moment:%H:%M}"
        case "day":
            return f"{moment.day} {month}"
        case "month":
            return f"{month} {moment.year}"
        case "year":
            return str(moment.year)


def spread(wanted: Sequence[float], gap: float, first: float, last: float) -> list[float]:
    """Places at least a gap apart, in the order of those wanted and near them.

    Args:
        wanted: places, in any order.
        gap: the least distance.
        first: the least place.
        last: the greatest; passed only where there is no room for all.
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    places = [min(max(wanted[one], first), last) for one in order]
    for before, after in pairwise(range(len(places))):
        places[after] = max(places[after], places[before] + gap)
    if places and places[-1] > last:
        places[-1] = max(last, first + gap * (len(places) - 1))
        for before, after in reversed(list(pairwise(range(len(places))))):
            places[before] = min(places[before], places[after] - gap)
    found = [0.0] * len(places)
    for place, one in zip(places, order, strict=True):
        found[one] = place
    return found
