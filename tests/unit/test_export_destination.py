"""Where an export goes: whole files, links that are followed, pipes that are written to."""

import os
import threading
from pathlib import Path

import pytest

from tollbook_schemas.errors import UsageError
from tollbook_services.exporting.destination import destination


def write(out: Path, text: bytes) -> None:
    with destination(out) as file:
        file.write(text)


def break_off(out: Path) -> None:
    with destination(out) as file:
        file.write(b"half")
        raise RuntimeError


def test_a_file_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_bytes(b"before")
    with pytest.raises(RuntimeError):
        break_off(out)
    assert out.read_bytes() == b"before"
    write(out, b"after")
    assert out.read_bytes() == b"after"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "there" / "target.csv", tmp_path / "link.csv"
    target.parent.mkdir()
    target.write_bytes(b"before")
    link.symlink_to(target)
    write(link, b"after")
    assert link.is_symlink()
    assert target.read_bytes() == b"after"


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write(pipe, b"rows")
    reader.join(20)
    assert read == [b"rows"]
    assert pipe.is_fifo()


def test_a_device_is_written_to() -> None:
    write(Path(os.devnull), b"rows")
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("name", ["", "folder", "nowhere/out.csv"])
def test_a_place_that_takes_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    out = tmp_path / name if name else Path()
    with pytest.raises(UsageError, match="--out"):
        write(out, b"rows")
