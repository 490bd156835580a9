"""`tollbook replay` as two parties use it who compare what they fold, in an engine and without."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.cli_kit import clean_environment, told, tollbook
from tests.integration.log_folder_kit import write_logs

from tollbook_services.engine import connect, open_engine
from tollbook_services.ledger import Ledger

SOURCE, EVENT = "https://desk.tollbook.example", "sohr-2025-03-11"
PARTITION = 1
"""Of the demonstration's crisis."""

VIEWS = ["tolls", "displacement", "revisions", "incidents", "sources", "conflicts"]


@pytest.fixture(scope="module", autouse=True)
def clean() -> Iterator[None]:
    with clean_environment():
        yield


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration in `store`, sealed, and its logs in `logs`."""
    folder = tmp_path_factory.mktemp("replay")
    told("demo", "--data", folder / "store")
    told("receipt", SOURCE, EVENT, "--data", folder / "store")

    async def publish() -> None:
        async with open_engine(folder / "store") as engine:
            redis = await connect(engine.url)
            await write_logs(await Ledger.open(redis), folder / "logs")
            await redis.aclose()

    asyncio.run(publish())
    return folder


@pytest.fixture(scope="module")
def key(sealed) -> str:
    shown = told("keys", "show", "--data", sealed / "store", "--format", "json")
    return str(json.loads(shown)["key"])


@pytest.fixture
def logs(sealed, tmp_path) -> Path:
    """A copy of the published logs, to alter."""
    shutil.copytree(sealed / "logs", tmp_path / "logs")
    return tmp_path / "logs"


def replayed(*arguments: object) -> dict:
    return json.loads(told("replay", *arguments, "--format", "json"))


def test_a_replay_tells_what_was_folded_and_a_digest_of_every_read_model(sealed):
    document = replayed("--data", sealed / "store")
    assert document["identical"]
    assert [head["sequence"] for head in document["heads"]] == [0, 22, 0, 0]
    assert list(document["digests"]) == ["figures.v1", "statements.v1", *VIEWS]
    text = told("replay", "--data", sealed / "store")
    for digest in document["digests"].values():
        assert digest in text
    assert f"1:22           root {document['heads'][PARTITION]['root']}" in text


def test_published_logs_have_the_digests_of_the_ledger_they_are_of(sealed, key):
    live = replayed("--data", sealed / "store")
    folder = replayed(sealed / "logs", "--key", key)
    assert folder["verified"]
    for what in ("ledger", "heads", "digests"):
        assert folder[what] == live[what]


@pytest.mark.parametrize("until", [f"{PARTITION}:3", f"{PARTITION}:22", f"{PARTITION}:0"])
def test_at_one_position_both_have_the_same_digests(sealed, key, until):
    live = replayed("--data", sealed / "store", "--until", until)
    folder = replayed(sealed / "logs", "--key", key, "--until", until)
    assert f"{PARTITION}:{live['events']}" == until
    for what in ("heads", "digests"):
        assert folder[what] == live[what]


def test_other_positions_have_other_digests(sealed):
    ten, eleven = (
        replayed("--data", sealed / "store", "--until", f"{PARTITION}:{n}") for n in (10, 11)
    )
    assert ten["heads"][PARTITION]["root"] != eleven["heads"][PARTITION]["root"]
    assert ten["digests"]["figures.v1"] != eleven["digests"]["figures.v1"]
    assert ten["digests"]["tolls"] != eleven["digests"]["tolls"]


def test_a_time_folds_what_was_recorded_by_then(sealed):
    lines = told("events", "--data", sealed / "store", "--format", "json").splitlines()
    times = [json.loads(line)["recorded_at"] for line in lines]
    document = replayed("--data", sealed / "store", "--until", times[4])
    assert document["events"] == sum(time <= times[4] for time in times)
    assert replayed("--data", sealed / "store", "--until", "2020-01-01")["events"] == 0


def test_a_position_of_a_view_does_as_well(sealed):
    view = json.loads(
        told("tolls", "syria-coast-2025", "--data", sealed / "store", "--format", "json")
    )
    assert replayed("--data", sealed / "store", "--until", view["position"])["events"] == 22


def test_without_a_key_logs_are_folded_and_not_called_verified(sealed):
    done = tollbook("replay", sealed / "logs")
    assert done.code == 0
    assert "not verified: no --key was given" in done.err
    assert done.out.startswith("folded: 22 events")
    assert not replayed(sealed / "logs")["verified"]


def test_logs_that_do_not_hold_are_not_folded(logs, key):
    file = logs / str(PARTITION) / "tile/entries/000.p/22"
    file.write_bytes(file.read_bytes().replace(b'"value":830', b'"value":380', 1))
    done = tollbook("replay", logs, "--key", key)
    assert (done.code, done.out) == (4, "")
    assert f"partition {PARTITION}, sequence " in done.err
    assert "the event is not the one that was signed" in done.err


def test_an_entry_that_is_missing_is_named_even_where_nothing_is_verified(logs):
    (logs / str(PARTITION) / "tile/entries/000.p/22").unlink()
    done = tollbook("replay", logs)
    assert done.code == 4
    assert f"partition {PARTITION}, tile/entries/000.p/22: the entries are missing" in done.err


@pytest.mark.parametrize(
    ("until", "said"),
    [
        (["9:1"], "9:1: the ledger has the partitions 0 to 3"),
        (["1:23"], "1:23: partition 1 ends at 22"),
        (["yesterday"], "neither an RFC 3339 date nor a date-time"),
        (["1:3", "2025-03-11"], "a time alone, or one position for each partition"),
        (["1:3", "1:4"], "a time alone, or one position for each partition"),
    ],
)
def test_an_until_that_means_nothing_says_what_would(sealed, until, said):
    options = [part for one in until for part in ("--until", one)]
    done = tollbook("replay", "--data", sealed / "store", *options)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_position_of_another_ledger_is_refused(sealed, tmp_path):
    told("demo", "--data", tmp_path / "other")
    view = json.loads(
        told("tolls", "syria-coast-2025", "--data", tmp_path / "other", "--format", "json")
    )
    done = tollbook("replay", sealed / "logs", "--until", view["position"])
    assert done.code == 2
    assert "is of the ledger" in done.err


@pytest.mark.parametrize(
    ("options", "sequences"),
    [
        (["--known-as-of", "1:3"], [1, 2, 3]),
        (["--known-as-of", "1:3", "--crisis", "syria-coast-2025", "--from", "2"], [2, 3]),
        (["--known-as-of", "1:3", "--to", "1"], [1]),
        (["--known-as-of", "2020-01-01"], []),
    ],
)
def test_events_are_listed_as_they_were_known(sealed, options, sequences):
    out = told("events", "--data", sealed / "store", "--format", "json", *options)
    assert [json.loads(line)["sequence"] for line in out.splitlines()] == sequences


def test_a_position_in_another_partition_than_the_crisis_is_refused(sealed):
    options = ("--crisis", "syria-coast-2025", "--known-as-of", "0:3")
    done = tollbook("events", "--data", sealed / "store", *options)
    assert done.code == 2
    assert "name a sequence of that one, as 1:3" in done.err
