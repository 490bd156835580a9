"""Who is to have which partition: evenly, with few moves, and the same whoever works it out."""

from hypothesis import given
from hypothesis import strategies as st

from tollbook_services.sharing import shares

NAMES = ("a", "b", "c", "d")
PARTITIONS = 12


def sizes(planned, workers):
    counts = [list(planned.values()).count(name) for name in workers]
    return max(counts) - min(counts)


@st.composite
def situations(draw):
    """Who has each of some partitions, and who is there now."""
    workers = draw(st.sets(st.sampled_from(NAMES), min_size=1))
    holder = st.none() | st.sampled_from(NAMES)
    count = draw(st.integers(1, PARTITIONS))
    return {number: draw(holder) for number in range(count)}, dict.fromkeys(workers)


@given(situations())
def test_shares_differ_by_one_at_most_and_leave_nothing_out(situation):
    holders, workers = situation
    planned = shares(holders, workers)
    assert planned.keys() == holders.keys()
    assert set(planned.values()) <= workers.keys()
    assert sizes(planned, workers) <= 1


@given(situations())
def test_no_more_partitions_are_moved_than_even_shares_need(situation):
    holders, workers = situation
    planned = shares(holders, workers)
    moved = sum(holders[one] in workers and holders[one] != planned[one] for one in holders)
    least = len(holders) // len(workers)
    ceilings = len(holders) % len(workers)
    owned = sorted((list(holders.values()).count(name) for name in workers), reverse=True)
    allowed = [least + (rank < ceilings) for rank in range(len(owned))]
    assert moved == sum(max(0, own - most) for own, most in zip(owned, allowed, strict=True))


@given(situations())
def test_what_is_shared_stays_as_it_is(situation):
    planned = shares(*situation)
    assert shares(planned, situation[1]) == planned


@given(situations(), st.randoms())
def test_every_worker_works_out_the_same(situation, order):
    holders, workers = situation
    mixed, others = list(holders.items()), list(workers.items())
    order.shuffle(mixed)
    order.shuffle(others)
    assert shares(dict(mixed), dict(others)) == shares(holders, workers)


def test_a_worker_gets_only_what_it_can_work_on():
    workers = {"all": None, "two": frozenset({2}), "far": frozenset({9})}
    assert shares({0: None, 1: None, 2: "all", 3: None}, workers) == {
        0: "all", 1: "all", 2: "two", 3: "all",
    }  # fmt: skip
    assert shares({0: None, 9: "two"}, {"far": frozenset({9})}) == {9: "far"}
