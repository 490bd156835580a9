"""The audit of a log from its files: what was altered is noticed and named."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.tlog_kit import LOG, grown

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.tlog.bundles import bundle_of, entries_in, entry_of
from tollbook_schemas.tlog.checkpoint import Checkpoint
from tollbook_schemas.tlog.note import Note
from tollbook_schemas.tlog.tiles import CHECKPOINT_PATH, tile_from, tiles_between
from tollbook_services.sealing.audit import audit
from tollbook_services.sealing.audit_report import AuditReport


@dataclass
class Files:
    """A log in memory."""

    files: dict[str, bytes] = field(default_factory=dict)

    async def read(self, path: str) -> bytes | None:
        return self.files.get(path)


def events_of(size: int) -> list[bytes]:
    """Stored events; the 20th is too long for a bundle."""
    events = [b'{"data":{"n":%d}}' % number for number in range(size)]
    events[19:20] = [b'{"data":"' + b"x" * 70_000 + b'"}'] if size > 19 else []
    return events


def log_of(events: list[bytes]) -> dict[str, bytes]:
    """The files of a log of events."""
    entries = [entry_of(event) for event in events]
    tree, tiles = grown([leaf_hash(entry) for entry in entries])
    files = {tile.path: data for tile, data in tiles.items()}
    for tile in tiles_between(None, 0, len(entries)):
        first = tile.index * 256
        files[tile.path] = bundle_of(entries[first : first + tile.width])
    for index, (event, entry) in enumerate(zip(events, entries, strict=True)):
        if event != entry:
            files[f"event/{index}"] = event
    text = Checkpoint(LOG.name, len(entries), tree.root).text
    files[CHECKPOINT_PATH] = Note(text, (LOG.signature(text),)).document()
    return files


def audited(files: dict[str, bytes]) -> AuditReport:
    return asyncio.run(audit(Files(files), LOG.name, [LOG.verifier]))


SMALL = log_of(events_of(30))
LARGE = log_of(events_of(600))


@pytest.mark.parametrize("size", [0, 1, 19, 20, 255, 256, 257, 600])
def test_a_log_as_it_was_written_holds(size):
    report = audited(log_of(events_of(size)))
    assert report.faults == ()
    assert (report.origin, report.size, report.signers) == (LOG.name, size, (LOG.name,))


@pytest.mark.parametrize("index", [0, 18, 21, 255, 256, 599])
def test_an_event_that_was_altered_is_named_with_both_hashes(index):
    events = events_of(600)
    files = dict(LARGE)
    path = f"tile/entries/{index // 256:03d}" + (".p/88" if index >= 512 else "")
    entries = entries_in(files[path])
    entries[index % 256] = b'{"data":{"n":-1}}'
    files[path] = bundle_of(entries)
    first, *_ = audited(files).faults
    assert (first.sequence, first.path) == (index + 1, path)
    assert first.expected == leaf_hash(events[index]).hex()
    assert first.found == leaf_hash(b'{"data":{"n":-1}}').hex()


def test_an_event_and_its_tiles_altered_together_are_told_by_the_signature():
    events = events_of(600)
    events[3] = b'{"data":{"n":-1}}'
    files = log_of(events)
    files[CHECKPOINT_PATH] = LARGE[CHECKPOINT_PATH]
    (fault,) = audited(files).faults
    assert fault.path == CHECKPOINT_PATH
    assert "sequence 1 to 600: the events do not lead to the root" in fault.message


@pytest.mark.parametrize("path", [path for path in LARGE if tile_from(path) or "event" in path])
def test_a_file_that_is_missing_is_named(path):
    faults = audited({other: data for other, data in LARGE.items() if other != path}).faults
    assert path in {fault.path for fault in faults}


def test_a_checkpoint_of_another_key_or_log_is_refused():
    (fault,) = asyncio.run(audit(Files(SMALL), "log.example.org/p1", [LOG.verifier])).faults
    assert (fault.expected, fault.found) == ("log.example.org/p1", LOG.name)
    other = replace(LOG.verifier, public=bytes(31) + b"\x01")
    (fault,) = asyncio.run(audit(Files(SMALL), LOG.name, [other])).faults
    assert "no known key has signed it" in fault.message


@settings(max_examples=400)
@given(data=st.data())
def test_whatever_byte_is_changed_is_noticed_and_its_file_is_named(data):
    path = data.draw(st.sampled_from(sorted(SMALL)))
    changed = bytearray(SMALL[path])
    place = data.draw(st.integers(0, len(changed) - 1))
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    faults = audited({**SMALL, path: bytes(changed)}).faults
    assert path in {fault.path for fault in faults} or tile_from(path)
    assert faults


@settings(max_examples=200)
@given(data=st.data())
def test_events_dropped_inserted_or_swapped_are_noticed_at_the_first(data):
    path = data.draw(st.sampled_from(["tile/entries/000", "tile/entries/001"]))
    entries = entries_in(LARGE[path])
    place = data.draw(st.integers(0, 254))
    match data.draw(st.sampled_from(["drop", "insert", "swap"])):
        case "drop":
            del entries[place]
        case "insert":
            entries.insert(place, b'{"data":{"n":-1}}')
        case "swap":
            entries[place], entries[place + 1] = entries[place + 1], entries[place]
    first, *_ = audited({**LARGE, path: bundle_of(entries)}).faults
    assert (first.path, first.sequence) == (path, int(path[-3:]) * 256 + place + 1)
