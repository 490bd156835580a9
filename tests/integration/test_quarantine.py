"""Deciding about the quarantine: what is recorded, what is refused, what the views then show."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import orjson
import pytest
from tests.contract.ledger_kit import SOURCE, decision, event, outcomes, report, stored_ids

from tollbook_schemas.canonical import canonical_bytes, content_digest
from tollbook_schemas.errors import UsageError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.limits import EVENT_ID_CHARS_MAX
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services import keys, queries
from tollbook_services.acknowledged import Acknowledged, check_acknowledged
from tollbook_services.check import check_events
from tollbook_services.check_views import check_folds
from tollbook_services.ledger import Ledger
from tollbook_services.quarantine import Held, find_held, held_document, held_events
from tollbook_services.quarantine_decide import Decided, Verdict, copy_id, decide
from tollbook_services.queries import Question
from tollbook_services.read_again import read_again
from tollbook_services.settings import Settings
from tollbook_services.status import status_document
from tollbook_services.wiring import Tollbook, open_tollbook

pytestmark = pytest.mark.anyio

CRISIS = "flood-2025"
BOTH = Verdict("accepted", "two different boats", "urn:tollbook:desk:ann")
NEITHER = Verdict("discarded", "a typo of the same row", "urn:tollbook:desk:ann")


@asynccontextmanager
async def opened(url: str, partitions: int = 1) -> AsyncIterator[Tollbook]:
    async with open_tollbook(Settings(redis=url, partitions=partitions), create=True) as book:
        yield book


async def held(book: Tollbook) -> list[Held]:
    return [one async for one in held_events(book.ledger, range(book.ledger.partitions))]


async def decided(
    book: Tollbook, entries: Iterable[Held], verdict: Verdict, *, dry_run: bool = False
) -> list[Decided]:
    found = decide(book.ledger, book.admission, list(entries), verdict, dry_run=dry_run)
    return [one async for one in found]


async def quarantined(book: Tollbook, known_as_of: str | None = None) -> list[str]:
    """The events that the view `conflicts` shows in quarantine."""
    document = await queries.conflicts(book, CRISIS, Question(known_as_of=known_as_of))
    return [one["event"] for one in document["conflicts"] if one["kind"] == "quarantined"]


async def test_an_accepted_event_is_recorded_as_it_was_sent_but_for_its_id(any_engine_url):
    async with opened(any_engine_url) as book:
        await book.ledger.append([event("a"), event("a", 2)])
        (entry,) = await held(book)

        (done,) = await decided(book, [entry], BOTH)

        digest = content_digest(event("a", 2).canonical).hex()
        assert (done.outcome, done.as_, done.sequence) == ("accepted", f"a.{digest[:8]}", 3)
        copy, said = await book.ledger.read(0, after=1, count=5)
        assert copy.holds(canonical_bytes(report("a", 2) | {"id": done.as_}))
        about = {"source": SOURCE, "id": "a", "content": digest, "as": done.as_}
        assert orjson.loads(said.stored)["data"] == about | {"reason": BOTH.reason}
        assert copy.recorded_at == said.recorded_at  # one call: both or neither
        tolls = await queries.tolls(book, CRISIS, Question(area="SY-LA"))
        assert {name for cell in tolls["cells"] for name in cell["figures"]} >= {
            f"{SOURCE}/{done.as_}#f"
        }


async def test_deciding_the_same_twice_records_nothing_more(engine_url):
    async with opened(engine_url) as book:
        await book.ledger.append([event("a"), event("a", 2), event("b"), event("b", 2)])
        one, other = await held(book)
        await decided(book, [one], BOTH)
        await decided(book, [other], NEITHER)

        again = await decided(book, [(await held(book))[0]], BOTH)
        again += await decided(book, [(await held(book))[1]], NEITHER)

        assert [found.outcome for found in again] == ["already", "already"]
        assert [found.sequence for found in again] == [4, 5]
        assert "was accepted as a." in (again[0].message or "")
        assert "was discarded by urn:tollbook:desk:ann at " in (again[1].message or "")
        assert await book.ledger.head(0) == 5


async def test_what_was_accepted_is_not_discarded_but_retracted(engine_url):
    async with opened(engine_url) as book:
        await book.ledger.append([event("a"), event("a", 2)])
        await decided(book, await held(book), Verdict("accepted", "two", BOTH.source, "a-2"))

        (refused,) = await decided(book, await held(book), NEITHER)
        (renamed,) = await decided(
            book, await held(book), Verdict("accepted", "two", BOTH.source, "a-3")
        )

        assert (refused.outcome, renamed.outcome) == ("refused", "refused")
        assert f"`tollbook retract {SOURCE}/a-2#FIGURE" in (refused.message or "")
        assert "was accepted as a-2" in (renamed.message or "")
        assert await book.ledger.head(0) == 3


async def test_what_was_discarded_can_be_accepted_later(engine_url):
    async with opened(engine_url) as book:
        await book.ledger.append([event("a"), event("a", 2)])
        await decided(book, await held(book), NEITHER)

        (done,) = await decided(book, await held(book), BOTH)

        assert done.outcome == "accepted"
        (entry,) = await held(book)
        document = await held_document(book.ledger, entry)
        assert document["decision"]["kind"] == "accepted"
        assert document["decision"]["reason"] == BOTH.reason
        assert document["decision"]["sequence"] == 4


async def test_a_copy_without_its_decision_is_completed_by_the_same_command(engine_url):
    # given: somebody's process was killed between two calls
    async with opened(engine_url) as book:
        await book.ledger.append([event("a"), event("a", 2)])
        (entry,) = await held(book)
        document = report("a", 2) | {"id": copy_id(entry)}
        copy = parse_event(orjson.dumps(document), default_gazetteer())
        assert isinstance(copy, ParsedEvent)
        await book.ledger.append([copy])

        (done,) = await decided(book, [entry], BOTH)

        assert (done.outcome, done.sequence) == ("accepted", 3)
        assert len(set(await stored_ids(book.ledger))) == 3
        assert outcomes(await book.ledger.append([event("a", 2)])) == [("duplicate", 2)]


async def test_an_acceptance_without_its_copy_is_completed_by_the_same_command(engine_url):
    # given: an acceptance that somebody published by hand
    async with opened(engine_url) as book:
        await book.ledger.append([event("a"), event("a", 2)])
        await book.ledger.append([decision("accepted", event("a", 2), "d1", "second")])

        (done,) = await decided(book, await held(book), BOTH)

        assert (done.outcome, done.as_) == ("accepted", "second")
        assert await stored_ids(book.ledger) == ["a", "d1", "second"]


async def test_an_id_that_is_taken_or_impossible_is_refused_with_what_would_do(engine_url):
    async with opened(engine_url) as book:
        await book.ledger.append([event("a"), event("a", 2), event("taken", 9)])
        (entry,) = await held(book)

        found = [
            (await decided(book, [entry], Verdict("accepted", "two", BOTH.source, name)))[0]
            for name in ("taken", "a", "x/y")
        ]

        assert [one.outcome for one in found] == ["refused"] * 3
        assert "at sequence 2 of partition 0: choose another one" in (found[0].message or "")
        assert "choose another one with --as" in (found[1].message or "")
        assert "/id: 'x/y' is not an id" in (found[2].message or "")
        assert await book.ledger.head(0) == 2


async def test_one_id_is_not_given_to_two_and_a_decision_without_reason_is_no_event(engine_url):
    async with opened(engine_url) as book:
        await book.ledger.append([event("a"), event("a", 2), event("a", 3)])
        entries = await held(book)

        with pytest.raises(UsageError, match="--as gives one id, and this is about 2 entries"):
            await decided(book, entries, Verdict("accepted", "two", BOTH.source, "b"))
        with pytest.raises(UsageError, match="/data/reason: ' ' is not a text"):
            await decided(book, entries, Verdict("discarded", " ", BOTH.source))

        assert await book.ledger.head(0) == 1


async def test_a_dry_run_says_the_same_and_records_nothing(engine_url):
    async with opened(engine_url) as book:
        await book.ledger.append([event("a"), event("a", 2), event("a", 3)])
        entries = await held(book)

        tried = await decided(book, entries, BOTH, dry_run=True)
        head = await book.ledger.head(0)
        done = await decided(book, entries, BOTH)

        assert [one.as_ for one in tried] == [one.as_ for one in done]
        assert [one.sequence for one in tried] == [None, None]
        assert (head, await book.ledger.head(0)) == (1, 5)


async def test_hundreds_are_decided_and_then_an_import_run_again_has_only_duplicates(engine_url):
    # given: as of the producer whose 374 ids are shared by 1,000 rows
    async with opened(engine_url, partitions=4) as book:
        rows = [event(f"r{number % 374}", number) for number in range(1000)]
        first = await book.ledger.append(rows)
        assert sum(one.status == "quarantined" for one in first) == 626

        # when
        entries = await held(book)
        done = await decided(book, entries[:313], BOTH)
        done += await decided(book, entries[313:], NEITHER)
        again = await book.ledger.append(rows)

        # then: with receipts at the copies and the decisions, and nothing new in quarantine
        assert {one.status for one in again} == {"duplicate"}
        assert len({one.sequence for one in again}) == 1000
        partition = book.partition_of(CRISIS)
        assert await book.ledger.head(partition) == 374 + 2 * 313 + 313
        assert await book.ledger.quarantine_length(partition) == 626
        status = await status_document(
            book.ledger, book.readmodels, tuple(book.projections.values())
        )
        assert status["quarantined"] == 0
        assert [one.held.position for one in done] == [one.position for one in entries]


async def test_every_invariant_holds_with_decisions_and_their_receipts(engine_url):
    async with opened(engine_url) as book:
        rows = [event("a"), event("a", 2), event("a", 3), event("b")]
        await book.ledger.append(rows)
        one, other = await held(book)
        await decided(book, [one], BOTH)
        await decided(book, [other], NEITHER)
        receipts = await book.ledger.append(rows)
        told = Acknowledged(
            SOURCE,
            "a",
            frozenset(f"{one.partition}:{one.sequence}" for one in receipts[:3]),
            frozenset(content_digest(row.canonical) for row in rows[:3]),
        )
        await book.catch_up()

        found = await check_events(book.redis)
        found += await check_acknowledged(book.redis, [told])
        found += await check_folds(book, (1, 7))

        assert [fault for invariant in found for fault in invariant.faults] == []
        assert {one.name: one.checked for one in found}["decisions"] == 2


@pytest.mark.parametrize(
    "told",
    [
        Acknowledged(SOURCE, "a", frozenset({"0:1", "0:2"})),  # an event of another key
        Acknowledged(SOURCE, "a", frozenset({"0:1", "0:4"})),  # a decision about another key
        Acknowledged(SOURCE, "a", frozenset({"0:1", "0:9"})),  # no event
    ],
)
async def test_an_acknowledgement_that_no_decision_explains_is_named(redis, told):
    ledger = await Ledger.open(redis, partitions=1)
    await ledger.append([event("a"), event("b"), event("c"), event("c", 2)])
    await ledger.append([decision("discarded", event("c", 2), "d1")])

    (found,) = await check_acknowledged(redis, [told])

    assert "acknowledged at several positions" in found.faults[0]


async def test_a_copy_that_is_not_what_was_acknowledged_is_named(redis):
    ledger = await Ledger.open(redis, partitions=1)
    await ledger.append([event("a"), event("a", 2), event("other", 7)])
    await ledger.append([decision("accepted", event("a", 2), "d1", "other")])
    (receipt,) = await ledger.append([event("a", 2)])
    told = Acknowledged(SOURCE, "a", frozenset({f"0:{receipt.sequence}"}))

    (found,) = await check_acknowledged(redis, [told])

    assert found.faults[0].endswith("acknowledged at 0:2, but its key is at 0:1")


async def test_a_copy_of_what_was_never_sent_is_named(redis):
    ledger = await Ledger.open(redis, partitions=1)
    await ledger.append([event("a"), event("a", 2)])
    document = report("a", 2) | {"id": "copy"}
    copy = parse_event(orjson.dumps(document), default_gazetteer())
    assert isinstance(copy, ParsedEvent)
    await ledger.append([copy, decision("accepted", event("a", 2), "d1", "copy")])
    sent = frozenset({content_digest(event("a").canonical)})
    told = Acknowledged(SOURCE, "a", frozenset({"0:2"}), sent)

    (found,) = await check_acknowledged(redis, [told])

    assert "acknowledged at 0:2" in found.faults[0]


async def test_a_content_decided_about_more_than_once_is_as_the_index_has_it(redis):
    ledger = await Ledger.open(redis, partitions=1)
    await ledger.append([event("a"), event("a", 2)])
    for number, kind in enumerate(("discarded", "accepted", "discarded")):
        as_ = "b" if kind == "accepted" else None
        await ledger.append([decision(kind, event("a", 2), f"d{number}", as_)])

    found = {one.name: (one.checked, one.faults) for one in await check_events(redis)}

    assert found["decisions"] == (1, ())


async def test_an_index_that_lost_a_decision_is_named(redis):
    ledger = await Ledger.open(redis, partitions=1)
    await ledger.append([event("a"), event("a", 2)])
    await ledger.append([decision("discarded", event("a", 2), "d1")])
    await redis.delete(keys.quarantined(0))

    found = {one.name: one.faults for one in await check_events(redis)}

    assert found["decisions"][0].startswith("partition 0, sequence 2: the index of the quarantine")


async def test_conflicts_show_what_waits_now_and_what_waited_then(engine_url):
    async with opened(engine_url) as book:
        await book.ledger.append([event("a")])
        await book.ledger.append([event("a", 2), event("b")])
        (entry,) = await held(book)
        assert await quarantined(book) == [f"{SOURCE}/a"]

        await decided(book, [entry], NEITHER)
        await decided(book, await held(book), BOTH)

        assert await quarantined(book) == []
        assert await quarantined(book, "2") == [f"{SOURCE}/a"]
        assert await quarantined(book, "1") == []
        assert await quarantined(book, "0") == []
        assert await quarantined(book, "3") == []
        (_, second) = await book.ledger.read(0, after=0, count=2)
        assert await quarantined(book, second.recorded_at.isoformat()) == [f"{SOURCE}/a"]
        assert await quarantined(book, "2000-01-01") == []


async def test_an_entry_newer_than_the_last_event_is_shown(engine_url):
    async with opened(engine_url) as book:
        await book.ledger.append([event("a")])
        await book.ledger.append([event("a", 2)])

        assert await quarantined(book) == [f"{SOURCE}/a"]
        assert await quarantined(book, "1") == [f"{SOURCE}/a"]


async def test_an_entry_is_found_by_position_and_all_contents_by_source_and_id(engine_url):
    async with opened(engine_url, partitions=4) as book:
        elsewhere = event("a", 3, crisis="syria-coast-2025")
        await book.ledger.append([event("a"), event("a", 2), event("b"), event("b", 2)])
        await book.ledger.append([elsewhere])
        entries = await held(book)

        both = await find_held(book.ledger, [f"{SOURCE}/a"])
        one = await find_held(book.ledger, [entries[1].position, entries[1].position])

        assert sorted(found.entry.raw for found in both) == sorted(
            [event("a", 2).canonical, elsewhere.canonical]
        )
        assert [found.position for found in one] == [entries[1].position]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"{SOURCE}/aa", f"did you mean '{SOURCE}/a'"),
        ("0:1-1", "is not in quarantine"),
        ("9:1-1", "is not in quarantine"),
        ("0:99999999999999999999999-1", "is not in quarantine"),
        ("nonsense", "by position and by source/id"),
    ],
)
async def test_what_is_not_in_quarantine_is_refused_with_what_is_near(engine_url, name, said):
    async with opened(engine_url) as book:
        await book.ledger.append([event("a"), event("a", 2)])

        with pytest.raises(UsageError) as refused:
            await find_held(book.ledger, [name])

    assert said in str(refused.value)


async def test_a_long_id_leaves_room_for_the_digest_of_its_content(engine_url):
    async with opened(engine_url) as book:
        name = "x" * EVENT_ID_CHARS_MAX
        await book.ledger.append([event(name), event(name, 2)])

        (done,) = await decided(book, await held(book), BOTH)

        assert done.outcome == "accepted"
        assert len(done.as_ or "") == EVENT_ID_CHARS_MAX


async def test_a_decision_published_into_another_ledger_holds_there_too(engine_url):
    # given: the events of a ledger, as `tollbook export events` gives them
    async with opened(engine_url) as book:
        await book.ledger.append([event("a"), event("a", 2), event("a", 3)])
        one, other = await held(book)
        await decided(book, [one], BOTH)
        await decided(book, [other], NEITHER)
        entries = await book.ledger.read(0, after=0, count=10)
        sent = [parse_event(entry.sent(), default_gazetteer()) for entry in entries]
        await book.redis.flushall()

    # when
    async with opened(engine_url) as book:
        await book.ledger.append([one for one in sent if isinstance(one, ParsedEvent)])
        receipts = await book.ledger.append([event("a"), event("a", 2), event("a", 3)])

        # then: the same answers, and what was sent is kept
        assert outcomes(receipts) == [("duplicate", 1), ("duplicate", 2), ("duplicate", 4)]
        assert await book.ledger.quarantine_length(0) == 2
        assert await quarantined(book) == []


async def test_refused_documents_read_again_foresee_what_was_decided(engine_url):
    async with opened(engine_url) as book:
        await book.ledger.append([event("a"), event("a", 2)])
        await decided(book, await held(book), NEITHER)
        await book.ledger.reject(event("a", 2).canonical, (), "test")

        async def refused():
            for entry in await book.ledger.read_rejected():
                yield entry

        found = read_again(refused(), book.ledger, book.admission, dry_run=True)

        assert [(one.status, one.sequence) async for _, one in found] == [("duplicate", 2)]
