"""The contract of decisions about the quarantine, held by every engine."""

import asyncio
from dataclasses import dataclass, field

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import emptied, opened
from tests.contract.ledger_kit import SOURCE, decision, event, outcomes, report, stored_ids

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_services import keys
from tollbook_services.decisions import Ruling, quarantine_digest
from tollbook_services.ledger import Ledger

pytestmark = pytest.mark.anyio


def renamed(value: int, name: str) -> ParsedEvent:
    """What `event("a", value)` is under another id."""
    found = parse_event(orjson.dumps(report("a", value) | {"id": name}), default_gazetteer())
    assert isinstance(found, ParsedEvent), found
    return found


async def ruling(ledger: Ledger, about: ParsedEvent) -> Ruling | None:
    partition = keys.partition_of(about.crisis, ledger.partitions)
    (found,) = await ledger.rulings(partition, [quarantine_digest(*about.key, about.canonical)])
    return found


async def test_an_accepted_content_sent_again_is_a_duplicate_of_its_copy(any_redis):
    # given
    ledger = await Ledger.open(any_redis, partitions=1)
    await ledger.append([event("a"), event("a", 2), event("a", 3)])
    accepted = decision("accepted", event("a", 2), "d1", "a.2")

    # when
    done = await ledger.append([renamed(2, "a.2"), accepted])
    again = await ledger.append([event("a"), event("a", 2), event("a", 3)])

    # then: its own position, and the other contents of the key are what they were
    assert outcomes(done) == [("appended", 2), ("appended", 3)]
    assert outcomes(again) == [("duplicate", 1), ("duplicate", 2), ("quarantined", 1)]
    assert [entry.raw for entry in await ledger.read_quarantine(0)] == [
        event("a", 2).canonical,
        event("a", 3).canonical,
    ]
    assert await ledger.undecided_length(0) == 1
    assert await stored_ids(ledger) == ["a", "a.2", "d1"]


async def test_a_discarded_content_sent_again_is_a_duplicate_of_the_decision(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    await ledger.append([event("a"), event("a", 2)])

    await ledger.append([decision("discarded", event("a", 2), "d1")])
    again = await ledger.append([event("a", 2)])

    assert outcomes(again) == [("duplicate", 2)]
    assert await ruling(ledger, event("a", 2)) == Ruling("discarded", 2, 2, (0, 2))
    assert await ledger.undecided_length(0) == 0
    assert await ledger.quarantine_length(0) == 1


async def test_what_was_discarded_can_be_accepted_and_the_first_decision_is_remembered(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    await ledger.append([event("a"), event("a", 2)])
    await ledger.append([decision("discarded", event("a", 2), "d1")])

    await ledger.append([renamed(2, "b"), decision("accepted", event("a", 2), "d2", "b")])

    assert await ruling(ledger, event("a", 2)) == Ruling("accepted", 2, 4, (0, 3))
    assert await ledger.undecided_length(0) == 0


async def test_what_was_accepted_stays_accepted(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    await ledger.append([event("a"), event("a", 2)])
    await ledger.append([renamed(2, "b"), decision("accepted", event("a", 2), "d1", "b")])

    await ledger.append([decision("discarded", event("a", 2), "d2")])

    assert await ruling(ledger, event("a", 2)) == Ruling("accepted", 3, 3, (0, 2))
    assert outcomes(await ledger.append([event("a", 2)])) == [("duplicate", 2)]


async def test_the_copy_and_its_decision_in_one_batch_with_what_they_are_about(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)

    receipts = await ledger.append(
        [
            event("a"),
            event("a", 2),
            renamed(2, "b"),
            decision("accepted", event("a", 2), "d1", "b"),
            event("a", 2),
        ]
    )

    assert outcomes(receipts) == [
        ("appended", 1),
        ("quarantined", 1),
        ("appended", 2),
        ("appended", 3),
        ("duplicate", 2),
    ]


async def test_a_decision_that_comes_before_its_content_holds_and_the_content_is_kept(any_redis):
    # given: as when the events of one ledger were published into another
    ledger = await Ledger.open(any_redis, partitions=1)
    await ledger.append([event("a"), decision("discarded", event("a", 2), "d1")])
    assert await ledger.undecided_length(0) == 0

    # when
    receipts = await ledger.append([event("a", 2), event("a", 2)])

    # then: nothing was lost, nothing waits
    assert outcomes(receipts) == [("duplicate", 2), ("duplicate", 2)]
    assert [entry.raw for entry in await ledger.read_quarantine(0)] == [event("a", 2).canonical]
    assert await ledger.undecided_length(0) == 0


async def test_an_acceptance_without_its_copy_points_to_itself(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    await ledger.append([event("a"), event("a", 2)])

    await ledger.append([decision("accepted", event("a", 2), "d1", "b")])

    assert outcomes(await ledger.append([event("a", 2)])) == [("duplicate", 2)]


async def test_a_decision_sent_again_changes_nothing(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    discarded = decision("discarded", event("a", 2), "d1")
    await ledger.append([event("a"), event("a", 2), discarded])
    before = await any_redis.hgetall(keys.quarantined(0))

    again = await ledger.append([discarded])

    assert outcomes(again) == [("duplicate", 2)]
    assert await any_redis.hgetall(keys.quarantined(0)) == before
    assert await ledger.undecided_length(0) == 0


async def test_a_decision_lies_with_the_content_of_another_crisis_of_the_same_key(any_redis):
    # given: the two crises lie in different partitions
    ledger = await Ledger.open(any_redis, partitions=4)
    here, there = event("a", crisis="flood-2025"), event("a", crisis="syria-coast-2025")
    await ledger.append([here])  # together, either could be the first
    await ledger.append([there])

    # when
    (decided,) = await ledger.append([decision("discarded", there, "d1")])
    (again,) = await ledger.append([there])

    # then
    assert (decided.partition, decided.sequence) == (1, 1)
    assert (again.status, again.partition, again.sequence) == ("duplicate", 1, 1)
    assert [await ledger.undecided_length(number) for number in range(4)] == [0, 0, 0, 0]


async def test_a_report_that_speaks_of_decisions_is_none(any_redis):
    ledger = await Ledger.open(any_redis, partitions=1)
    text = "see org.tollbook.quarantine.accepted.v1"
    document = report("a") | {"ext": {"note": text}}
    parsed = parse_event(orjson.dumps(document), default_gazetteer())
    assert isinstance(parsed, ParsedEvent)

    assert outcomes(await ledger.append([parsed])) == [("appended", 1)]
    assert await any_redis.exists(keys.quarantined(0)) == 0
    assert parsed.key == (SOURCE, "a")


ACTS = st.tuples(st.sampled_from(("send", "accept", "discard")), st.integers(1, 3))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=st.lists(ACTS, max_size=12), cuts=st.sets(st.integers(1, 11)))
def test_in_whatever_order_things_come_the_outcome_is_that_of_a_dictionary(
    any_server_url, acts, cuts
):
    batches = [[]]
    for number, act in enumerate(acts):
        if number in cuts:
            batches.append([])
        batches[-1].append((number, *act))
    asyncio.run(compare(emptied(any_server_url), batches))


@dataclass
class Model:
    """One key: which content was first, what is kept, and where retries are sent."""

    head: int = 0
    first: tuple[int, int] | None = None
    kept: list[int] = field(default_factory=list)
    rulings: dict[int, tuple[str, int]] = field(default_factory=dict)

    def take(self, act: str, value: int) -> list[tuple[str, int]]:
        if act == "send":
            return [self._send(value)]
        self.head += 1
        if act == "discard":
            if self.rulings.get(value, ("",))[0] != "accept":
                self.rulings[value] = (act, self.head)
            return [("appended", self.head)]
        self.rulings[value] = (act, self.head)  # the copy, which the decision follows
        self.head += 1
        return [("appended", self.head - 1), ("appended", self.head)]

    def _send(self, value: int) -> tuple[str, int]:
        if self.first is None:
            self.head += 1
            self.first = (value, self.head)
            return "appended", self.head
        if self.first[0] == value:
            return "duplicate", self.first[1]
        if value not in self.kept:
            self.kept.append(value)
        if value in self.rulings:
            return "duplicate", self.rulings[value][1]
        return "quarantined", self.first[1]


def sent(number: int, act: str, value: int) -> list[ParsedEvent]:
    if act == "send":
        return [event("a", value)]
    if act == "discard":
        return [decision("discarded", event("a", value), f"d{number}")]
    copy = renamed(value, f"c{number}")
    return [copy, decision("accepted", event("a", value), f"d{number}", f"c{number}")]


async def compare(url: str, batches: list[list[tuple[int, str, int]]]) -> None:
    model = Model()
    async with opened(url) as redis:
        ledger = await Ledger.open(redis, partitions=1)
        for batch in batches:
            wanted = [one for _, act, value in batch for one in model.take(act, value)]
            found = await ledger.append([one for act in batch for one in sent(*act)])
            assert outcomes(found) == wanted
        kept = [entry.raw for entry in await ledger.read_quarantine(0)]
        assert kept == [event("a", value).canonical for value in model.kept]
        undecided = [value for value in model.kept if value not in model.rulings]
        assert await ledger.undecided_length(0) == len(undecided)
