"""Live rows against rows that were folded anew: equal or not, digests, and where they differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from struct import Struct
from typing import Final

from tollbook_services.checkpoint import Checkpoint, Snapshot, instant_text

DIFFERENCES_MAX: Final = 100
"""Differences kept: the first ones tell where to look; all of them are counted."""

VALUE_CHARS_MAX: Final = 300
"""Characters of a row shown in a difference."""

_LENGTH: Final = Struct(">Q").pack


class Digest:
    """SHA-256 over rows, the same however they lie in partitions.

    A crisis: its name, then each key and value in order of the keys, each preceded by its length
    in 8 bytes. A projection: the digests of its crises in order of their names.
    """

    def __init__(self) -> None:
        """Start with no crisis."""
        self.crises: dict[str, bytes] = {}

    def add(self, crisis: str, rows: dict[str, bytes]) -> None:
        """Take the rows of a crisis; none is the same as no such crisis."""
        if not rows:
            return
        parts = (crisis.encode(), *_flat(rows))
        whole = b"".join([text for part in parts for text in (_LENGTH(len(part)), part)])
        self.crises[crisis] = sha256(whole).digest()

    def add_same(self, crisis: str, other: "Digest") -> None:
        """Take the rows of a crisis that are those another digest took."""
        if crisis in other.crises:
            self.crises[crisis] = other.crises[crisis]

    def merge(self, other: "Digest") -> None:
        """Take all crises of another one."""
        self.crises |= other.crises

    def hexdigest(self) -> str:
        """The digest of all crises that were added."""
        return sha256(b"".join(self.crises[name] for name in sorted(self.crises))).hexdigest()


@dataclass(frozen=True, slots=True)
class ProjectionComparison:
    """What was found of one projection, over all partitions compared.

    Attributes:
        projection: such as `figures.v1`.
        digest_live: SHA-256 over the live rows, see `Digest`.
        digest_replayed: the same over the rows folded anew.
        rows: how many rows the live read model holds.
        differing: how many rows are not the same.
        parked_live: how many events are parked live.
        parked_replayed: how many no fold could take when folded anew.
        behind: events in the ledger that the live read model has not folded, and that were
            therefore not compared.
    """

    projection: str
    digest_live: str
    digest_replayed: str
    rows: int
    differing: int
    parked_live: int
    parked_replayed: int
    behind: int


@dataclass(slots=True)
class _Tally:
    live: Digest = field(default_factory=Digest)
    fresh: Digest = field(default_factory=Digest)
    rows: int = 0
    differing: int = 0
    parked_live: int = 0
    parked_fresh: int = 0
    behind: int = 0


class Comparison:
    """Collects what is found, partition by partition."""

    def __init__(self, projections: Iterable[str]) -> None:
        """Take the names of the projections; nothing is compared yet."""
        self.tallies = {name: _Tally() for name in projections}
        self.differences: list[str] = []
        self.count = 0

    @property
    def identical(self) -> bool:
        """Whether no difference was found."""
        return not self.count

    def add(self, name: str, partition: int, live: Snapshot, fresh: Snapshot, behind: int) -> None:
        """Compare the rows of one projection in one partition, both at one position."""
        tally = self.tallies[name]
        tally.behind += max(0, behind)
        for crisis in sorted({*live.rows, *fresh.rows}):
            was, now = live.rows.get(crisis, {}), fresh.rows.get(crisis, {})
            tally.rows += len(was)
            tally.live.add(crisis, was)
            if was == now:
                tally.fresh.add_same(crisis, tally.live)
            else:
                tally.fresh.add(crisis, now)
                tally.differing += self._compare(f"{name} {crisis}", was, now)
        for place in live.misplaced:
            self.differ(f"{name} {place}")
        if live.checkpoint != fresh.checkpoint:
            self.differ(
                f"{name} partition {partition}, checkpoint: live {_stands(live.checkpoint)}, "
                f"replayed {_stands(fresh.checkpoint)}"
            )
        tally.parked_live += len(live.parked)
        tally.parked_fresh += len(fresh.parked)
        for sequence in sorted(live.parked.keys() ^ fresh.parked.keys()):
            was_parked = live.parked.get(sequence, "folded")
            now_parked = fresh.parked.get(sequence, "folded")
            self.differ(
                f"{name} partition {partition}, sequence {sequence}: live {was_parked}, "
                f"replayed {now_parked}"
            )

    def merge(self, other: "Comparison") -> None:
        """Take what another one found in other partitions."""
        for name, found in other.tallies.items():
            tally = self.tallies[name]
            tally.live.merge(found.live)
            tally.fresh.merge(found.fresh)
            tally.rows += found.rows
            tally.differing += found.differing
            tally.parked_live += found.parked_live
            tally.parked_fresh += found.parked_fresh
            tally.behind += found.behind
        self.count += other.count
        self.differences = [*self.differences, *other.differences][:DIFFERENCES_MAX]

    def differ(self, text: str) -> None:
        """Count a difference, and keep it if it is one of the first."""
        self.count += 1
        if len(self.differences) < DIFFERENCES_MAX:
            self.differences.append(text)

    def projections(self) -> tuple[ProjectionComparison, ...]:
        """What was found of each projection, by name."""
        return tuple(
            ProjectionComparison(
                name,
                tally.live.hexdigest(),
                tally.fresh.hexdigest(),
                tally.rows,
                tally.differing,
                tally.parked_live,
                tally.parked_fresh,
                tally.behind,
            )
            for name, tally in sorted(self.tallies.items())
        )

    def _compare(self, place: str, was: dict[str, bytes], now: dict[str, bytes]) -> int:
        count = 0
        for key in sorted({*was, *now}):
            if was.get(key) != now.get(key):
                count += 1
                self.differ(
                    f"{place} {key}: live {_shown(was.get(key))}, replayed {_shown(now.get(key))}"
                )
        return count


def overall(digests: Sequence[tuple[str, str]]) -> str:
    """SHA-256 over the digests of all projections, in order of their names."""
    return sha256("".join(f"{name} {digest}\n" for name, digest in digests).encode()).hexdigest()


def _flat(rows: dict[str, bytes]) -> list[bytes]:
    return [part for key in sorted(rows) for part in (key.encode(), rows[key])]


def _stands(checkpoint: Checkpoint) -> str:
    time = instant_text(checkpoint.recorded_at) or "no time"
    return f"{checkpoint.sequence}, {time}, ledger {checkpoint.ledger or 'none'}"


def _shown(value: bytes | None) -> str:
    if value is None:
        return "no row"
    text = value.decode("utf-8", errors="backslashreplace")
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]}..."
