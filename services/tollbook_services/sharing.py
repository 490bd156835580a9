"""Who is to have what: partitions shared evenly by the workers there are, with few moves.

Every worker works it out by itself from the same facts, and so nobody has to lead.
"""

from collections.abc import Mapping

Wanted = frozenset[int] | None
"""What a worker can work on; None for everything."""


def shares(holders: Mapping[int, str | None], workers: Mapping[str, Wanted]) -> dict[int, str]:
    """The worker that is to have each partition; none for a partition that nobody can work on.

    Who has a partition keeps it, unless one that could take it has two or more fewer. So shares
    differ by one at most where all can work on everything.

    Args:
        holders: the partitions, and who has each now.
        workers: those that share the work.
    """
    kept: dict[str, set[int]] = {name: set() for name in sorted(workers)}
    free = []
    for partition, holder in holders.items():
        if holder is not None and holder in workers and _can(workers[holder], partition):
            kept[holder].add(partition)
        else:
            free.append(partition)
    for partition in sorted(free):
        able = [name for name in kept if _can(workers[name], partition)]
        if able:
            kept[min(able, key=lambda name: len(kept[name]))].add(partition)
    while (move := _move(kept, workers)) is not None:
        giver, partition, taker = move
        kept[giver].discard(partition)
        kept[taker].add(partition)
    return {partition: name for name, partitions in kept.items() for partition in partitions}


def _move(
    kept: Mapping[str, set[int]], workers: Mapping[str, Wanted]
) -> tuple[str, int, str] | None:
    """A partition to be given by one with most to one with fewest; None where shares are even."""
    by_size = sorted(kept, key=lambda name: len(kept[name]))
    for giver in reversed(by_size):
        for taker in by_size:
            if len(kept[giver]) - len(kept[taker]) < 2:
                break
            able = [partition for partition in kept[giver] if _can(workers[taker], partition)]
            if able:
                return giver, max(able), taker
    return None


def _can(wanted: Wanted, partition: int) -> bool:
    return wanted is None or partition in wanted
