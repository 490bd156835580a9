"""Digests of ledgers without an engine, for other processes and other Pythons to compute as well.

Prints them as JSON; the golden ones were written with

    .venv/bin/python -m tests.unit.digest_kit > tests/golden/digests.json

and are written again when a view is meant to say something else.
"""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib import resources

import orjson
from tests.unit.golden_kit import PARTITION, STARTED, stored_lines

from tollbook_projections import catalogue
from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import RECORDED_TIME, ParsedEvent, parse_event
from tollbook_schemas.policy import default_policy
from tollbook_schemas.times import instant_of
from tollbook_services.digests import Digests
from tollbook_services.replay import FoldedHistory, fold_history
from tollbook_services.stored import StoredEntry, with_recorded_time


class ListHistory:
    """Stored events in a list, as the history of a ledger of one partition."""

    id = "0" * 32
    partitions = 1

    def __init__(self, lines: Sequence[bytes]) -> None:
        """Take stored bytes in order."""
        self._entries = [
            StoredEntry(PARTITION, number, line, leaf_hash(line), _recorded(line))
            for number, line in enumerate(lines, 1)
        ]

    async def head(self, partition: int) -> int:
        """How many there are."""
        assert partition == PARTITION
        return len(self._entries)

    async def read(
        self, partition: int, after: int, count: int, upto: int | None = None
    ) -> list[StoredEntry]:
        """Events behind a position."""
        assert partition == PARTITION
        last = len(self._entries) if upto is None else upto
        return self._entries[after : min(after + count, last)]


def sent_of_worked_crisis() -> list[bytes]:
    """The events of the demonstration as they are sent."""
    sent = resources.files("tollbook_services") / "data" / "coast-2025.jsonl"
    return sent.read_bytes().splitlines()


def worked_crisis() -> list[bytes]:
    """The demonstration as it would be stored, a minute apart."""
    lines = []
    for number, raw in enumerate(sent_of_worked_crisis()):
        parsed = parse_event(raw, default_gazetteer())
        assert isinstance(parsed, ParsedEvent), parsed
        at = STARTED + timedelta(minutes=number)
        lines.append(with_recorded_time(parsed.canonical, int(at.timestamp() * 1_000_000))[0])
    return lines


async def folded(lines: Sequence[bytes]) -> FoldedHistory:
    """What comes of folding them all."""
    gazetteer, policy = default_gazetteer(), default_policy()
    digests, folds = Digests(gazetteer, policy), catalogue.folds(gazetteer, policy)
    return await fold_history(ListHistory(lines), folds, [len(lines)], digests)


def digests_document() -> bytes:
    """Roots and digests of the worked crisis and of the golden ledgers, as JSON."""
    ledgers = {"coast-2025": worked_crisis()}
    ledgers |= {name: stored_lines(name) for name in ("v0", "v1", "v1-decisions", "v1-withheld")}
    told = {}
    for name, lines in ledgers.items():
        found = asyncio.run(folded(lines))
        told[name] = {"root": found.heads[0].root.hex(), **found.digests}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _recorded(line: bytes) -> datetime:
    return instant_of(orjson.loads(line)[RECORDED_TIME])


if __name__ == "__main__":
    sys.stdout.write(digests_document().decode())
