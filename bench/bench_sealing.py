"""Measures sealing beside appending, and verifying a published log beside reading and hashing it.

The floor of verifying reads the same files and hashes each entry once, and does nothing else. The
log is of the events that were appended, written as often as it takes for so many entries.
"""

import argparse
import asyncio
import hashlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from reports import parsed, synthetic

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.tlog.bundles import bundle_of, entries_in
from tollbook_schemas.tlog.checkpoint import Checkpoint
from tollbook_schemas.tlog.growth import GrowingTree
from tollbook_schemas.tlog.keys import KeyKind, SigningKey
from tollbook_schemas.tlog.note import Note
from tollbook_schemas.tlog.tiles import CHECKPOINT_PATH, TILE_WIDTH, Tile, tiles_between, tiles_of
from tollbook_services.engine import connect, open_engine
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.audit import audit
from tollbook_services.sealing.log_names import signer_of
from tollbook_services.sealing.log_places import StoreFiles, store_of
from tollbook_services.sealing.sealer import Sealer

KEY = SigningKey.from_seed("bench.example.org", KeyKind.LOG, bytes(32))
ROUNDS = 3


async def sealing(count: int) -> list[bytes]:
    """Append and seal, in turns of the same events; the stored bytes."""
    events = parsed(synthetic(0, count))
    with tempfile.TemporaryDirectory() as folder:
        async with open_engine(Path(folder)) as engine:
            redis = await connect(engine.url)
            ledger = await Ledger.open(redis, partitions=1)
            began = time.perf_counter()
            await ledger.append(events)
            appended = count / (time.perf_counter() - began)
            began, client = time.perf_counter(), time.process_time()
            await Sealer(ledger, KEY).catch_up(0)
            sealed = count / (time.perf_counter() - began)
            client_us = 1e6 * (time.process_time() - client) / count
            stored = [entry.stored for entry in await ledger.read(0, 0, count)]
            await redis.aclose()
    print(f"append  {appended:>9,.0f}/s")
    print(f"seal    {sealed:>9,.0f}/s  {client_us:.1f} us CPU an event")
    print(f"seal / append  {sealed / appended:.2f}\n")
    return stored


def write_log(folder: Path, stored: list[bytes], count: int) -> None:
    """A log of so many entries, of the stored events over and over."""
    tree, files = GrowingTree(), dict[Tile, bytes]()
    for tile in tiles_between(None, 0, count):
        first = tile.index * TILE_WIDTH
        entries = [stored[n % len(stored)] for n in range(first, first + tile.width)]
        put(folder / tile.path, bundle_of(entries))
        tree, new = tree.grown([leaf_hash(entry) for entry in entries])
        files |= new
    for tile in tiles_of(count):
        put(folder / tile.path, files[tile])
    signer = signer_of(KEY, 0)
    text = Checkpoint(signer.name, count, tree.root).text
    put(folder / CHECKPOINT_PATH, Note(text, (signer.signature(text),)).document())


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def bundles(folder: Path, count: int) -> Iterator[Path]:
    return (folder / tile.path for tile in tiles_between(None, 0, count))


def floor(folder: Path, count: int) -> float:
    """Entries a second, read and hashed."""
    began = time.perf_counter()
    for path in bundles(folder, count):
        for entry in entries_in(path.read_bytes()):
            hashlib.sha256(entry).digest()
    return count / (time.perf_counter() - began)


async def verified(folder: Path, count: int) -> float:
    """Events a second, verified."""
    files, signer = StoreFiles(store_of(str(folder)), "bench"), signer_of(KEY, 0)
    began = time.perf_counter()
    report = await audit(files, signer.name, [signer.verifier])
    took = time.perf_counter() - began
    assert report.holds, report.faults
    assert report.size == count
    return count / took


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=100_000, help="to append and seal")
    parser.add_argument("--entries", type=int, help="of the log [default: ten times as many]")
    given = parser.parse_args()
    entries = given.entries or 10 * given.events
    stored = await sealing(given.events)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_log(folder, stored, entries)
        for _ in range(ROUNDS):
            least = floor(folder, entries)
            rate = await verified(folder, entries)
            print(f"verify  {rate:>9,.0f}/s  floor {least:>9,.0f}/s  {rate / least:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
