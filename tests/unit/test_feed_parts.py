"""The parts of the live feed that need no engine: places, filters, queues, what is remembered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services.live import reader as readers
from tollbook_services.live import recent as remembered
from tollbook_services.live.change import LiveChange
from tollbook_services.live.filter import Filter, Subject, subject_of
from tollbook_services.live.place import BEGINNING, EntryId, FeedPlace, place_of
from tollbook_services.live.reader import Batch, Reader
from tollbook_services.live.recent import Recent

LEDGER = "7c04619cbb8119934ff5f049c9f25746"
parts = st.integers(0, 2**64 - 1)


def changes(*numbers: int, size: int = 10) -> list[LiveChange]:
    return [LiveChange(EntryId(one, 0), None, b"x" * size) for one in numbers]


@given(parts, parts)
def test_a_token_names_the_ledger_and_the_entry(milliseconds, number):
    place = FeedPlace(LEDGER, EntryId(milliseconds, number))
    assert place_of(place.token()) == place
    assert EntryId.of(str(place.entry).encode()) == place.entry


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0-0",
        "c1.",
        "p1.MS4xLjdjMDQ2",
        "c1.!",
        "c1.\u0661",
        FeedPlace("", EntryId(1, 0)).token(),
        FeedPlace(LEDGER, EntryId(2**64, 0)).token(),
        FeedPlace(LEDGER, EntryId(1, 0)).token() + "=",
        FeedPlace(LEDGER, EntryId(1, 0)).token().replace("c1.", "c2."),
    ],
)
def test_what_is_no_token_is_refused(text):
    with pytest.raises(ValueError, match="is no place in the feed: take one as the feed gives it"):
        place_of(text)


def test_an_id_says_when_it_was():
    assert EntryId(1_741_717_380_123, 4).time == "2025-03-11T18:23:00.123Z"


def cell(area: str) -> dict:
    told = {"area": area, "measure": "killed", "segment": "civilian"}
    return {"crisis": "coast-2025", "cell": told}


def test_a_cell_lies_in_the_areas_that_all_its_areas_lie_in():
    gazetteer = default_gazetteer()
    assert subject_of(cell("SY-LA"), gazetteer).around == {"SY-LA", "SY"}
    assert subject_of(cell("SY-LA+SY-TA"), gazetteer).around == {"SY"}
    assert subject_of(cell("SY-LA+LB"), gazetteer).around == set()


@given(
    st.builds(
        Filter,
        st.sampled_from([None, "coast-2025", "x"]),
        st.sampled_from([None, "SY", "SY-LA", "SY-TA", "LB"]),
        st.sampled_from([None, "killed", "missing"]),
        st.sampled_from([None, "civilian", "all"]),
    )
)
def test_a_change_is_found_by_exactly_the_filters_that_let_it_through(wanted):
    subject = Subject("coast-2025", frozenset({"SY-LA", "SY"}), "killed", "civilian")
    assert subject.fits(wanted) == (wanted in set(subject.filters()))


def test_a_reader_gets_what_was_offered_in_pieces_and_knows_its_place(monkeypatch):
    monkeypatch.setattr(readers, "SENT_BYTES", 25)
    reader = Reader(Filter())
    for first in (1, 3, 5):
        reader.offer(Batch(changes(first, first + 1)))
    assert (reader.take(), reader.told) == (b"x" * 40, EntryId(4, 0))
    assert (reader.take(), reader.told) == (b"x" * 20, EntryId(6, 0))
    assert reader.take() == b""


@pytest.mark.parametrize("bounds", [{"changes_max": 5}, {"bytes_max": 50}])
def test_a_reader_whose_queue_is_full_is_cut_off_and_keeps_its_place(bounds):
    reader = Reader(Filter(), **bounds)
    reader.offer(Batch(changes(1, 2)))
    reader.take()
    reader.offer(Batch(changes(3, 4, 5)))
    reader.offer(Batch(changes(6, 7)))
    assert reader.ending is None
    reader.offer(Batch(changes(8)))
    assert reader.ending == readers.TOO_SLOW
    reader.offer(Batch(changes(9)))
    assert (reader.take(), reader.told) == (b"", EntryId(2, 0))


@given(
    sizes=st.lists(st.integers(1, 7), max_size=12),
    kept=st.integers(1, 6),
    asked=st.integers(0, 90),
    count=st.integers(1, 5),
)
def test_memory_gives_exactly_what_followed_a_place_or_says_that_it_cannot(
    sizes, kept, asked, count
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remembered, "CHANGES_MAX", kept)
        recent, ids = Recent(BEGINNING), [0]
        for size in sizes:
            new = [ids[-1] + step for step in range(1, size + 1)]
            recent.add(changes(*new))
            ids += new
        found = recent.after(EntryId(asked, 0), count)
    last = ids[-1]
    if found is None:
        assert asked not in ids or asked < last - kept
    else:
        assert [one.entry.milliseconds for one in found] == ids[asked + 1 : asked + 1 + count]


def test_memory_is_bounded_by_bytes_too(monkeypatch):
    monkeypatch.setattr(remembered, "BYTES_MAX", 100)
    recent = Recent(BEGINNING)
    for number in range(1, 40):
        recent.add(changes(number, size=30))
    assert recent.after(BEGINNING, 1) is None
    assert recent.after(EntryId(38, 0), 5) == changes(39, size=30)
