"""The Atom feed against the rules of RFC 4287, and its titles in plain words."""

from datetime import datetime
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest
from tests.integration.feed_kit import document

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services.live.atom import atom, title_of, value
from tollbook_services.live.filter import Filter
from tollbook_services.live.newest import Told
from tollbook_services.live.place import EntryId

ATOM = "{http://www.w3.org/2005/Atom}"
NAME = default_gazetteer().name
LEDGER = "7c04619c"
BASE = "https://tolls.example.org"


def bounds(low, best, high) -> dict:
    return {"low": low, "best": best, "high": high, "flags": []}


def made(*documents: dict, wanted: Filter = Filter()) -> ET.Element:  # noqa: B008
    found = [Told(EntryId(1_741_717_380_123, at), one) for at, one in enumerate(documents)]
    return ET.fromstring(atom(BASE, LEDGER, wanted, found[::-1], NAME))


def texts(element: ET.Element, tag: str) -> list[str]:
    return [one.text or "" for one in element.findall(ATOM + tag)]


def links(element: ET.Element) -> dict[str, str]:
    return {one.attrib["rel"]: one.attrib["href"] for one in element.findall(ATOM + "link")}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_feed_and_entries_have_what_rfc_4287_demands(count):
    feed = made(*(document(number) for number in range(count)))
    entries = feed.findall(ATOM + "entry")
    assert (feed.tag, len(entries)) == (ATOM + "feed", count)
    ids = []
    for one in (feed, *entries):
        for tag in ("id", "title", "updated"):  # 4.1.1 and 4.1.2: exactly one of each
            assert len(texts(one, tag)) == 1
        datetime.fromisoformat(texts(one, "updated")[0])
        assert one.find(f"{ATOM}author/{ATOM}name").text
        assert len([link for link in one.findall(ATOM + "link") if link.get("rel") == "self"]) < 2
        ids += texts(one, "id")
    assert len(set(ids)) == len(ids)
    assert all(one.startswith("tag:tollbook.org,2026:") for one in ids)
    assert links(feed)["self"] == f"{BASE}/v1/feed.atom"
    assert all(entry.find(ATOM + "content").get("type") == "text" for entry in entries)


def test_the_feed_was_changed_when_its_newest_entry_was():
    feed = made(document(1), document(2))
    newest = feed.find(ATOM + "entry")
    assert texts(feed, "updated") == texts(newest, "updated") == ["2025-03-11T18:23:00.123Z"]
    assert texts(newest, "id") == [f"tag:tollbook.org,2026:change/{LEDGER}/1741717380123-1"]
    assert texts(made(), "updated") == ["1970-01-01T00:00:00Z"]


def test_feeds_of_other_filters_are_other_feeds():
    asked = Filter("flood-2025", "SY-LA", "killed", "civilian/female")
    feed = made(wanted=asked)
    address = urlsplit(links(feed)["self"])
    assert parse_qs(address.query) == {
        "crisis": ["flood-2025"],
        "area": ["SY-LA"],
        "measure": ["killed"],
        "segment": ["civilian/female"],
    }
    assert texts(feed, "title") == ["Changes, flood-2025, Latakia, killed, civilian/female"]
    ids = {texts(made(wanted=one), "id")[0] for one in (asked, Filter(), Filter("flood-2025"))}
    assert len(ids) == 3


def test_an_entry_leads_to_the_page_of_its_cell_and_to_the_event():
    (entry,) = made(document(7, segment="civilian")).findall(ATOM + "entry")
    page, event = urlsplit(links(entry)["alternate"]), urlsplit(links(entry)["related"])
    assert page.path == "/crises/flood-2025/explain"
    assert parse_qs(page.query) == {"cell": ["killed|person|count|area|SY-LA|civilian||"]}
    assert parse_qs(event.query) == {"partition": ["0"], "from": ["7"], "to": ["7"]}


def test_hostile_text_stays_text():
    evil = "\x00\x1b[2J<script>&amp;]]>\ufffe\u202e\nnext"
    (entry,) = made(document(1, text=evil)).findall(ATOM + "entry")
    (title,), (content,) = texts(entry, "title"), texts(entry, "content")
    assert "<script>&amp;]]>" in title
    assert not {"\x00", "\x1b", "\ufffe", "\u202e", "\n"} & set(title)
    assert "<script>&amp;]]>" in content
    assert not {"\x00", "\x1b", "\ufffe", "\u202e"} & set(content)


def test_a_title_says_what_where_from_what_to_what_who_and_why():
    change = document(830, segment="civilian", text="two lists were merged")
    change["before"] = bounds(745, 745, 745)
    assert title_of(change, NAME) == (
        "Latakia, killed, civilian: 745 \u2192 830 (sohr), two lists were merged"
    )


def test_a_title_says_units_ways_and_what_no_area_has():
    change = document(5, area="SY-LA+SY-TA", measure="displaced_across_border")
    change["cell"] |= {"unit": "family", "destination": "LB"}
    assert title_of(change, NAME) == (
        "Latakia + Tartous, displaced across border, unallocated, to Lebanon, family: "
        "no report \u2192 5 (sohr)"
    )


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (bounds(5, 5, 5), "5 as before, on other figures"),
        (bounds(4, 5, 6), "5 as before, other bounds"),
        ({**bounds(5, 5, 5), "flags": ["conflict"]}, "5 as before, other flags"),
    ],
)
def test_a_title_says_what_it_is_that_changed_where_the_number_did_not(before, words):
    assert words in title_of({**document(5), "before": before}, NAME)


def test_a_long_reason_is_shortened_in_the_title_only():
    (entry,) = made(document(1, text="why " * 400)).findall(ATOM + "entry")
    assert len(texts(entry, "title")[0]) < 300
    assert texts(entry, "content")[0].count("why") == 400


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (None, "no report"),
        (bounds(1_018, 1_018, 1_018), "1,018"),
        (bounds(12, None, 99), "12 to 99"),
        (bounds(60, None, None), "at least 60"),
        (bounds(0, None, None), "open"),
    ],
)
def test_numbers_are_told_as_far_as_they_are_known(told, words):
    assert value(told) == words
