"""The publisher's history: each change with its time, and every row of the file accounted for."""

import gzip
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from import_kit import events_of, imported, refusals_of

from tollbook_services.importing import tfp_revisions
from tollbook_services.importing.rows import Made, Refused

HEADER = "area,commit,committed_at,author,commit_subject,report_date,field,old_value,new_value"

REVISED = "org.tollbook.figure.revised.v1"
RETRACTED = "org.tollbook.figure.retracted.v1"
FILED = "org.tollbook.report.filed.v1"


def change(
    column: str,
    old: str,
    new: str,
    *,
    commit: str = "c1",
    day: str = "2023-10-15",
    area: str = "gaza",
    month: int = 2,
) -> str:
    """A row; commits of later months are later."""
    at = f"2024-{month:02}-18T14:34:33-05:00"
    return f'{area},{commit},{at},editor-1,"daily: fix, again",{day},{column},{old},{new}'


def table(*rows: str) -> str:
    """A file with these rows."""
    return "\n".join([HEADER, *rows]) + "\n"


def events(*rows: str) -> list[dict[str, Any]]:
    """The events of rows, none of which is refused."""
    found = imported("tfp-revisions", table(*rows))
    assert refusals_of(found) == []
    return events_of(found)


def acts(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events that are no reports."""
    return [event for event in found if event["type"] != FILED]


def figures(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """All figures, by their global ids."""
    return {
        f"{event['source']}/{event['id']}#{figure['id']}": figure
        for event in found
        for figure in event["data"].get("figures", [])
    }


def test_a_change_corrects_what_was_published_before_at_the_time_of_its_commit() -> None:
    found = events(change("killed_cum", "2450", "2670"))

    (figure, value), (act,) = next(iter(figures(found).items())), acts(found)
    assert value["quantity"]["value"] == 2450
    assert act["data"]["figure"] == figure
    assert act["data"]["kind"] == "correction"
    assert act["data"]["quantity"] == {"qualifier": "exactly", "value": 2670}
    assert act["time"] == "2024-02-18T14:34:33-05:00"
    assert "daily: fix, again" in act["data"]["reason"]


def test_the_value_before_the_first_change_is_said_to_be_as_old_as_its_day() -> None:
    first = events(change("killed_cum", "2450", "2670"))[0]

    assert first["data"]["published_at"] == "2023-10-15"
    assert first["data"]["figures"][0]["as_of"] == "2023-10-15"


def test_the_value_before_a_change_on_the_very_day_is_as_old_as_the_change() -> None:
    first = events(change("killed_cum", "2450", "2670", day="2024-02-18"))[0]

    assert first["data"]["published_at"] == "2024-02-18T14:34:33-05:00"


def test_a_second_change_adds_an_act_and_no_figure() -> None:
    found = events(
        change("killed_cum", "2450", "2670"),
        change("killed_cum", "2670", "2600", commit="c2", month=3),
    )

    assert len(figures(found)) == 1
    assert [act["data"]["quantity"]["value"] for act in acts(found)] == [2670, 2600]


def test_a_number_that_appears_is_published_by_its_commit() -> None:
    found = events(change("killed_children_cum", "", "700"))

    (event,) = found
    assert event["data"]["published_at"] == "2024-02-18T14:34:33-05:00"
    assert event["data"]["figures"][0]["quantity"]["value"] == 700


def test_a_number_that_is_taken_out_is_retracted_and_can_come_back() -> None:
    found = acts(
        events(
            change("killed_cum", "2450", ""),
            change("killed_cum", "", "2500", commit="c2", month=3),
        )
    )

    assert [act["type"] for act in found] == [RETRACTED, REVISED]
    assert found[1]["data"]["kind"] == "reinstatement"
    assert found[0]["data"]["figure"] == found[1]["data"]["figure"]


def test_a_column_with_a_new_name_is_no_change_of_its_number() -> None:
    found = events(
        change("martyred_cum", "2450", "", commit="rename"),
        change("killed_cum", "", "2450", commit="rename"),
        change("killed_cum", "2450", "2670", commit="c2", month=3),
    )

    assert [one["quantity"]["value"] for one in figures(found).values()] == [2450]
    assert len(acts(found)) == 1
    told = [one["text"] for event in found for one in event["data"].get("statements", [])]
    assert "martyred_cum: 2450 -> nothing" in told[0]


def test_a_number_that_the_publisher_filled_in_is_its_own_and_held() -> None:
    (figure,) = figures(events(change("ext_killed_cum", "1", "2"))).values()

    assert (figure["originator"], figure["role"]) == ("tech-for-palestine", "held")


def test_a_flash_figure_is_held_until_the_file_says_that_un_ocha_said_it() -> None:
    """Given a filled-in number that UN OCHA then reports, then it moves to UN OCHA."""
    found = events(
        change("killed_cum", "61", "62", area="west_bank"),
        change("killed_cum", "62", "63", area="west_bank", commit="c2", month=3),
        change("flash_source", "fill", "un", area="west_bank", commit="c2", month=3),
    )

    held, reported = figures(found).values()
    assert (held["originator"], held["role"]) == ("tech-for-palestine", "held")
    assert (reported["originator"], reported["quantity"]["value"]) == ("un-ocha", 63)
    assert "role" not in reported
    assert [act["type"] for act in acts(found)] == [REVISED, RETRACTED]


def test_a_source_that_changes_alone_moves_the_number_that_stands() -> None:
    found = events(
        change("killed_cum", "61", "62", area="west_bank"),
        change("flash_source", "un", "fill", area="west_bank", commit="c2", month=3),
    )

    before, after = figures(found).values()
    assert (before["originator"], after["originator"]) == ("un-ocha", "tech-for-palestine")
    assert after["quantity"]["value"] == 62


def test_a_row_that_is_deleted_takes_its_numbers_back() -> None:
    found = events(
        change("killed_cum", "61", "62"),
        change("__row__", "present", "deleted", commit="c2", month=3),
    )

    assert [act["type"] for act in acts(found)] == [REVISED, RETRACTED]


def test_a_count_that_is_restarted_is_rebased_and_not_corrected() -> None:
    day = "2026-03-05"
    found = events(
        change("killed_cum", "123", "4170", area="lebanon", day=day),
        change("killed_cum_reported", "", "123", area="lebanon", day=day),
        change("phase", "", "2", area="lebanon", day=day),
    )

    (act,) = acts(found)
    assert act["data"]["kind"] == "rebase"
    assert next(iter(figures(found).values()))["areas"] == ["LB"]


def test_a_change_of_something_else_is_told_in_words() -> None:
    (event,) = events(change("report_period", "24", "48"))

    assert event["data"]["statements"][0]["text"] == "report_period: 24 -> 48"
    assert event["data"]["ext"]["columns"]["new_value"] == "48"


def test_a_change_that_does_not_follow_the_one_before_is_refused() -> None:
    found = imported(
        "tfp-revisions",
        table(
            change("killed_cum", "2450", "2670"),
            change("killed_cum", "2600", "2700", commit="c2", month=3),
        ),
    )

    ((line, column, message),) = refusals_of(found)
    assert (line, column) == (3, "old_value")
    assert "2670" in message


def test_two_values_of_one_column_in_one_commit_are_refused() -> None:
    found = imported(
        "tfp-revisions",
        table(change("killed_cum", "2450", "2670"), change("killed_cum", "2450", "2680")),
    )

    assert {column for _, column, _ in refusals_of(found)} == {"field"}
    assert events_of(found) == []


def test_a_negative_number_that_was_replaced_is_kept_as_printed() -> None:
    found = events(change("ext_killed", "-73043", "0"))

    (figure,) = figures(found).values()
    assert figure["quantity"] == {"qualifier": "unknown", "text": "-73043"}


@pytest.mark.parametrize("at", ["2024-02-18", "2024-02-18T14:34:33", "yesterday"])
def test_a_commit_without_a_certain_moment_is_refused(at: str) -> None:
    row = change("killed_cum", "1", "2").replace("2024-02-18T14:34:33-05:00", at)

    ((_, column, message),) = refusals_of(imported("tfp-revisions", table(row)))

    assert column == "committed_at"
    assert "2024-02-18T14:34:33-05:00" in message


def test_a_row_that_comes_twice_is_the_same_event_twice() -> None:
    row = change("killed_children_cum", "", "700")

    first, second = events(row, row)

    assert first == second


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(order: random.Random) -> None:
    """Given changes in any order, when imported, then the events are the same."""
    rows = [
        change("killed_cum", "2450", "2670"),
        change("killed_cum", "2670", "", commit="c2", month=3),
        change("killed_cum", "", "2700", commit="c3", month=4),
        change("injured_cum", "9200", "9300", commit="c2", month=3),
        change("flash_source", "", "un", commit="c2", month=3, area="west_bank"),
        change("killed_cum", "5", "6", commit="c2", month=3, area="west_bank"),
    ]
    wanted = sorted(events(*rows), key=lambda event: event["id"])
    order.shuffle(rows)

    shuffled = sorted(events(*rows), key=lambda event: event["id"])
    assert shuffled == wanted


def test_more_changes_than_can_be_held_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tfp_revisions, "CHANGES_MAX", 1)

    with pytest.raises(tfp_revisions.UsageError, match="more than 1 changes"):
        events(change("killed_cum", "1", "2"), change("injured_cum", "1", "2"))


FILE = Path(__file__).parents[2].parent / "shared/data/timeseries/tfp_published_revisions.csv.gz"


@pytest.mark.skipif(not FILE.exists(), reason="the real file is not here")
def test_all_14097_changes_are_in_an_event() -> None:
    found = imported("tfp-revisions", FILE.read_bytes(), name=FILE.name)

    assert not [one for one in found if isinstance(one, Refused)]
    told = Counter(
        row.line for one in found if isinstance(one, Made) and not one.again for row in one.rows
    )
    lines = len(gzip.decompress(FILE.read_bytes()).splitlines())
    assert told == Counter(range(2, lines + 1))
    assert len(told) == 14097
    assert len({event["id"] for event in events_of(found)}) == len(found)
