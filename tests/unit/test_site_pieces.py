"""Pieces of pages: addresses of strangers, rows cut into pages, originators compared, spans."""

import pytest

from tollbook_services.site.change_pages import by_event
from tollbook_services.site.event_account import SHOWN_CHARS, printed
from tollbook_services.site.rendering import catalogue
from tollbook_services.site.row_weights import cut, weight
from tollbook_services.site.safe_urls import web_address
from tollbook_services.site.source_comparison import compared, counted
from tollbook_services.site.status_pages import ago, headline


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.org/a?b=c", "example.org"),
        ("HTTP://Example.org:8080/", "example.org"),
        ("https://مثال.example/x", "xn--mgbh0fb.example"),
    ],
)
def test_an_address_of_the_web_names_its_host(url, host):
    assert web_address(url).host == host


@pytest.mark.parametrize(
    "url",
    [
        None, "", "javascript:alert(1)", " https://example.org", "https://example.org/\n",
        "//example.org", "https://", "https:///a", "data:text/html,x", "ftp://example.org",
        "https://user@example.org", "https://example.org\\@evil.example", "https://[::1",
        "https://a.example/\u202egpj", "vbscript:x", "https://" + "a" * 300 + ".example/",
    ],
)  # fmt: skip
def test_anything_else_is_no_link(url):
    assert web_address(url) is None


def test_rows_are_cut_by_what_they_weigh_and_none_is_lost():
    rows = [10, 90, 50, 200, 1, 1]

    pages = [cut(rows, number, lambda row: row, 100) for number in (1, 2, 3, 4)]

    assert [page["rows"] for page in pages] == [[10, 90], [50], [200], [1, 1]]
    assert [(page["first"], page["last"], page["more"]) for page in pages] == [
        (1, 2, True), (3, 3, True), (4, 4, True), (5, 6, False)
    ]  # fmt: skip
    assert cut(rows, 9, lambda row: row, 100)["rows"] == [1, 1]
    assert cut([], 1, lambda row: row)["total"] == 0


def test_texts_weigh_what_they_take_once_they_are_escaped():
    assert weight(10, "ab", None) == 12
    assert weight(0, "<") == 4
    assert weight(0, "ع") == 2


def _cell(*values):
    originators = [
        {"originator": name, "low": low, "best": best, "high": high}
        for name, low, best, high in values
    ]
    return {"id": "c", "kind": "area", "originators": originators}


def test_originators_are_compared_where_several_have_counted():
    alone = _cell(("a", 5, 5, 5), ("b", 0, None, None))
    apart = _cell(("a", 5, 5, 5), ("b", 9, 9, 9))
    near = _cell(("a", 5, 5, 10), ("b", 9, 9, None))

    found = compared([alone, near, apart])

    assert [(one.apart, one.agree) for one in found] == [(4, False), (4, True)]
    assert [one["originator"] for one in found[0].values] == ["b", "a"]


def test_what_an_originator_said_of_a_measure_is_summed_up():
    def one(n, old, new, *, counts=True):
        told = [None if value is None else {"value": value} for value in (old, new)]
        return {"n": n, "previous": told[0], "quantity": told[1], "counts": counts}

    series = [
        {"originator": "a", "measure": "killed", "unit": "person", "areas": ["X"], "id": name,
         "revisions": steps}
        for name, steps in {
            "short": [one(1, None, 5)],
            "long": [one(1, None, 7), one(2, 7, 4), one(3, 4, 1, counts=False)],
        }.items()
    ]  # fmt: skip

    (found,) = counted(series)

    assert (found.series, found.steps, found.falls) == (2, 4, 1)
    assert found.longest["id"] == "long"
    assert (found.first["n"], found.latest["n"]) == (1, 2)


def test_an_event_is_printed_without_anything_unseen():
    text, short = printed({"a": "x\u202ey", "b": "ع"})

    assert "\\u202e" in text
    assert "ع" in text
    assert not short
    assert printed({"a": "x" * SHOWN_CHARS})[1]


def test_changes_stand_by_their_event_the_gravest_first():
    def cell(area, best, high, sequence):
        cause = {"sequence": sequence, "event": f"s/e{sequence}", "type": "t", "reason": None}
        before = {"low": 1, "best": 1, "high": 1, "flags": []}
        after = {"low": best, "best": best, "high": high, "flags": []}
        step = {"recorded_at": "x", "before": before, "after": after, "causes": [cause]}
        return {"kind": "area", "area": area, "changes": [step]}

    rows = by_event({"cells": [cell("A", 1, 9, 2), cell("B", 5, 5, 2), cell("C", 7, 7, 1)]})

    assert [(row["cell"]["area"], row["first"]) for row in rows] == [
        ("B", True), ("A", False), ("C", True)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 seconds"), (1, "1 second"), (59.9, "59 seconds"), (180, "3 minutes"), (3_600, "1 hour"),
     (200_000, "2 days"), (-5, "0 seconds")],
)  # fmt: skip
def test_a_time_is_said_in_its_largest_unit(seconds, text):
    assert ago(seconds, catalogue("en")) == text


def _status(lag, waiting=0, recorded="2026-01-01T00:00:00Z"):
    view = {"lag_events": lag, "lag_seconds": 0.0}
    return {
        "time": "2026-01-01T00:03:00Z",
        "partitions": [{"projections": [view], "recorded_at": recorded}],
        "inbox": {"length": waiting},
    }


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (_status(0), "Everything is up to date. The last event was recorded 3 minutes ago."),
        (_status(1_200), ("1,200 recorded events are not in the numbers yet. "
         "The last event was recorded 3 minutes ago.")),
        (_status(0, 7), ("7 entries wait to be recorded. "
         "The last event was recorded 3 minutes ago.")),
        (_status(0, 0, None), "Everything is up to date. Nothing has been recorded yet."),
    ],
)  # fmt: skip
def test_the_status_begins_with_words(document, text):
    assert headline(document, catalogue("en")) == text
