"""What a lane keeps in memory, and how pages are cut, on a real engine."""

import pytest
from tests.integration.projector_kit import CountFold, Store, empty_store, expected_rows, names

from tollbook_services import pages as pages_module
from tollbook_services.folding import Lane
from tollbook_services.pages import Pages

pytestmark = pytest.mark.anyio

TURNS = ("flood-2025", "quake-2024", "coast-2025")


class SeenFold(CountFold):
    """Remembers what was restored and what was forgotten."""

    seen: list[str]

    def __init__(self) -> None:
        super().__init__()
        SeenFold.seen = []

    def restore(self, crisis, rows) -> None:
        SeenFold.seen.append(f"restored {crisis}")
        super().restore(crisis, rows)

    def forget(self, crisis) -> None:
        SeenFold.seen.append(f"forgot {crisis}")
        super().forget(crisis)


async def folded(store: Store, crises: tuple[str, ...], rows_held_max: int) -> None:
    """One event for each of these crises, folded in pages of two by one lane."""
    for at, crisis in enumerate(crises):
        await store.file([f"report-{at:05}"], (crisis,))
    limits = {"rows_held_max": rows_held_max, "idle_events_min": 4}
    lane = Lane(store.readmodels, 0, SeenFold, **limits)
    await lane.load()
    pages = Pages(store.ledger, 0, 2)
    while page := await pages.after(lane.position):
        assert await lane.begin(page)
    assert await lane.settle()
    await pages.close()


async def test_a_crisis_without_events_for_long_is_let_go_and_read_again(engine_url):
    crises = ("flood-2025", "quake-2024", *("coast-2025",) * 6, "flood-2025", "coast-2025")
    async with empty_store(engine_url) as store:
        await folded(store, crises, rows_held_max=5)

        assert SeenFold.seen == ["forgot flood-2025", "forgot quake-2024", "restored flood-2025"]
        assert await store.counts() == {"flood-2025": 2, "quake-2024": 1, "coast-2025": 7}


async def test_rows_are_the_same_however_little_is_held(engine_url):
    crises = ("flood-2025", *("coast-2025",) * 9, "quake-2024") * 3
    async with empty_store(engine_url) as store:
        await folded(store, crises, rows_held_max=0)
        little = await store.rows()
        forgotten = SeenFold.seen

    async with empty_store(engine_url) as store:
        await folded(store, crises, rows_held_max=1_000)
        assert await store.rows() == little
    assert "restored flood-2025" in forgotten
    assert SeenFold.seen == []


async def test_what_is_not_idle_is_kept_however_much_it_is(engine_url):
    async with empty_store(engine_url) as store:
        await folded(store, TURNS * 6, rows_held_max=0)
        assert SeenFold.seen == []


async def test_a_page_read_in_pieces_holds_each_event_once(engine_url, monkeypatch):
    monkeypatch.setattr(pages_module, "READ_EVENTS", 3)
    monkeypatch.setattr(pages_module, "_FIRST_EVENTS", 2)
    async with empty_store(engine_url) as store:
        await store.file(names(25))
        assert await page_sequences(store, 10) == [
            list(range(1, 11)), list(range(11, 21)), list(range(21, 26))
        ]  # fmt: skip
        assert await page_sequences(store, 10, upto=14) == [list(range(1, 11)), [11, 12, 13, 14]]
        assert await page_sequences(store, 25) == [list(range(1, 26))]


async def test_a_page_of_large_events_is_cut_short(engine_url, monkeypatch):
    monkeypatch.setattr(pages_module, "READ_EVENTS", 2)
    monkeypatch.setattr(pages_module, "_FIRST_EVENTS", 1)
    async with empty_store(engine_url) as store:
        await store.file(names(10))
        size = len((await store.ledger.read(0, 0, 1))[0].stored)
        monkeypatch.setattr(pages_module, "STEP_BYTES", 4 * size)
        found = await page_sequences(store, 100)
        assert [one for page in found for one in page] == list(range(1, 11))
        assert max(map(len, found)) == 5


async def test_a_projector_with_small_and_large_pages_makes_the_same_rows(engine_url, monkeypatch):
    monkeypatch.setattr(pages_module, "READ_EVENTS", 4)
    async with empty_store(engine_url) as store:
        await store.file(names(200))
        await store.projector(page_size=37).catch_up(0)
        assert await store.rows() == expected_rows(names(200))


async def page_sequences(store: Store, size: int, upto: int | None = None) -> list[list[int]]:
    pages, found, last = Pages(store.ledger, 0, size), [], 0
    while page := await pages.after(last, upto):
        found.append([item.sequence for item in page])
        last = page[-1].sequence
    await pages.close()
    return found
