"""Draws which mutants of a Cosmic Ray session are run, and marks the others as skipped.

A line with an operator has many mutants (12 for one `-`), which live and die together. So places
are drawn, from each module in proportion to its places, and one mutant at random at each place.
The same code, seed and size give the same sample.
"""

import argparse
import ast
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, WorkerOutcome, WorkItem, WorkResult

Position = tuple[int, int]
"""Line from 1 and column from 0."""
Place = tuple[str, Position, Position]
"""Module, first position and the one after the last."""
SIZE = 240
SEED = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("session", help="database of `cosmic-ray init`")
    parser.add_argument("--size", type=int, default=SIZE, help="how many mutants to run")
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args()
    with use_db(chosen.session, WorkDB.Mode.open) as session:
        places = by_place(session.pending_work_items)
        drawn = draw(places, chosen.size, random.Random(chosen.seed))
        left_out = [item.job_id for item in session.pending_work_items if item.job_id not in drawn]
        outcome = WorkResult(WorkerOutcome.SKIPPED, output="not drawn")
        session.set_multiple_results(left_out, outcome)
    print(f"{len(drawn)} mutants drawn at {len(places)} places, seed {chosen.seed}")  # noqa: T201


def by_place(items: Iterable[WorkItem]) -> dict[Place, list[WorkItem]]:
    """The mutants at each place of the code that runs; an annotation is read by mypy alone."""
    silent: dict[Path, list[tuple[Position, Position]]] = {}
    places: defaultdict[Place, list[WorkItem]] = defaultdict(list)
    for item in sorted(items, key=_order):
        (spec,) = item.mutations
        if spec.module_path not in silent:
            silent[spec.module_path] = list(annotations(spec.module_path))
        if not any(
            first <= spec.start_pos and spec.end_pos <= end
            for first, end in silent[spec.module_path]
        ):
            places[str(spec.module_path), spec.start_pos, spec.end_pos].append(item)
    return dict(places)


def annotations(module: Path) -> Iterator[tuple[Position, Position]]:
    """Where the annotations of a module begin and end."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.arg(annotation=found) | ast.AnnAssign(annotation=found):
                pass
            case ast.FunctionDef(returns=found):
                pass
            case _:
                continue
        if found is not None and found.end_lineno is not None and found.end_col_offset is not None:
            yield (found.lineno, found.col_offset), (found.end_lineno, found.end_col_offset)


def draw(places: dict[Place, list[WorkItem]], size: int, chance: random.Random) -> set[str]:
    """The jobs of one mutant at each of some places, spread evenly over the modules.

    Places in the order of modules, and shuffled within a module, are taken at equal steps.
    """
    ordered = sorted(places, key=lambda place: (place[0], chance.random()))
    step = max(1.0, len(ordered) / size)
    first = chance.random() * step
    count = min(size, len(ordered))
    taken = [ordered[int(first + number * step) % len(ordered)] for number in range(count)]
    return {chance.choice(places[place]).job_id for place in taken}


def _order(item: WorkItem) -> tuple[str, Position, str, int]:
    """An order that is the same in every session, as the ids of jobs are not."""
    spec: MutationSpec = item.mutations[0]
    return str(spec.module_path), spec.start_pos, spec.operator_name, spec.occurrence


if __name__ == "__main__":
    main()
