"""The same events for everybody, the answer that everybody has to come to, and how both are told.

Runs in the environment of the peers and in ours, so it imports nothing of tollbook.
"""

import gc
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

Key = tuple[str, str, str]
State = dict[Key, int]

APPEND_EVENTS = 1_000
"""Events a commit, where a peer has commits."""


def events(file: Path) -> list[bytes]:
    """The events, as JSON, in the order in which they are published."""
    return file.read_bytes().splitlines()


def tally(state: State, document: dict) -> None:
    """Take an event in: the last number of each originator for each area of each crisis."""
    figure = document["data"]["figures"][0]
    key = (document["subject"], figure["areas"][0], document["data"]["originator"])
    state[key] = figure["quantity"]["value"]


def expected(raws: list[bytes]) -> State:
    """What everybody has to come to."""
    state: State = {}
    for raw in raws:
        tally(state, orjson.loads(raw))
    return state


def must_be(state: State, wanted: State) -> None:
    """Refuse another answer: a fast one that is wrong is none."""
    if state != wanted:
        differ = [key for key in wanted.keys() | state.keys() if state.get(key) != wanted.get(key)]
        sys.exit(f"another answer than expected, e.g. for {differ[0]}, of {len(differ)} in all")


@contextmanager
def timed() -> Iterator[list[float]]:
    """Seconds of a piece of work, in a list that is filled at its end."""
    gc.collect()
    took: list[float] = []
    began = time.perf_counter()
    yield took
    took.append(time.perf_counter() - began)


def tell(peer: str, op: str, variant: str, count: int, seconds: float, durable: str = "") -> None:
    """One line for `run.py`."""
    row = {"peer": peer, "op": op, "variant": variant, "events": count, "seconds": seconds}
    print(json.dumps(row | {"durable": durable}), flush=True)


def batches(raws: list[bytes], size: int) -> Iterator[list[bytes]]:
    for at in range(0, len(raws), size):
        yield raws[at : at + size]
