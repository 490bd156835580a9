"""Dates of the contract: what an RFC 3339 date or date-time stands for, as an instant in UTC."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_TIME: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d{2}):(\d{2}))"
)
_NO_OFFSET: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?")
_NO_SECONDS: Final = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2})([Zz]|[+-]\d{2}:?\d{2})")
_PARTIAL: Final = re.compile(r"\d{4}(-\d{2})?")
_EXAMPLES: Final = "write a date such as 2025-03-11 or a date-time such as 2025-03-11T20:00:00Z"
_LAST_SECOND: Final = timedelta(days=1, seconds=-1)
_TEXTS_KEPT: Final = 8_192
"""Parsed texts kept: a crisis has some thousand distinct dates, read again at every query."""


@lru_cache(maxsize=_TEXTS_KEPT)
def start_of(text: str) -> datetime:
    """The first instant of a date (00:00:00Z), or the instant of a date-time; aware, in UTC.

    Raises:
        ValueError: the text is neither; its message says what to write instead.
    """
    return _date(text) if _DATE.fullmatch(text) else _instant(text)


@lru_cache(maxsize=_TEXTS_KEPT)
def end_of(text: str) -> datetime:
    """The end of a date (23:59:59Z of that day), or the instant of a date-time.

    `Dates` in docs/domain.md: a date stands for the end of its day wherever it is a cut-off.

    Raises:
        ValueError: the text is neither; its message says what to write instead.
    """
    return _date(text) + _LAST_SECOND if _DATE.fullmatch(text) else _instant(text)


@lru_cache(maxsize=_TEXTS_KEPT)
def instant_of(text: str) -> datetime:
    """The instant of a date-time, aware, in UTC; a date alone is not an instant.

    Raises:
        ValueError: the text is no RFC 3339 date-time.
    """
    if _DATE.fullmatch(text):
        raise ValueError(f"{text!r} is a date, not an instant: write {text}T00:00:00Z")
    return _instant(text)


def day_of(text: str) -> date:
    """The day of a date; a date-time is not a day.

    Raises:
        ValueError: the text is no RFC 3339 date.
    """
    if not _DATE.fullmatch(text):
        raise ValueError(f"{text!r} is not a date: write it as in 2025-03-11")
    return _date(text).date()


def format_instant(instant: datetime) -> str:
    """`2025-03-11T20:00:00Z`, with a fraction of up to six digits only where it is not zero."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    text = instant.isoformat()[:-6]  # without +00:00
    return f"{text.rstrip('0') if '.' in text else text}Z"


def _date(text: str) -> datetime:
    year, month, day = text.split("-")
    try:
        return datetime(int(year), int(month), int(day), tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"{text!r} is no day of the calendar ({error}): {_EXAMPLES}") from None


def _instant(text: str) -> datetime:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(_why_not(text))
    if match[7] is None and match[8] is not None:
        return _whole_second(text)
    year, month, day, hour, minute, second = (int(part) for part in match.group(1, 2, 3, 4, 5, 6))
    micro = int((match[7] or "0").ljust(6, "0")[:6])
    try:
        zone = UTC if match[8] else _zone(match[9], int(match[10]), int(match[11]))
        moment = datetime(year, month, day, hour, minute, second, micro, tzinfo=zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no moment of the calendar ({error}): {_EXAMPLES}") from None


def _whole_second(text: str) -> datetime:
    """A date-time in UTC without a fraction, the usual form, read by the interpreter itself."""
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ValueError(f"{text!r} is no moment of the calendar ({error}): {_EXAMPLES}") from None


def _zone(sign: str, hours: int, minutes: int) -> timezone:
    if hours > 23 or minutes > 59:
        raise ValueError("the offset is out of range")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)


def _why_not(text: str) -> str:
    if _NO_OFFSET.fullmatch(text):
        return (
            f"{text!r} has no offset from UTC: add Z, as in 2025-03-11T20:00:00Z, "
            "or an offset, as in 2025-03-11T23:00:00+03:00"
        )
    if match := _NO_SECONDS.fullmatch(text):
        return f"{text!r} has no seconds: write {match[1]}T{match[2]}:00{match[3]}"
    if _PARTIAL.fullmatch(text):
        return f"{text!r} is a partial date, the day is missing: {_EXAMPLES}"
    return f"{text!r} is neither an RFC 3339 date nor a date-time: {_EXAMPLES}"
