"""Verifies a published tollbook ledger, or a receipt, without any code of tollbook.

    python verify_tollbook.py FOLDER_OR_URL --key KEY [--older CHECKPOINT ...]
    python verify_tollbook.py RECEIPT.tlog-proof --key KEY

KEY is the ledger's public key as its operator hands it out, `<name>+<key id>+<base64>`. With
--older, checkpoints that you kept have to be of the same history. It takes Python 3.11 and the
package `cryptography`, and believes no hash that stands in the place. The format: proofs.md beside
this file. Exit code 0: all holds; 1: it does not, and the first fault of each log is named.
"""

import argparse
import base64
import hashlib
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TILE, TIMEOUT_S = 256, 60
Reader = Callable[[str], bytes | None]  # the bytes of a file; None where there is none


class Fault(Exception):  # noqa: N818  # it is what was found, not what went wrong here
    """What does not hold, and where."""


@dataclass(frozen=True)
class Key:
    """An Ed25519 public key that signs notes under a name."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that a signature names it by."""
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.public).digest()[:4]

    def of_log(self, origin: str) -> "Key":
        """The same key as it signs the log of a partition, `<name>/<partition>`."""
        lead, _, partition = origin.rpartition("/")
        return Key(origin, self.public) if lead == self.name and partition.isdecimal() else self


@dataclass(frozen=True)
class Checkpoint:
    """A signed head: which log, how many entries, their root."""

    origin: str
    size: int
    root: bytes


def sha256(data: bytes) -> bytes:
    """32 bytes."""
    return hashlib.sha256(data).digest()


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962 2.1."""
    return sha256(b"\x00" + entry)


def root_of(hashes: list[bytes]) -> bytes:
    """RFC 6962 2.1, over hashes of leaves or of complete subtrees of one size."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        odd = hashes[-1:] if len(hashes) % 2 else []
        hashes = [sha256(b"\x01" + left + right) for left, right in pairs] + odd
    return hashes[0] if hashes else sha256(b"")


def key_from(text: str) -> Key:
    """A key from `<name>+<key id>+<base64 of 0x01 and 32 bytes>`."""
    name, key_id, material = [*text.strip().split("+", 2), "", ""][:3]
    raw = base64.b64decode(material, validate=True)
    key = Key(name, raw[1:])
    if raw[:1] != b"\x01" or len(raw) != 33 or key.key_id.hex() != key_id:
        raise ValueError(f"{text!r} is no Ed25519 key: <name>+<key id>+<base64>")
    return key


def signed_text(note: str, keys: list[Key], what: str) -> str:
    """The text of a note, when all signatures by these keys are right and there is one."""
    text, blank, lines = note.rpartition("\n\n")
    signed = False
    for line in lines.splitlines() if blank else []:
        name, _, encoded = line.removeprefix("— ").partition(" ")
        raw = base64.b64decode(encoded)
        for key in keys:
            if (name, raw[:4]) == (key.name, key.key_id):
                try:
                    public = Ed25519PublicKey.from_public_bytes(key.public)
                    public.verify(raw[4:], f"{text}\n".encode())
                except InvalidSignature:
                    raise Fault(f"{what}: the signature of {name} is not of this text") from None
                signed = True
    if not signed:
        raise Fault(f"{what}: no key that you trust has signed it")
    return text + "\n"


def checkpoint_from(note: bytes, keys: list[Key], what: str) -> Checkpoint:
    """A checkpoint, signed by one of the keys."""
    origin = note.decode().partition("\n")[0]
    text = signed_text(note.decode(), [key.of_log(origin) for key in keys], what)
    lines = text.splitlines()
    return Checkpoint(lines[0], int(lines[1]), base64.b64decode(lines[2]))


def trusted(history: bytes, anchor: Key) -> tuple[list[Key], int]:
    """The keys of the history, each signed by itself and the one before, and the count of logs."""
    keys, ledger = list[Key](), ["", "0"]
    for number, line in enumerate(history.splitlines(), 1):
        what = f"keys, line {number}"
        title, *said, new, replaced = (note := json.loads(line)["note"]).split("\n")[:5]
        key, before, follows = key_from(new), keys[-1:], said == ledger or not keys
        old, ledger = [key_from(replaced)] if replaced != "-" else [], said
        if title != "tollbook log key" or old != before or not follows:
            raise Fault(f"{what}: it does not follow the line before")
        for signer in [key, *before]:
            signed_text(note, [signer], what)
        keys.append(key)
    if anchor not in keys:
        raise Fault("keys: the key that you trust is not in the history of keys")
    return keys, int(ledger[1])


def tile_path(level: int | str, index: int, width: int) -> str:
    """`tile/<L>/<N>[.p/<W>]`, c2sp.org/tlog-tiles."""
    parts = f"{index:,}".split(",")
    name = "/".join(["x" + part.zfill(3) for part in parts[:-1]] + [parts[-1].zfill(3)])
    return f"tile/{level}/{name}" + (f".p/{width}" if width < TILE else "")


def tiles(hashes: int) -> Iterator[tuple[int, int]]:
    """Index and width of the tiles of one level."""
    for first in range(0, hashes, TILE):
        yield first // TILE, min(TILE, hashes - first)


def needed(read: Reader, path: str) -> bytes:
    """The bytes of a file that has to be there."""
    data = read(path)
    if data is None:
        raise Fault(f"{path}: the file is missing")
    return data


def entries(read: Reader, size: int) -> Iterator[bytes]:
    """Every entry of a log in order; events that are too long for a bundle are fetched."""
    for index, width in tiles(size):
        path = tile_path("entries", index, width)
        bundle, at, count = needed(read, path), 0, 0
        while at + 2 <= len(bundle):
            end = at + 2 + int.from_bytes(bundle[at : at + 2])
            entry, at, count = bundle[at + 2 : end], end, count + 1
            if entry.startswith(b'{"detached":'):
                must_be_event(read, entry, index * TILE + count - 1)
            yield entry
        if at != len(bundle) or count != width:
            raise Fault(f"{path}: it holds {count} whole entries, expected {width}")


def must_be_event(read: Reader, entry: bytes, index: int) -> None:
    """See that a long event is the one that its entry stands for."""
    path, told = f"event/{index}", json.loads(entry)["detached"]
    found = hashlib.sha256(needed(read, path)).hexdigest()
    if found != told["sha256"]:
        raise Fault(f"sequence {index + 1} ({path}): expected {told['sha256']}, found {found}")


def verify_log(read: Reader, keys: list[Key], origin: str, older: list[Checkpoint]) -> Checkpoint:
    """Verify one log, and that it begins with what older checkpoints of it are of."""
    head = checkpoint_from(needed(read, "checkpoint"), keys, "checkpoint")
    if head.origin != origin:
        raise Fault(f"checkpoint: it is of {head.origin}, expected {origin}")
    leaves = [leaf_hash(entry) for entry in entries(read, head.size)]
    if root_of(leaves) != head.root:
        first_other(read, leaves)
        found = f"the {head.size} events lead to the root {root_of(leaves).hex()}"
        raise Fault(f"checkpoint: {found}, expected {head.root.hex()}")
    row, level = leaves, 0
    while row:
        for index, width in tiles(len(row)):
            path = tile_path(level, index, width)
            if needed(read, path) != b"".join(row[index * TILE : index * TILE + width]):
                raise Fault(f"{path}: the tile is not what the events lead to")
        full = len(row) // TILE * TILE
        row = [root_of(row[at : at + TILE]) for at in range(0, full, TILE)]
        level += 1
    for old in (one for one in older if one.origin == origin):
        if old.size > head.size or root_of(leaves[: old.size]) != old.root:
            raise Fault(f"it does not begin with the {old.size} events that were signed")
    return head


def first_other(read: Reader, leaves: list[bytes]) -> None:
    """Name the first event that differs from the tiles; these are only believed to name it."""
    for index, width in tiles(len(leaves)):
        tile = read(tile_path(0, index, width)) or b""
        for place, found in enumerate(leaves[index * TILE : index * TILE + width]):
            expected = tile[place * 32 : place * 32 + 32]
            if len(expected) == 32 and expected != found:
                what = f"sequence {index * TILE + place + 1}: the event is not that of the tree"
                raise Fault(f"{what}, expected {expected.hex()}, found {found.hex()}")


def verify_folder(place: str, anchor: Key, older: list[bytes]) -> list[str]:
    """Verify every log of a ledger; what is wrong, a line for each log at most."""
    read = reader_of(place)
    keys, partitions = trusted(needed(read, "keys"), anchor)
    kept = [checkpoint_from(note, keys, "the older checkpoint") for note in older]
    faults = []
    for number in range(partitions):
        origin = f"{anchor.name}/{number}"
        try:
            head = verify_log(reader_of(f"{place}/{number}"), keys, origin, kept)
            print(f"{origin}: {head.size} events, root {head.root.hex()}")
        except (Fault, ValueError, KeyError, TypeError) as fault:
            faults.append(f"{origin}: {fault}")
    return faults


def verify_receipt(document: bytes, anchor: Key) -> None:
    """Verify a receipt (c2sp.org/tlog-proof), and print what it proves."""
    head, _, note = document.partition(b"\n\n")
    title, extra, index_line, *path = head.decode().split("\n")
    if title != "c2sp.org/tlog-proof@v1" or not extra.startswith("extra "):
        raise Fault("it is no receipt")
    checkpoint = checkpoint_from(note, [anchor], "checkpoint")
    entry = event = base64.b64decode(extra[6:])
    index = int(index_line.removeprefix("index "))
    if len(event) > 65_535:
        told = {"length": len(event), "sha256": hashlib.sha256(event).hexdigest()}
        entry = json.dumps({"detached": told}, separators=(",", ":")).encode()
    found, place, last = leaf_hash(entry), index, checkpoint.size - 1
    for sibling in map(base64.b64decode, path):  # RFC 9162 2.1.3.2
        if place & 1 or place == last:
            found = sha256(b"\x01" + sibling + found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = sha256(b"\x01" + found + sibling)
        place, last = place >> 1, last >> 1
    if last != 0 or index >= checkpoint.size or found != checkpoint.root:
        raise Fault(f"the event is not entry {index} of the tree of {checkpoint.size}")
    print(f"{checkpoint.origin}: sequence {index + 1} of {checkpoint.size}\n{event.decode()}")


def reader_of(place: str) -> Reader:
    """Reads the files of a folder, or of a web address."""

    def from_web(path: str) -> bytes | None:
        try:
            with urllib.request.urlopen(f"{place}/{path}", timeout=TIMEOUT_S) as file:
                return bytes(file.read())
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def from_folder(path: str) -> bytes | None:
        file = Path(place) / path
        return file.read_bytes() if file.is_file() else None

    return from_web if place.startswith(("http://", "https://")) else from_folder


def main() -> int:
    """Read the command line, verify, and say what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("place", help="folder or URL of published logs, or a receipt")
    parser.add_argument("--key", required=True, type=key_from, help="public key that you trust")
    parser.add_argument("--older", action="append", default=[], type=Path, help="a checkpoint")
    given = parser.parse_args()
    try:
        if Path(given.place).is_file():
            verify_receipt(Path(given.place).read_bytes(), given.key)
            return 0
        kept = [path.read_bytes() for path in given.older]
        faults = verify_folder(given.place.rstrip("/"), given.key, kept)
    except (Fault, ValueError, KeyError, TypeError, OSError) as error:
        faults = [str(error)]
    for fault in faults:
        print(f"ALTERED: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
