"""The heaviest set of parts that cannot be the same people (R9)."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

EXACT_MAX = 24
"""Parts of one overlapping cluster solved exactly; more are solved greedily, which is still
a valid floor. Real clusters (multi-province figures of one originator) are far smaller."""


def heaviest(parts: Sequence[tuple[T, int]], disjoint: Callable[[T, T], bool]) -> int:
    """The greatest sum of weights over pairwise disjoint parts.

    Any disjoint set is a valid floor, so a greedy answer is sound where the exact one would
    take too long.
    """
    live = [(part, weight) for part, weight in parts if weight > 0]
    conflicts = [
        {
            other
            for other in range(len(live))
            if other != index and not disjoint(live[index][0], live[other][0])
        }
        for index in range(len(live))
    ]
    total = 0
    left = set(range(len(live)))
    while left:
        cluster = _cluster(left, conflicts)
        left -= cluster
        picked = _solve(cluster, conflicts, [weight for _, weight in live])
        total += sum(live[index][1] for index in picked)
    return total


def _cluster(left: set[int], conflicts: list[set[int]]) -> set[int]:
    todo = [min(left)]
    cluster: set[int] = set()
    while todo:
        index = todo.pop()
        if index not in cluster:
            cluster.add(index)
            todo.extend(conflicts[index] & left)
    return cluster


def _solve(cluster: set[int], conflicts: list[set[int]], weights: list[int]) -> set[int]:
    if len(cluster) == 1:
        return set(cluster)
    if len(cluster) > EXACT_MAX:
        return _greedy(cluster, conflicts, weights)
    return _branch(frozenset(cluster), conflicts, weights, {})


def _branch(
    cluster: frozenset[int],
    conflicts: list[set[int]],
    weights: list[int],
    known: dict[frozenset[int], set[int]],
) -> set[int]:
    if not cluster:
        return set()
    if cluster in known:
        return known[cluster]
    busiest = min(cluster, key=lambda index: (-len(conflicts[index] & cluster), index))
    if not conflicts[busiest] & cluster:
        return set(cluster)
    taken = {busiest} | _branch(cluster - conflicts[busiest] - {busiest}, conflicts, weights, known)
    left = _branch(cluster - {busiest}, conflicts, weights, known)
    best = max(taken, left, key=lambda chosen: sum(weights[index] for index in chosen))
    known[cluster] = best
    return best


def _greedy(cluster: set[int], conflicts: list[set[int]], weights: list[int]) -> set[int]:
    chosen: set[int] = set()
    for index in sorted(cluster, key=lambda index: (-weights[index], index)):
        if not conflicts[index] & chosen:
            chosen.add(index)
    return chosen
