"""`tollbook export`: files and standard output, what is refused, and the way back."""

import asyncio
import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from pyarrow import parquet

from tollbook_services.engine import EngineProcess

CRISIS = "syria-coast-2025"


def _tollbook(data: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("TOLLBOOK_")}
    return subprocess.run(
        [sys.executable, "-m", "tollbook_services.cli", "--data", str(data), *arguments],
        env=clean,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with the whole crisis, whose engine runs for all tests here."""
    data = tmp_path_factory.mktemp("coast") / "store"
    engine = EngineProcess(data)
    story = resources.files("tollbook_services") / "data" / "coast-2025.jsonl"
    with asyncio.Runner() as runner:
        runner.run(engine.start())
        with resources.as_file(story) as file:
            done = _tollbook(data, "publish", str(file))
        assert done.returncode == 0, done.stderr
        yield data
        runner.run(engine.stop())


def test_tolls_of_a_moment_go_to_standard_output_with_their_metadata(store: Path) -> None:
    done = _tollbook(
        store,
        *("export", "tolls", CRISIS, "--format", "csv", "--measure", "killed"),
        *("--as-of", "2025-03-09", "--originator", "sohr", "--licence", "CC BY 4.0"),
    )

    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    (country,) = [
        row
        for row in rows
        if (row["area"], row["segment"], row["originator"]) == ("SY", "civilian", "")
    ]
    assert done.returncode == 0, done.stderr
    assert country["best"] == "830"
    assert country["asked_as_of"] == "2025-03-09T23:59:59Z"
    assert country["licence"] == "CC BY 4.0"
    assert country["filters"] == "measure=killed originator=sohr"
    assert done.stderr == b""


def test_a_file_is_whole_and_has_its_description_beside_it(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"

    done = _tollbook(store, "export", "events", "--format", "json", "--out", str(out))

    assert done.returncode == 0, done.stderr
    assert f"{out}: 22 events, licence: not stated" in done.stderr.decode()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "events.jsonl",
        "events.jsonl-metadata.json",
    ]
    described = json.loads((tmp_path / "events.jsonl-metadata.json").read_bytes())
    assert described["url"] == "events.jsonl"
    assert described["licence"] == "not stated"
    lines = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert {line["subject"] for line in lines} == {CRISIS}
    assert not any("recordedtime" in line for line in lines)


def test_exported_events_published_elsewhere_give_the_same_tolls(
    store: Path, tmp_path: Path
) -> None:
    events = _tollbook(store, "export", "events", CRISIS, "--format", "json").stdout
    (tmp_path / "events.jsonl").write_bytes(events)
    other = tmp_path / "other"

    published = _tollbook(other, "publish", str(tmp_path / "events.jsonl"))
    again = _tollbook(other, "publish", str(tmp_path / "events.jsonl"))

    one, two = (
        json.loads(_tollbook(data, "export", "tolls", CRISIS, "--format", "json").stdout)
        for data in (store, other)
    )
    assert published.returncode == again.returncode == 0
    assert b"22 events: 22 duplicate" in again.stderr
    assert one["cells"] == two["cells"]
    assert one["checks"] == two["checks"]


def test_parquet_goes_through_a_pipe(store: Path) -> None:
    done = _tollbook(store, "export", "displacement", CRISIS, "--format", "parquet", "--persons")

    table = parquet.read_table(io.BytesIO(done.stdout))
    assert done.returncode == 0, done.stderr
    assert table.num_rows > 10
    assert any(table.column("persons_rule").to_pylist())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("tolls", CRISIS, "--format", "xml"), "--format"),
        (("tolls", CRISIS), "--format"),
        (("revisions", CRISIS, "--format", "geojson"), "write csv, json, hxl or parquet"),
        (("events", "no-such-crisis", "--format", "json"), "known are syria-coast-2025"),
        (("events", "--format", "json", "--known-as-of", "3"), "name a crisis, or give a time"),
        (("tolls", CRISIS, "--format", "csv", "--out", "/no/such/folder/x.csv"), "cannot write"),
    ],
)
def test_what_cannot_be_exported_is_refused_with_what_can(
    arguments: tuple[str, ...], told: str, store: Path
) -> None:
    done = _tollbook(store, "export", *arguments)

    assert (done.returncode, done.stdout) == (2, b"")
    assert told in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
