"""Stores that earlier releases left: commands of now open them, and nothing in them has changed."""

import json
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.cli_kit import Done, tollbook
from tests.e2e.release_kit import (
    ASKED,
    CRISIS,
    REDACTED,
    SOURCE,
    WAITING,
    documents,
    report,
)

RELEASES = sorted((Path(__file__).parents[1] / "golden" / "releases").glob("*.tar.gz"))
MOVED = {"position", "known_as_of", "policy", "head", "receipt", "leaf_index"}
"""What answers say of the moment and the way they were asked, and not of the crisis."""

PATIENCE_S = 30.0


class Store:
    """A store as it was left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "store"
        self.answers: dict[str, Any] = json.loads((folder / "answers.json").read_text())

    def run(self, *arguments: object) -> Done:
        return tollbook(*arguments, "--data", self.data)

    def told(self, *arguments: object) -> Any:
        done = self.run(*arguments, "--format", "json")
        assert done.code == 0, done.err
        return documents(done.out.encode())

    def publish(self, *reports: dict[str, Any]) -> list[Any]:
        file = self.folder / "more.jsonl"
        file.write_text("\n".join(map(json.dumps, reports)) + "\n")
        return self.receipts(file)

    def receipts(self, file: Path) -> list[Any]:
        printed = self.run("publish", file, "--format", "json").out
        return [json.loads(line) for line in printed.splitlines()]


@pytest.fixture(params=RELEASES, ids=lambda path: path.name.removesuffix(".tar.gz"))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return Store(tmp_path)


def of_the_crisis(answer: Any) -> Any:
    """An answer without what it says of the moment."""
    if isinstance(answer, dict):
        return {name: of_the_crisis(one) for name, one in answer.items() if name not in MOVED}
    if isinstance(answer, list):
        return [of_the_crisis(one) for one in answer]
    return answer


def missing(old: Any, new: Any, at: str = "") -> list[str]:
    """Where an old answer says what the new one does not; members may have been added since."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            text
            for name, one in old.items()
            for text in (
                missing(one, new[name], f"{at}/{name}") if name in new else [f"{at}/{name} is gone"]
            )
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            text
            for number, pair in enumerate(zip(old, new, strict=True))
            for text in missing(*pair, f"{at}/{number}")
        ]
    return [] if old == new else [f"{at}: {old!r} is now {new!r}"]


@pytest.mark.parametrize("view", ASKED)
def test_each_answer_is_what_the_release_gave(store: Store, view: str) -> None:
    now = store.told(*ASKED[view])
    assert missing(of_the_crisis(store.answers[view]), of_the_crisis(now)) == []


def test_the_store_is_sound_and_what_was_signed_still_proves_it(store: Store) -> None:
    for command in ("check", "replay", "verify"):
        done = store.run(command)
        assert done.code == 0, done.out + done.err
    key = store.told("keys", "show")["key"]
    old = store.run("verify", store.folder / "receipt", "--key", key)
    assert old.code == 0, old.out + old.err


def test_reporting_goes_on_where_it_was_left(store: Store) -> None:
    statuses = [one["status"] for one in store.receipts(store.folder / "events.jsonl")]
    assert set(statuses) == {"duplicate", "quarantined", "rejected"}
    assert statuses.count("quarantined") == 1

    before = {one["partition"]: one["head"] for one in store.told("status")["partitions"]}
    (receipt,) = store.publish(report("after-the-upgrade", 7))
    assert receipt["status"] == "appended"
    assert receipt["sequence"] == before[receipt["partition"]] + 1

    for command in ("check", "replay", "verify"):
        done = store.run(command)
        assert done.code == 0, done.out + done.err


def test_what_was_redacted_stays_so_and_the_views_can_be_built_anew(store: Store) -> None:
    withheld = store.run("withheld", SOURCE, REDACTED)
    assert "redacted" in withheld.out + withheld.err
    for path in store.data.rglob("*"):
        if path.is_file():
            assert b"A. B." not in path.read_bytes(), path
    assert store.run("rebuild").code == 0
    now = store.told("tolls", CRISIS)
    assert missing(of_the_crisis(store.answers["tolls"]), of_the_crisis(now)) == []


def test_what_waited_in_the_inbox_is_taken_in(store: Store) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tollbook_services.cli", "intake", "--data", str(store.data)],
        stderr=subprocess.DEVNULL,
    ) as intake:
        until = time.monotonic() + PATIENCE_S
        try:
            while WAITING not in json.dumps(store.told("events", "--crisis", CRISIS)):
                assert time.monotonic() < until
        finally:
            intake.terminate()
    assert intake.returncode == 0
