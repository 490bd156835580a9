"""`tollbook witness` as two operators use it: one witnesses, the other is witnessed."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.cli_kit import clean_environment, told, tollbook
from tests.e2e.test_cli_verify import EVENT, SOURCE
from tests.integration.log_folder_kit import write_logs

from tollbook_services.engine import connect, open_engine
from tollbook_services.ledger import Ledger

CLI = (sys.executable, "-m", "tollbook_services.cli")


@pytest.fixture(scope="module", autouse=True)
def clean() -> Iterator[None]:
    with clean_environment():
        yield


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration, sealed, and published in `logs`; the witness's key in `w1`."""
    folder = tmp_path_factory.mktemp("witness")
    told("demo", "--data", folder / "store")
    told("receipt", SOURCE, EVENT, "--data", folder / "store")

    async def publish() -> None:
        async with open_engine(folder / "store") as engine:
            redis = await connect(engine.url)
            await write_logs(await Ledger.open(redis), folder / "logs")
            await redis.aclose()

    asyncio.run(publish())
    made = told("keys", "generate", "witness.example.org/w1", "--witness", "--out", folder / "w1")
    (folder / "w1.pub").write_text(made)
    return folder


@pytest.fixture(scope="module")
def key(desk) -> str:
    shown = told("keys", "show", "--data", desk / "store", "--format", "json")
    return str(json.loads(shown)["key"])


def test_logs_are_cosigned_and_their_ledger_takes_the_cosignatures(desk, key, tmp_path):
    options = ("--key", key, "--witness-key", desk / "w1", "--state", tmp_path / "state")
    first = tollbook("witness", "cosign", desk / "logs", *options)
    assert first.code == 0, first.err
    assert "22 events, the first one seen" in first.err
    (tmp_path / "cosigned").write_text(first.out)
    store = ("--data", desk / "store")

    refused = tollbook("witness", "add", tmp_path / "cosigned", *store)
    assert (refused.code, refused.out) == (4, "")
    assert "tollbook witness trust KEY" in refused.err

    witness = (desk / "w1.pub").read_text().strip()
    demanded = ("verify", *store, "--key", key, "--witness", witness)
    missing = tollbook(*demanded)
    assert missing.code == 4
    assert "partition 1, checkpoint: it is not cosigned by witness.example.org/w1" in missing.out

    told("witness", "trust", witness, *store)
    taken = told("witness", "add", tmp_path / "cosigned", *store)
    assert "/1: 22 events, cosigned by witness.example.org/w1\n" in taken
    assert "verified: 22 events in 4 logs" in told(*demanded)
    told("receipt", SOURCE, EVENT, *store, "--out", tmp_path / "receipt")
    keys = ("--key", key, "--key", (desk / "w1.pub").read_text().strip())
    found = json.loads(told("verify", tmp_path / "receipt", *keys, "--format", "json"))
    assert [name.split("/")[-1] for name in found["signers"]] == ["1", "w1"]

    again = told("witness", "cosign", desk / "logs", *options, "--format", "json")
    assert [one["before"] for one in json.loads(again)["cosigned"]] == [0, 22, 0, 0]


def test_a_witness_serves_until_it_is_told_to_stop(desk, key, tmp_path):
    state = tmp_path / "state"
    serving = subprocess.Popen(
        [*CLI, "witness", "serve", "--listen", "127.0.0.1:0", "--key", key,
         "--witness-key", desk / "w1", "--state", state],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert serving.stderr is not None
        said = serving.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found, said
        store = ("--data", desk / "store")
        told("witness", "trust", (desk / "w1.pub").read_text().strip(), *store)
        out = told("witness", "request", found[0], *store, "--format", "json")
        assert [one["size"] for one in json.loads(out)["taken"]] == [0, 22, 0, 0]
        serving.send_signal(signal.SIGTERM)
        printed, logged = serving.communicate(timeout=30)
        assert (serving.returncode, printed) == (0, "")
        assert "POST /add-checkpoint" in logged
    finally:
        serving.kill()
        serving.communicate()
    assert len(list(state.glob("*.checkpoint"))) == 4


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["cosign", "nowhere", "--witness-key", "W1"], 2, "there is no folder nowhere"),
        (["cosign", "LOGS", "--witness-key", "SIGNING"], 2, "is the key of a log"),
        (["serve", "--witness-key", "W1", "--listen", "8080"], 2, "no host and port"),
    ],
)
def test_what_cannot_be_witnessed_is_said(desk, key, tmp_path, arguments, code, said):
    names = {"W1": desk / "w1", "LOGS": desk / "logs", "SIGNING": desk / "store/keys/signing"}
    given = [names.get(one, one) for one in arguments]
    done = tollbook("witness", *given, "--key", key, "--state", tmp_path / "state")
    assert (done.code, done.out) == (code, "")
    assert said in done.err


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (None, 2, "cannot be read"),
        ("", 4, "there is no cosigned checkpoint"),
        ("— x AAAA\n", 4, "begins with the name of its log"),
        ("log/0\n1\n", 4, "a note is a text"),
    ],
)
def test_a_file_without_cosigned_checkpoints_is_refused(desk, tmp_path, text, code, said):
    if text is not None:
        (tmp_path / "file").write_text(text)
    done = tollbook("witness", "add", tmp_path / "file", "--data", desk / "store")
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_who_is_trusted_is_listed_and_can_be_trusted_no_more(desk, tmp_path):
    store = ("--data", tmp_path / "store")
    told("demo", *store)
    witness = (desk / "w1.pub").read_text().strip()
    assert "no witness is trusted" in tollbook("witness", "list", *store).err
    told("witness", "trust", witness, *store)
    assert told("witness", "list", *store) == f"{witness}\n"
    listed = json.loads(told("witness", "list", *store, "--format", "json"))
    assert listed == {"witnesses": [{"name": "witness.example.org/w1", "key": witness}]}

    done = tollbook("witness", "untrust", "nobody", *store)
    assert done.code == 2
    assert "no witness 'nobody' is trusted; these are: witness.example.org/w1" in done.err
    told("witness", "untrust", "witness.example.org/w1", *store)
    assert told("witness", "list", *store) == ""


def test_the_key_of_a_log_is_no_witness(desk, key):
    done = tollbook("verify", desk / "logs", "--key", key, "--witness", key)
    assert done.code == 2
    assert "is the key of a log: name it with --key" in done.err
