"""Where an export goes: standard output, or a file that is there only when it is whole."""

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO, cast

from tollbook_schemas.errors import UsageError


@contextmanager
def destination(out: Path | None) -> Iterator[BinaryIO]:
    """A binary file to write to; compressed where its name ends in `.gz`.

    A file is written under another name beside its place, and takes its name at the end: nobody
    reads half of it, and what was there before stays if anything fails. A link is followed. What
    is there and is no regular file, as a pipe or a device, is written to as it is.

    Raises:
        UsageError: the file cannot be written.
    """
    if out is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if not out.name:
        raise UsageError("--out: name a file")
    out = out.resolve()
    if out.exists() and not (out.is_file() or out.is_dir()):
        with out.open("wb") as device:
            yield device
        return
    try:
        handle, name = mkstemp(dir=out.parent, prefix=f".{out.name}.")
    except OSError as error:
        raise UsageError(f"--out: cannot write {out}: {error.strerror}") from error
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            if out.suffix == ".gz":
                with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                    yield cast("BinaryIO", packed)
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(out)
    except IsADirectoryError as error:
        raise UsageError(f"--out: {out} is a directory: name a file in it") from error
    finally:
        part.unlink(missing_ok=True)


def metadata_file(out: Path) -> Path:
    """Where the description of a CSV or JSON Lines file stands (CSV on the Web, 5.3)."""
    return out.with_name(f"{out.name}-metadata.json")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
