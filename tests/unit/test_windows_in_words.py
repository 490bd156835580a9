"""Windows in words: in the steps of an explanation, and in the name of a series."""

from datetime import datetime

import pytest
from figures_builder import day, fig, history, increment, report

from tollbook_projections.consolidation.span import BEGINNING, END
from tollbook_projections.explanation.naming import window_text
from tollbook_schemas.times import end_of, start_of


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (BEGINNING, END, ""),
        (BEGINNING, end_of(day(11)), "by 2025-03-11"),
        (start_of(day(9)), end_of(day(11)), "from 2025-03-09 to 2025-03-11"),
        (end_of(day(8)), end_of(day(11)), "from 2025-03-09 to 2025-03-11"),
        (end_of(day(8)), END, "from 2025-03-09 on"),
    ],
)
def test_a_window_is_told_by_its_days(start: datetime, end: datetime, text: str) -> None:
    assert window_text(start, end) == text


@pytest.mark.parametrize(
    ("window", "text"),
    [
        ({"start": day(8), "end": day(9)}, "2025-03-08..2025-03-09"),
        ({"end": day(9)}, "..2025-03-09"),
    ],
)
def test_the_series_of_an_increment_is_named_after_its_window(
    window: dict[str, str], text: str
) -> None:
    some = fig("i", 7, "SY-LA", basis="increment", window=window)

    (series,) = history(report("a", 9, some))

    assert series["id"].endswith(f"|increment|window={text}")


def test_a_window_of_one_day_names_the_day_twice() -> None:
    (series,) = history(report("a", 9, increment("i", 7, "SY-LA", 9, 9)))

    assert series["id"].endswith("|increment|window=2025-03-09..2025-03-09")
