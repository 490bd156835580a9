"""`tollbook receipt` and `verify` as an auditor uses them, from the demonstration on."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from tests.e2e.cli_kit import clean_environment, told, tollbook
from tests.integration.log_folder_kit import write_logs

from tollbook_services import keys
from tollbook_services.engine import connect, open_engine
from tollbook_services.ledger import Ledger

SOURCE, EVENT = "https://desk.tollbook.example", "sohr-2025-03-11"
PARTITION = 1
"""Of the demonstration's crisis."""


@pytest.fixture(scope="module", autouse=True)
def clean() -> Iterator[None]:
    with clean_environment():
        yield


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration, sealed; `receipt` in it, and its logs in `logs`."""
    folder = tmp_path_factory.mktemp("verify")
    told("demo", "--data", folder / "store")
    told("receipt", SOURCE, EVENT, "--data", folder / "store", "--out", folder / "receipt")

    async def publish() -> None:
        async with open_engine(folder / "store") as engine:
            redis = await connect(engine.url)
            await write_logs(await Ledger.open(redis), folder / "logs")
            await redis.aclose()

    asyncio.run(publish())
    return folder


@pytest.fixture
def store(sealed, tmp_path) -> Path:
    """A copy of the store, to alter."""
    shutil.copytree(sealed / "store", tmp_path / "store", ignore=shutil.ignore_patterns("*.sock"))
    return tmp_path / "store"


@pytest.fixture(scope="module")
def key(sealed) -> str:
    return str(
        json.loads(told("keys", "show", "--data", sealed / "store", "--format", "json"))["key"]
    )


def test_the_ledger_here_is_verified_and_folded_again(sealed, key):
    out = told("verify", "--data", sealed / "store", "--key", key)
    assert "verified: 22 events in 4 logs of tollbook-" in out
    assert "identical: 22 events folded again" in out
    done = tollbook("verify", "--data", sealed / "store", "--format", "json")
    document = json.loads(done.out)
    assert (document["holds"], document["views"]["identical"]) == (True, True)
    assert [log["size"] for log in document["logs"]] == [0, 22, 0, 0]
    assert "no --key was given" in done.err


def test_published_logs_and_a_receipt_are_verified_without_the_ledger(sealed, key):
    assert "verified: 22 events in 4 logs" in told("verify", sealed / "logs", "--key", key)
    document = json.loads(told("verify", sealed / "receipt", "--key", key, "--format", "json"))
    assert json.loads(document["event"])["id"] == EVENT
    assert document["log"].endswith(f"/{PARTITION}")


def test_without_a_key_that_is_trusted_nothing_that_was_published_is_verified(sealed):
    for what in ("logs", "receipt"):
        done = tollbook("verify", sealed / what)
        assert (done.code, done.out) == (2, "")
        assert "say which key you trust" in done.err
    other = told("keys", "generate", "log.example.org/x", "--out", sealed / "other").strip()
    done = tollbook("verify", sealed / "logs", "--key", other)
    assert done.code == 4
    assert "none of the keys that you trust" in done.err


def test_an_event_that_was_altered_is_named_with_what_was_signed(sealed, key, tmp_path):
    shutil.copytree(sealed / "logs", tmp_path / "logs")
    file = tmp_path / "logs" / str(PARTITION) / "tile/entries/000.p/22"
    assert b'"value":830' in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(b'"value":830', b'"value":380', 1))
    done = tollbook("verify", tmp_path / "logs", "--key", key, "--format", "json")
    assert done.code == 4
    document = json.loads(done.out)
    (fault,) = document["logs"][PARTITION]["faults"]
    assert fault["path"] == "tile/entries/000.p/22"
    assert fault["message"] == "the event is not the one that was signed"
    assert fault["sequence"] is not None
    assert len(fault["expected"]) == len(fault["found"]) == 64
    text = tollbook("verify", tmp_path / "logs", "--key", key)
    assert text.code == 4
    assert "ALTERED: 22 events in 4 logs" in text.out
    assert f"sequence {fault['sequence']} (tile/entries/000.p/22)" in text.out


def test_an_event_that_was_altered_in_the_engine_with_its_hash_is_named(store, key):
    async def alter() -> None:
        async with open_engine(store) as engine:
            redis = await connect(engine.url)
            entries = await redis.xrange(keys.ledger(PARTITION))
            await redis.delete(keys.ledger(PARTITION))
            for entry_id, fields in entries:
                stored = fields[b"e"].replace(b'"value":830', b'"value":380')
                leaf = sha256(b"\x00" + stored).digest()
                again = {b"e": stored, b"h": leaf, b"t": fields[b"t"]}
                await redis.xadd(keys.ledger(PARTITION), again, entry_id)
            await redis.aclose()

    asyncio.run(alter())
    done = tollbook("verify", "--data", store, "--key", key)
    assert done.code == 4
    assert "the event is not the one that was signed" in done.out
    assert "DIFFERENT" in done.out


def test_a_newer_checkpoint_continues_an_older_one(sealed, store, key, tmp_path):
    old = sealed / "logs" / str(PARTITION) / "checkpoint"
    told("review", f"{SOURCE}/{EVENT}#B6.civ", "--status", "verified", "--reviewer", "desk",
         "--reason", "seen", "--data", store)  # fmt: skip
    told("receipt", SOURCE, EVENT, "--data", store)
    new = tmp_path / "new"
    new.write_text(told("receipt", SOURCE, EVENT, "--data", store).partition("\n\n")[2])
    out = told("verify", new, "--continues", old, "--key", key, "--data", store)
    assert "23 events" in out
    assert "begin with the 22 of the older checkpoint" in out
    done = tollbook("verify", old, "--continues", new, "--key", key, "--data", store)
    assert done.code == 4
    assert "the newer checkpoint has 22 events" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere", "--key", "KEY"], 2, "there is no folder nowhere"),
        (["--key", "x"], 2, "is no verifier key"),
        (["--continues", "nothing", "--key", "KEY"], 2, "name the newer checkpoint"),
        (["RECEIPT", "--continues", "nothing", "--key", "KEY"], 2, "there is no file nothing"),
        (["KEYS", "--key", "KEY"], 4, "is no receipt"),
    ],
)
def test_what_cannot_be_verified_is_said(sealed, key, arguments, code, said):
    names = {"KEY": key, "RECEIPT": sealed / "receipt", "KEYS": sealed / "logs" / "keys"}
    done = tollbook(
        "verify", *(names.get(one, one) for one in arguments), "--data", sealed / "store"
    )
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_an_event_that_is_not_there_has_no_receipt(sealed):
    done = tollbook("receipt", SOURCE, "nothing", "--data", sealed / "store")
    assert (done.code, done.out) == (2, "")
    assert "has no event 'nothing'" in done.err


def test_every_event_that_a_number_rests_on_can_be_proved(store, key, tmp_path):
    cell = "killed|person|count|area|SY-LA|status=civilian||"
    told("review", f"{SOURCE}/{EVENT}#B6.civ", "--status", "verified", "--reviewer", "desk",
         "--reason", "seen", "--data", store)  # fmt: skip
    explain = ("explain", "syria-coast-2025", cell, "--data", store)
    document = json.loads(told(*explain, "--format", "json"))
    proofs, text = document["proofs"], told(*explain)
    named = {f"{one['source']}/{one['id']}" for one in proofs}
    assert {figure.partition("#")[0] for figure in document["cell"]["figures"]} <= named
    assert len(proofs) == len(named) > 1
    for one in proofs:
        told("receipt", one["source"], one["id"], "--data", store, "--out", tmp_path / "receipt")
        receipt = json.loads(told("verify", tmp_path / "receipt", "--key", key, "--format", "json"))
        assert receipt["log"].endswith(f"/{one['partition']}")
        assert receipt["sequence"] == one["sequence"] == one["leaf_index"] + 1
        assert f"tollbook receipt {one['source']} {one['id']}\n" in text


def test_what_an_editor_said_of_a_figure_is_proved_with_it_and_not_before(store):
    cell = "killed|person|count|area|SY-LA|status=civilian||"
    explain = ("explain", "syria-coast-2025", cell, "--data", store, "--format", "json")
    before = json.loads(told(*explain))
    figure = before["cell"]["figures"][0]
    told("review", figure, "--status", "verified", "--reviewer", "desk", "--reason", "seen",
         "--data", store)  # fmt: skip
    after = json.loads(told(*explain))
    added = [one for one in after["proofs"] if one not in before["proofs"]]
    assert [one["sequence"] for one in added] == [23]
    assert json.loads(told(*explain, "--known-as-of", "22"))["proofs"] == before["proofs"]
