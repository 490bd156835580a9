"""Whatever is changed, dropped, inserted, swapped or cut off in published logs is noticed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.test_log_audit import Files, events_of
from tests.unit.tlog_kit import LOG, grown

from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.tlog.bundles import bundle_of, entries_in, entry_of
from tollbook_schemas.tlog.checkpoint import Checkpoint
from tollbook_schemas.tlog.keys import KeyKind, SigningKey
from tollbook_schemas.tlog.note import Note, NoteError
from tollbook_schemas.tlog.tiles import CHECKPOINT_PATH, tiles_between
from tollbook_services.sealing.key_history import KeyNote, key_notes_from
from tollbook_services.sealing.log_description import DESCRIPTION, KEY_HISTORY, LogDescription
from tollbook_services.sealing.log_names import origin_of, signer_of
from tollbook_services.sealing.log_places import must_belong
from tollbook_services.sealing.verification import verify_logs

TRIES = 2_500
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
NEWER = SigningKey.from_seed(LOG.name, KeyKind.LOG, bytes([5] * 32))


def log_files(partition: int, events: list[bytes]) -> dict[str, bytes]:
    """The files of the log of a partition."""
    entries = [entry_of(event) for event in events]
    tree, tiles = grown([leaf_hash(entry) for entry in entries])
    files = {tile.path: data for tile, data in tiles.items()}
    for tile in tiles_between(None, 0, len(entries)):
        first = tile.index * 256
        files[tile.path] = bundle_of(entries[first : first + tile.width])
    for index, event in enumerate(events):
        if event != entries[index]:
            files[f"event/{index}"] = event
    text = Checkpoint(origin_of(LOG.name, partition), len(entries), tree.root).text
    note = Note(text, (signer_of(NEWER, partition).signature(text),))
    return {
        f"{partition}/{path}": data
        for path, data in {**files, CHECKPOINT_PATH: note.document()}.items()
    }


def published() -> dict[str, bytes]:
    """A folder with three logs, one of them empty, and a history of two keys."""
    notes = [KeyNote.made(("l1", 3), LOG, None, SINCE), KeyNote.made(("l1", 3), NEWER, LOG, SINCE)]
    return {
        DESCRIPTION: LogDescription("l1", LOG.name, 3).document(),
        KEY_HISTORY: b"".join(note.line + b"\n" for note in notes),
        **log_files(0, events_of(300)),
        **log_files(1, events_of(30)),
        **log_files(2, []),
    }


@dataclass(frozen=True)
class Folder:
    """The logs in these files; refused as `open_logs` refuses them."""

    all_files: Mapping[str, bytes]

    @property
    def description(self) -> LogDescription:
        described = LogDescription.read(self.all_files[DESCRIPTION])
        must_belong(described, self.notes)
        return described

    @property
    def notes(self) -> tuple[KeyNote, ...]:
        return key_notes_from(self.all_files[KEY_HISTORY].splitlines())

    def files(self, partition: int) -> Files:
        lead = f"{partition}/"
        return Files(
            {
                path.removeprefix(lead): data
                for path, data in self.all_files.items()
                if path.startswith(lead)
            }
        )


def places_named(files: Mapping[str, bytes]) -> set[str]:
    """The files that a verification finds fault with; empty where all holds."""
    try:
        audit = asyncio.run(verify_logs(Folder(files), [LOG.verifier]))
    except (CheckFailedError, NoteError, KeyError) as error:
        return {str(error)}
    return {
        f"{number}/{fault.path}"
        for number, report in enumerate(audit.reports)
        for fault in report.faults
    }


WHOLE = published()
PATHS = sorted(WHOLE)


def altered(data: st.DataObject) -> tuple[dict[str, bytes], set[str]]:
    """The folder with one alteration, and the files that it touched."""
    path = data.draw(st.sampled_from(PATHS))
    body = WHOLE[path]
    kind = data.draw(st.sampled_from(["flip", "cut", "add", "drop", "swap", "entries"]))
    match kind:
        case "flip" if body:
            place = data.draw(st.integers(0, len(body) - 1))
            bit = 1 << data.draw(st.integers(0, 7))
            changed = body[:place] + bytes([body[place] ^ bit]) + body[place + 1 :]
            return {**WHOLE, path: changed}, {path}
        case "cut" if body:
            return {**WHOLE, path: body[: data.draw(st.integers(0, len(body) - 1))]}, {path}
        case "add":
            more = data.draw(st.binary(min_size=1, max_size=40))
            place = data.draw(st.integers(0, len(body)))
            return {**WHOLE, path: body[:place] + more + body[place:]}, {path}
        case "swap":
            other = data.draw(st.sampled_from(PATHS))
            return {**WHOLE, path: WHOLE[other], other: body}, {path, other}
        case "entries" if "entries" in path:
            return {**WHOLE, path: rearranged(data, body)}, {path}
        case _:
            return {other: WHOLE[other] for other in PATHS if other != path}, {path}


def rearranged(data: st.DataObject, bundle: bytes) -> bytes:
    """A bundle with an entry dropped, doubled, made up, or two swapped."""
    entries = entries_in(bundle)
    place = data.draw(st.integers(0, len(entries) - 1))
    match data.draw(st.sampled_from(["drop", "double", "make", "swap"])):
        case "drop":
            del entries[place]
        case "double":
            entries.insert(place, entries[place])
        case "make":
            entries[place] = b'{"data":{"n":-1}}'
        case "swap":
            entries[place], entries[place - 1] = entries[place - 1], entries[place]
    return bundle_of(entries)


def test_the_folder_as_it_was_published_holds():
    assert places_named(WHOLE) == set()


@settings(max_examples=TRIES, deadline=None)
@given(data=st.data())
def test_every_alteration_is_noticed_and_its_place_is_named(data):
    files, touched = altered(data)
    same = {path for path in touched if files.get(path) == WHOLE[path]}
    named = places_named(files)
    if same == touched or means_the_same(files):
        assert named == set()
        return
    assert named
    if all("/" in path for path in touched):  # else the ledger as a whole is refused
        assert named & touched


def means_the_same(files: Mapping[str, bytes]) -> bool:
    """Whether only something was touched that says nothing: blanks of `ledger.json` or
    of the key history, a signature line of a stranger."""
    try:
        folder = Folder(files)
        read = (folder.description, folder.notes)
    except (NoteError, KeyError):
        return False
    whole = Folder(WHOLE)
    before = (whole.description, whole.notes)
    others = [path for path in PATHS if "/" in path]
    return read == before and all(files.get(path) == WHOLE[path] for path in others)
