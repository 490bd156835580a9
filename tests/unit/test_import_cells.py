"""Single cells: what is clear is read, what could mean two things is refused with what to write."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook_schemas.limits import INTEGER_MAX
from tollbook_services.importing.cells import (
    choice,
    day,
    decimal,
    needed,
    needed_day,
    needed_whole,
    text,
    whole,
)
from tollbook_services.importing.rows import Row, RowError


def row(cell: Any) -> Row:
    return Row("rows.csv", 7, {"c": cell})


def told(read: Callable[..., object], cell: Any, *more: object) -> str:
    """Why a cell is refused; the fault names its column."""
    with pytest.raises(RowError) as error:
        read(row(cell), "c", *more)
    (fault,) = error.value.faults
    assert fault.column == "c"
    return fault.message


@pytest.mark.parametrize("cell", ["", "  ", "-", "–", "—", "N/A", "n/a", "NaN", "null", None])  # noqa: RUF001
def test_what_tables_write_for_nothing_is_nothing(cell: str | None) -> None:
    readers: list[Callable[[Row, str], object]] = [text, whole, decimal, day]

    assert [read(row(cell), "c") for read in readers] == [None] * 4
    assert "is empty" in told(needed, cell)
    assert "is empty" in told(needed_whole, cell)
    assert "is empty" in told(needed_day, cell)


def test_a_column_that_is_not_there_is_told_apart_from_an_empty_one() -> None:
    with pytest.raises(RowError, match="other: is missing"):
        needed(row("x"), "other")


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("  Latakia ", "Latakia"),
        ("Baniya\u0304s", "Baniy\u0101s"),
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (False, "False"),
        ("-5", "-5"),
        ("none of them", "none of them"),
    ],
)
def test_a_text_is_stripped_and_composed(cell: Any, read: str) -> None:
    assert text(row(cell), "c") == read


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("0", 0),
        ("1225", 1225),
        ("007", 7),
        ("1,225", 1225),
        ("1 225", 1225),
        ("1\u00a0225", 1225),
        ("1\u202f225", 1225),
        ("1'225", 1225),
        ("1,234,567", 1234567),
        ("12.0", 12),
        (12.0, 12),
        (1.225e3, 1225),
        (1225, 1225),
        ("١٢٢٥", 1225),
        ("۱۲۲۵", 1225),
        ("١٬٢٢٥", 1225),  # noqa: RUF001
        ("१२", 12),
        (str(INTEGER_MAX), INTEGER_MAX),
    ],
)
def test_a_whole_number_is_read_as_people_write_it(cell: Any, number: int) -> None:
    assert whole(row(cell), "c") == number


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("1.225", "write 1225"),
        ("1.234.567", "write 1234567"),
        (1.225, "no whole number"),
        ("12.5", "no whole number"),
        ("-5", "no whole number"),
        (-5, "no whole number"),
        ("1,22", "no whole number"),
        ("1,225 234", "no whole number"),
        ("12 killed", "no whole number"),
        ("10-20", "no whole number"),
        ("1e3", "no whole number"),
        ("0x10", "no whole number"),
        ("²", "no whole number"),
        (True, "no whole number"),
        (str(INTEGER_MAX + 1), "more than can be counted"),
        (1e300, "more than can be counted"),
    ],
)
def test_what_is_no_certain_whole_number_is_refused(cell: Any, hint: str) -> None:
    assert hint in told(whole, cell)


@given(st.integers(0, INTEGER_MAX))
def test_every_number_is_read_back_from_its_spellings(number: int) -> None:
    spellings = [number, str(number), f"{number:,}", f"{number:,}".replace(",", "\u202f")]

    assert {whole(row(spelling), "c") for spelling in spellings} == {number}


@pytest.mark.parametrize(
    ("cell", "number"),
    [("35.52", "35.52"), (35.5, "35.5"), ("-1", "-1"), ("٣٥٫٥", "35.5")],  # noqa: RUF001
)
def test_a_decimal_number_is_read_with_a_point(cell: Any, number: str) -> None:
    assert decimal(row(cell), "c") == Decimal(number)


@pytest.mark.parametrize("cell", ["35,52", "35.52 N", "Infinity", "sNaN"])
def test_what_is_no_decimal_number_is_refused(cell: str) -> None:
    assert "35.52" in told(decimal, cell)


@pytest.mark.parametrize(
    "cell",
    [
        "2025-03-11",
        "2025-03-11T20:00:00Z",
        "2025-03-11 20:00:00",
        "2025-03-11T08:25:24-05:00",
        "٢٠٢٥-٠٣-١١",  # noqa: RUF001
        "45727",
        45727,
        45727.0,
    ],
)
def test_a_day_is_read_in_the_spellings_that_have_one_meaning(cell: Any) -> None:
    assert day(row(cell), "c") == date(2025, 3, 11)


def test_a_day_is_read_in_the_layouts_that_were_given_in_their_order() -> None:
    assert day(row("11/03/2025"), "c", ["%d/%m/%Y"]) == date(2025, 3, 11)
    assert day(row("11/03/2025"), "c", ["%m/%d/%Y"]) == date(2025, 11, 3)
    assert day(row("11 March 2025"), "c", ["%d/%m/%Y", "%d %B %Y"]) == date(2025, 3, 11)


@pytest.mark.parametrize(
    "cell", ["11/03/2025", "2025-02-30", "2025-03-11T25:00", "2025-03", "20250311", "457"]
)
def test_what_is_no_certain_day_is_refused_with_the_layouts_that_are_known(cell: str) -> None:
    assert "2025-03-11 or as %d %B" in told(day, cell, ["%d %B"])


def test_a_choice_does_not_mind_case_and_names_what_there_is() -> None:
    table = {"Gaza": 1, "West Bank": 2}

    assert choice(row(" west BANK"), "c", table) == 2
    assert "one of Gaza, West Bank" in told(choice, "Jenin", table)
    assert "is empty" in told(choice, "", table)
