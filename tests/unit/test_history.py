"""The checker of histories finds what a broken ledger could do, and nothing in a sound one."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.faults.history import Append, History, Place, Read

LOG = {0: ("a", "b", "c"), 1: ("x",)}


def acked(client, began, ended, *events, partition=0, first=1, new=True):
    places = tuple(Place(partition, first + at, new) for at in range(len(events)))
    return Append(client, began, ended, events, places)


APPENDS = [
    acked("one", 0, 2, "a", "b"),
    Append("one", 3, None, ("c",)),
    acked("one", 6, 8, "c", first=3, new=False),
    acked("two", 1, 5, "x", partition=1),
]
READS = [
    Read("two", 4, 7, 0, 0, ("a", "b")),
    Read("two", 9, 10, 0, 2, ("c",)),
    Read("two", 11, 12, 1, 0, ("x",)),
]


def faults(appends=APPENDS, reads=READS, log=LOG):
    return History(list(appends), list(reads)).faults(log)


def test_a_history_that_can_be_is_without_fault():
    assert faults() == []


BROKEN = {
    "is recorded twice": {"log": LOG | {1: ("x", "a")}},
    "which nobody sent": {"log": LOG | {1: ("x", "ghost")}},
    "was acknowledged at (0, 3) and is not there": {"log": LOG | {0: ("a", "b")}, "reads": []},
    "was acknowledged at (0, 2) and is not there": {"log": LOG | {0: ("b", "a", "c")}},
    "has 1 receipts": {
        "appends": [*APPENDS, Append("one", 13, 14, ("a", "b"), APPENDS[0].places[:1])]
    },
    "appended anew by one and by two": {"appends": [*APPENDS, acked("two", 1, 3, "a")]},
    "not there any more, or in another order": {"reads": [Read("two", 3, 4, 0, 0, ("b", "a"))]},
    "two found 1 events before its own, or at all, after one had been told of 2": {
        "reads": [Read("two", 3, 4, 0, 0, ("a",))]
    },
    "two found 2 events before its own, or at all, after three had been told of 3": {
        "reads": [Read("three", 5, 6, 0, 0, ("a", "b", "c")), Read("two", 7, 9, 0, 0, ("a", "b"))]
    },
    "two found 0 events before its own, or at all, after one had been told of 2": {
        "appends": [acked("one", 0, 2, "b", first=2), acked("two", 3, 4, "a"), *APPENDS[1:]],
    },
    "before it was sent": {"reads": [Read("two", 1, 2, 0, 0, ("a", "b", "c"))]},
}  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_each_kind_of_lie_is_found(text):
    assert any(text in fault for fault in faults(**BROKEN[text])), faults(**BROKEN[text])


class Log:
    """A store that is sound, or has one of the bugs that such stores have had."""

    def __init__(self, rng, bug):
        self.rng, self.bug, self.events, self.shown = rng, bug, [], 0

    def append(self, names):
        places = []
        for name in names:
            if name in self.events and self.bug != "forgets keys":
                places.append(Place(0, self.events.index(name) + 1, new=False))
                continue
            behind = self.bug != "inserts" or len(self.events) < 3
            at = len(self.events) if behind else len(self.events) - 2
            self.events.insert(at, name)
            places.append(Place(0, at + 1, new=True))
        if self.bug == "loses" and len(self.events) >= 20:
            del self.events[12:16]
            self.bug = None
        return tuple(places)

    def read(self, after):
        if self.bug != "stale" or self.rng.random() < 0.5:
            self.shown = len(self.events)
        return tuple(self.events[after : self.shown])


def run(seed, bug):
    """Clients whose calls overlap, with answers that get lost, on such a store."""
    rng = random.Random(seed)
    log, history = Log(rng, bug), History()
    retry = None
    for number in range(40):
        client, began = f"c{rng.randrange(3)}", history.now()
        if rng.random() < 0.4:
            after = rng.randrange(len(log.events) + 1)
            names = log.read(after)
            history.reads.append(Read(client, began, history.now(), 0, after, names))
            continue
        names = retry or tuple(f"e{number}-{at}" for at in range(rng.randrange(1, 4)))
        places = log.append(names)
        lost = rng.random() < 0.3
        ended = None if lost else history.now()
        history.appends.append(Append(client, began, ended, names, () if lost else places))
        retry = names if lost else None
    return history.faults({0: log.events})


@given(st.integers(0, 2**32))
def test_a_sound_log_is_never_accused(seed):
    assert run(seed, None) == []


@pytest.mark.parametrize("bug", ["forgets keys", "inserts", "loses", "stale"])
def test_a_log_with_a_bug_is_found_out(bug):
    assert sum(bool(run(seed, bug)) for seed in range(30)) >= 25
