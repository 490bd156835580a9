"""Measures the fold alone: CPU time an event in bulk and after a restart, first and last tenth."""

import argparse
import gc
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from reports import REAL, real, synthetic

from tollbook_projections.catalogue import folds
from tollbook_projections.figures import FigureFold
from tollbook_projections.projection import Recorded
from tollbook_projections.query import Position, Query
from tollbook_projections.views import toll_document
from tollbook_schemas.filed import filed_event
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy

TENTHS = 10
START = datetime(2025, 1, 1, tzinfo=UTC)
ONE_CRISIS = b'"iom-mmp"'
Stored = dict[str, dict[str, bytes]]


def recorded(lines: Sequence[bytes], first: int) -> list[Recorded]:
    return [
        Recorded(0, sequence, START + timedelta(seconds=sequence), filed_event(line))
        for sequence, line in enumerate(lines, first)
    ]


def pages(lines: list[bytes], size: int) -> Iterator[list[Recorded]]:
    for start in range(0, len(lines), size):
        yield recorded(lines[start : start + size], start + 1)


def measure(name: str, lines: list[bytes], size: int) -> None:
    bytes_each = sum(map(len, lines)) // len(lines)
    print(f"{name}: {len(lines):,} events of {bytes_each} bytes, {size:,} a page")
    for make in folds(default_gazetteer(), default_policy()):
        fold, stored, times = make(), Stored(), list[float]()
        gc.disable()  # nothing here is cyclic; collecting looks at every figure again and again
        for page in pages(lines, size):
            began = time.process_time()
            for event in page:
                fold.apply(event)
            changes = fold.drain()
            times.append((time.process_time() - began) / len(page))
            for change in changes:
                if change.value is not None:
                    stored.setdefault(change.crisis, {})[change.key] = change.value
        gc.enable()
        tenth = max(1, len(lines) // size // TENTHS)
        whole = times[: len(lines) // size]  # a short last page costs more an event
        ratio = sum(whole[-tenth:]) / sum(whole[:tenth])
        each = sum(times) / len(times)
        print(f"  {fold.name}: {per(each)}, last tenth / first tenth {ratio:.2f}")
        if isinstance(fold, FigureFold):
            restored(stored, len(lines))


def restored(stored: Stored, events: int) -> None:
    fold = FigureFold(default_gazetteer(), default_policy())
    gc.disable()
    began = time.process_time()
    for crisis, rows in stored.items():
        fold.restore(crisis, rows)
    print(f"  restored from rows: {per((time.process_time() - began) / events)}")
    query, position = Query(known_as_of=events), Position(events, None)
    began = time.process_time()
    for crisis, rows in stored.items():
        toll_document(crisis, rows, query, position, default_gazetteer(), default_policy())
    print(f"  asked of another moment: {per((time.process_time() - began) / events)}")
    gc.enable()


def per(seconds: float) -> str:
    return f"{1e6 * seconds:.1f} us an event ({1 / seconds:,.0f}/s)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--crises", type=int, default=40)
    parser.add_argument("--page", type=int, default=2_000, help="events between two drains")
    asked = parser.parse_args()
    lines = list(synthetic(0, asked.events, asked.crises))
    measure(f"synthetic, {asked.crises} crises", lines, asked.page)
    if REAL.exists():
        one = [line for line in real() if ONE_CRISIS in line]
        measure("real incidents of one crisis", one, asked.page)


if __name__ == "__main__":
    main()
