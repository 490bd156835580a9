"""Says what became of the mutants of a Cosmic Ray session: the score, and every survivor."""

import argparse
from collections import Counter, defaultdict
from math import sqrt
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult

STILLBORN = "stillborn"
"""What the plugin `few_examples` prints of a mutant that cannot be imported."""
Z = 1.96
"""Standard deviations to each side within which 95 % of a normal distribution lie."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("session", help="database of a session that was run")
    with use_db(parser.parse_args().session, WorkDB.Mode.open) as session:
        done = [
            (item, result)
            for item, result in session.completed_work_items
            if result.worker_outcome is not WorkerOutcome.SKIPPED
        ]
        waiting = len(session.pending_work_items)
    for line in [*scores(done), "", *survivors(done)]:
        print(line)  # noqa: T201
    if waiting:
        print(f"\n{waiting} drawn mutants have not been run")  # noqa: T201


def fate(result: WorkResult) -> str:
    """stillborn, survived, timeout, killed, or broken where the tool failed."""
    output = result.output or ""
    if result.worker_outcome is not WorkerOutcome.NORMAL:
        return "broken"
    if result.test_outcome is TestOutcome.SURVIVED:
        return "survived"
    if STILLBORN in output:
        return "stillborn"
    return "timeout" if output == "timeout" else "killed"


def scores(done: list[tuple[WorkItem, WorkResult]]) -> list[str]:
    """A table of modules: viable mutants, how many a test saw, and the part that is."""
    modules: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for item, result in done:
        modules[item.mutations[0].module_path.stem][fate(result)] += 1
    total = sum(modules.values(), Counter[str]())
    rows = [_row(name, counted) for name, counted in sorted(modules.items())]
    head = f"{'module':<24} viable killed survived stillborn score"
    return [
        head,
        *rows,
        _row("all", total),
        _interval(total),
        f"killed by the time limit: {total['timeout']}",
    ]


def survivors(done: list[tuple[WorkItem, WorkResult]]) -> list[str]:
    """The places of survivors in order, each with the lines before and after."""
    found = [
        (str(item.mutations[0].module_path), item.mutations[0].start_pos, result.diff or "")
        for item, result in done
        if fate(result) == "survived"
    ]
    lines = []
    for path, (line, column), diff in sorted(found):
        lines.append(f"{Path(path).name}:{line}:{column}")
        lines += [
            f"  {text}"
            for text in diff.splitlines()
            if text[:1] in {"-", "+"} and text[:3] not in {"---", "+++"}
        ]
    return lines


def _interval(counted: Counter[str]) -> str:
    """Between which scores the whole package has its own, by Wilson's interval of 95 %."""
    killed = counted["killed"] + counted["timeout"]
    viable = killed + counted["survived"]
    if not viable:
        return "no mutant could be run"
    share, spread = killed / viable, Z**2 / viable
    middle = (share + spread / 2) / (1 + spread)
    half = Z * sqrt(share * (1 - share) / viable + (Z / viable) ** 2 / 4) / (1 + spread)
    return f"score of all mutants, with 95 %: {middle - half:.0%} to {middle + half:.0%}"


def _row(name: str, counted: Counter[str]) -> str:
    killed = counted["killed"] + counted["timeout"]
    viable = killed + counted["survived"]
    score = f"{killed / viable:5.0%}" if viable else "    -"
    return (
        f"{name:<24} {viable:>6} {killed:>6} {counted['survived']:>8} "
        f"{counted['stillborn']:>9} {score}"
    )


if __name__ == "__main__":
    main()
