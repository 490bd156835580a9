"""`tollbook backup`: made under load, opened, verified, restored."""

import json
import subprocess
import sys

import pytest
from tests.contract.ledger_kit import report
from tests.e2e.cli_kit import told, tollbook

CLI = (sys.executable, "-m", "tollbook_services.cli")
CRISIS = "flood-2025"


def written(folder, first, count):
    file = folder / f"reports-{first}.jsonl"
    lines = [json.dumps(report(f"r{number}", number)) for number in range(first, first + count)]
    file.write_text("\n".join(lines) + "\n")
    return file


def published(data, folder, first, count):
    file = written(folder, first, count)
    return [json.loads(line) for line in told("publish", file, "--data", data).splitlines()]


def tolls(data):
    return told("tolls", CRISIS, "--format", "json", "--data", data)


def test_a_backup_under_load_has_what_was_acknowledged_before_and_is_a_ledger(tmp_path):
    data, copy = tmp_path / "store", tmp_path / "copy"
    before = published(data, tmp_path, 1, 300)
    command = [*CLI, "publish", str(written(tmp_path, 301, 600)), "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as writer:
        done = json.loads(told("backup", copy, "--format", "json", "--data", data))

        assert writer.wait(60) == 0
    assert done["events"] >= len(before)
    assert done["bytes"] == sum(one.stat().st_size for one in (copy / "appendonlydir").iterdir())
    again = published(copy, tmp_path, 1, 300)
    assert {one["status"] for one in again} == {"duplicate"}
    assert [one["sequence"] for one in again] == [one["sequence"] for one in before]
    told("check", "--data", copy)
    assert "identical" in told("replay", "--data", copy)
    published(copy, tmp_path, 301, 600)
    assert json.loads(tolls(copy))["cells"] == json.loads(tolls(data))["cells"]


def test_a_copy_that_lacks_events_is_refused(tmp_path, monkeypatch):
    data, copy = tmp_path / "store", tmp_path / "copy"
    published(data, tmp_path, 1, 300)
    copyfile = "tollbook_services.backup.shutil.copyfile"

    def torn(source, target):
        content = source.read_bytes()
        target.write_bytes(
            content if source.suffix == ".manifest" else content[: len(content) // 3]
        )

    monkeypatch.setattr(copyfile, torn)

    done = tollbook("backup", copy, "--data", data)

    assert done.code in (4, 5), done.err
    assert "copy" in done.err


def test_a_folder_with_files_and_an_outside_engine_are_refused(tmp_path, valkey_url):
    data = tmp_path / "store"
    published(data, tmp_path, 1, 1)

    full = tollbook("backup", tmp_path, "--data", data)

    assert (full.code, full.out) == (2, "")
    assert "has files: name a new folder" in full.err


@pytest.mark.parametrize("missing", ["nowhere"])
def test_a_store_that_is_not_there_is_not_made(tmp_path, missing):
    done = tollbook("backup", tmp_path / "copy", "--data", tmp_path / missing)

    assert done.code == 5
    assert not (tmp_path / "copy").exists()
