"""What dates and date-times stand for, and what is told about those that are neither."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook_schemas.times import end_of, format_instant, instant_of, start_of


def test_a_date_starts_at_midnight_and_ends_a_second_before_the_next() -> None:
    assert start_of("2025-03-11") == datetime(2025, 3, 11, tzinfo=UTC)
    assert end_of("2025-03-11") == datetime(2025, 3, 11, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-03-08T11:55:00Z", datetime(2025, 3, 8, 11, 55, tzinfo=UTC)),
        ("2025-03-08T11:55:00+03:00", datetime(2025, 3, 8, 8, 55, tzinfo=UTC)),
        ("2025-03-08T11:55:00-02:30", datetime(2025, 3, 8, 14, 25, tzinfo=UTC)),
        ("2025-03-08t11:55:00.5z", datetime(2025, 3, 8, 11, 55, 0, 500_000, tzinfo=UTC)),
        ("2025-03-08T11:55:00.123456789Z", datetime(2025, 3, 8, 11, 55, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_a_date_time_is_the_same_instant_at_either_end(text: str, instant: datetime) -> None:
    assert start_of(text) == end_of(text) == instant_of(text) == instant
    assert start_of(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2025-03-08T11:55:00", "has no offset from UTC: add Z"),
        ("2025-03-08 11:55", "has no offset from UTC: add Z"),
        ("2025-03-08T11:55Z", "has no seconds: write 2025-03-08T11:55:00Z"),
        ("2025-03", "is a partial date, the day is missing"),
        ("2025", "is a partial date, the day is missing"),
        ("2025-02-30", "is no day of the calendar"),
        ("2025-03-08T25:00:00Z", "is no moment of the calendar"),
        ("2025-03-08T23:59:60Z", "is no moment of the calendar"),
        ("2025-03-08T10:00:00+24:00", "is no moment of the calendar"),
        ("0001-01-01T00:00:00+10:00", "is no moment of the calendar"),
        ("8 March 2025", "is neither an RFC 3339 date nor a date-time"),
        ("2025-03-08\n", "is neither an RFC 3339 date nor a date-time"),
        ("", "is neither an RFC 3339 date nor a date-time"),
    ],
)
def test_what_is_no_date_says_what_to_write(text: str, hint: str) -> None:
    for read in (start_of, end_of):
        with pytest.raises(ValueError) as caught:
            read(text)
        assert hint in str(caught.value)


def test_a_date_is_not_an_instant() -> None:
    with pytest.raises(ValueError) as caught:
        instant_of("2025-03-11")
    assert "write 2025-03-11T00:00:00Z" in str(caught.value)


def test_an_instant_is_printed_with_a_fraction_only_where_there_is_one() -> None:
    assert format_instant(datetime(2025, 3, 11, 20, tzinfo=UTC)) == "2025-03-11T20:00:00Z"
    assert format_instant(datetime(2025, 3, 11, 20, 0, 0, 250_000, tzinfo=UTC)).endswith(":00.25Z")
    in_damascus = datetime(2025, 3, 11, 23, tzinfo=timezone(timedelta(hours=3)))
    assert format_instant(in_damascus) == "2025-03-11T20:00:00Z"
    assert format_instant(datetime(999, 1, 1, tzinfo=UTC)) == "0999-01-01T00:00:00Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_instant_survives_printing_and_reading(instant: datetime) -> None:
    assert instant_of(format_instant(instant)) == instant
