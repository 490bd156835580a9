"""A ledger, its witness, and the cosignatures that go between them."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.contract.ledger_kit import event
from tests.integration.log_folder_kit import write_logs
from tests.unit.tlog_kit import LOG, WITNESS

from tollbook_schemas.errors import CheckFailedError, EngineError, UsageError
from tollbook_schemas.tlog.keys import TIME_S_MAX, KeyKind, SigningKey, verified
from tollbook_schemas.tlog.note import Note, note_from
from tollbook_schemas.tlog.tiles import CHECKPOINT_PATH
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.cosignatures import Cosignatures
from tollbook_services.sealing.cosigning import cosign_logs
from tollbook_services.sealing.log_names import verifier_of
from tollbook_services.sealing.log_places import open_logs
from tollbook_services.sealing.logs import COSIGNED_PATH
from tollbook_services.sealing.receipt import receipt_of, verify_receipt
from tollbook_services.sealing.sealer import Sealer
from tollbook_services.sealing.verification import live_logs, verify_logs
from tollbook_services.sealing.witness import Witness
from tollbook_services.sealing.witness_client import cosigned_by
from tollbook_services.sealing.witness_server import WitnessServer
from tollbook_services.sealing.witness_state import WitnessState

pytestmark = pytest.mark.anyio

OTHER = SigningKey.from_seed("other.example.org", KeyKind.WITNESS, bytes([5] * 32))


@pytest.fixture
async def ledger(redis) -> Ledger:
    """One partition with 300 events, sealed."""
    ledger = await Ledger.open(redis, partitions=1)
    await grow(ledger, range(300))
    return ledger


@pytest.fixture
def state(tmp_path) -> WitnessState:
    return WitnessState(tmp_path / "state")


@pytest.fixture
def url(state) -> Iterator[str]:
    """A witness of the ledger, over HTTP."""
    with WitnessServer(("127.0.0.1", 0), Witness(WITNESS, [LOG.verifier], state)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


async def grow(ledger, numbers) -> None:
    await ledger.append([event(f"e{number}") for number in numbers])
    await Sealer(ledger, LOG).catch_up(0)


async def cosigned(ledger, folder, state, key=WITNESS) -> Note:
    """The newest checkpoint of a folder that the ledger is published in, cosigned."""
    await write_logs(ledger, folder)
    (one,) = await cosign_logs(await open_logs(str(folder)), [LOG.verifier], key, state)
    return one.note


async def served(ledger, path=CHECKPOINT_PATH) -> Note:
    logs = await live_logs(ledger)
    return note_from(await logs.files(0).read(path))


def names(note: Note) -> list[str]:
    return [one.name for one in note.signatures]


async def test_a_published_log_is_cosigned_as_it_grows(ledger, tmp_path, state):
    await cosigned(ledger, tmp_path / "logs", state)
    await grow(ledger, range(300, 700))
    note = await cosigned(ledger, tmp_path / "logs", state)
    assert verified(note, [WITNESS.verifier]) == (WITNESS.verifier,)
    assert state.read(f"{LOG.name}/0").size == 700


async def test_a_log_that_went_back_is_not_cosigned(ledger, tmp_path, state):
    await write_logs(ledger, tmp_path / "old")
    await grow(ledger, range(300, 400))
    await cosigned(ledger, tmp_path / "logs", state)
    with pytest.raises(CheckFailedError, match=r"400 events .* and the one of 300 with"):
        await cosign_logs(await open_logs(str(tmp_path / "old")), [LOG.verifier], WITNESS, state)


async def test_a_log_with_another_history_is_not_cosigned_and_both_roots_are_named(
    ledger, tmp_path, state
):
    first = await cosigned(ledger, tmp_path / "logs", state)
    await ledger.redis.flushall()
    again = await Ledger.open(ledger.redis, partitions=1)
    await grow(again, range(1000, 1400))
    before = state.read(f"{LOG.name}/0")
    with pytest.raises(CheckFailedError, match=before.root.hex()) as caught:
        await cosigned(again, tmp_path / "fork", state)
    assert (await live_logs(again)).description.ledger != ledger.id
    assert "keep this checkpoint" in str(caught.value)
    assert state.read(f"{LOG.name}/0") == before
    assert first.text.split("\n")[1] == "300"


async def test_a_log_with_tiles_that_were_altered_is_not_cosigned(ledger, tmp_path, state):
    await cosigned(ledger, tmp_path / "logs", state)
    await grow(ledger, range(300, 700))
    await write_logs(ledger, tmp_path / "logs")
    tile = tmp_path / "logs/0/tile/0/001"
    tile.write_bytes(bytes(len(tile.read_bytes())))
    with pytest.raises(CheckFailedError, match="tiles were altered"):
        await cosign_logs(await open_logs(str(tmp_path / "logs")), [LOG.verifier], WITNESS, state)


async def test_a_log_whose_key_is_not_trusted_is_not_cosigned(ledger, tmp_path, state):
    await write_logs(ledger, tmp_path / "logs")
    with pytest.raises(CheckFailedError, match="none of the keys that you trust"):
        await cosign_logs(await open_logs(str(tmp_path / "logs")), [OTHER.verifier], WITNESS, state)


async def test_a_cosignature_of_a_trusted_witness_is_served_with_the_checkpoint(
    ledger, tmp_path, state
):
    note = await cosigned(ledger, tmp_path / "logs", state)
    await Cosignatures(ledger).trust(WITNESS.verifier)
    taken = await Cosignatures(ledger).accept(note)
    assert (taken.head.size, taken.witnesses) == (300, (WITNESS.name,))
    assert names(await served(ledger)) == [f"{LOG.name}/0", WITNESS.name]
    assert (await verify_logs(await live_logs(ledger), [LOG.verifier])).holds

    await grow(ledger, range(300, 310))
    assert names(await served(ledger)) == [f"{LOG.name}/0"]
    assert await served(ledger, COSIGNED_PATH) == note


async def test_a_receipt_carries_the_cosignatures(ledger, tmp_path, state):
    await Cosignatures(ledger).trust(WITNESS.verifier)
    await Cosignatures(ledger).accept(await cosigned(ledger, tmp_path / "logs", state))
    (entry,) = await ledger.read(0, after=7, count=1)
    proof = await receipt_of(ledger, entry)
    found = verify_receipt(proof, (verifier_of(LOG.verifier, 0), WITNESS.verifier))
    assert found.signers == (f"{LOG.name}/0", WITNESS.name)


async def test_cosignatures_of_several_witnesses_stand_together_and_strangers_are_dropped(
    ledger, tmp_path, state
):
    note = await cosigned(ledger, tmp_path / "logs", state)
    await Cosignatures(ledger).trust(WITNESS.verifier)
    await Cosignatures(ledger).accept(note.with_signatures([OTHER.signature(note.text, 1)]))
    assert names(await served(ledger)) == [f"{LOG.name}/0", WITNESS.name]
    await Cosignatures(ledger).trust(OTHER.verifier)
    other = await cosigned(ledger, tmp_path / "logs", WitnessState(tmp_path / "other"), OTHER)
    await Cosignatures(ledger).accept(other)
    assert names(await served(ledger)) == [f"{LOG.name}/0", WITNESS.name, OTHER.name]


async def test_what_no_trusted_witness_has_cosigned_is_refused(ledger, tmp_path, state):
    note = await cosigned(ledger, tmp_path / "logs", state)
    with pytest.raises(CheckFailedError, match="no witness that is trusted"):
        await Cosignatures(ledger).accept(note)
    await Cosignatures(ledger).trust(WITNESS.verifier)
    forged = [replace(one, made=one.made[:-1] + b"x") for one in note.signatures[1:]]
    late = [replace(one, made=(TIME_S_MAX + 1).to_bytes(8) + one.made[8:]) for one in forged]
    for wrong in (forged, late):
        with pytest.raises(CheckFailedError, match="is not of this text"):
            await Cosignatures(ledger).accept(note.with_signatures(wrong))
    assert names(await served(ledger)) == [f"{LOG.name}/0"]


async def test_a_cosigned_checkpoint_of_another_history_is_refused(ledger, tmp_path, state):
    note = await cosigned(ledger, tmp_path / "logs", state)
    await ledger.redis.flushall()
    again = await Ledger.open(ledger.redis, partitions=1)
    await Cosignatures(again).trust(WITNESS.verifier)
    await grow(again, range(200))
    with pytest.raises(CheckFailedError, match="300 events were cosigned, and 200"):
        await Cosignatures(again).accept(note)
    await grow(again, range(1000, 1200))
    with pytest.raises(CheckFailedError, match="and the one here has"):
        await Cosignatures(again).accept(note)


async def test_the_key_of_a_log_is_not_trusted_as_a_witness(ledger):
    with pytest.raises(UsageError, match="key of a log"):
        await Cosignatures(ledger).trust(LOG.verifier)


async def test_a_witness_is_asked_over_http_from_one_size_to_the_next(ledger, url, state):
    await Cosignatures(ledger).trust(WITNESS.verifier)
    for size in (300, 300, 700):
        if size > 300:
            await grow(ledger, range(300, size))
        (taken,) = await cosigned_by(await live_logs(ledger), url)
        assert (taken.head.size, taken.witnesses) == (size, (WITNESS.name,))
        assert names(await served(ledger)) == [f"{LOG.name}/0", WITNESS.name]
    assert state.read(f"{LOG.name}/0").size == 700


async def test_a_ledger_that_was_put_back_is_told_so_by_its_witness(ledger, url):
    await Cosignatures(ledger).trust(WITNESS.verifier)
    await cosigned_by(await live_logs(ledger), url)
    await ledger.redis.flushall()
    again = await Ledger.open(ledger.redis, partitions=1)
    await Cosignatures(again).trust(WITNESS.verifier)
    await grow(again, range(200))
    with pytest.raises(CheckFailedError, match="has cosigned 300 events"):
        await cosigned_by(await live_logs(again), url)
    await grow(again, range(1000, 1200))
    with pytest.raises(CheckFailedError, match=r"refuses .*: 422"):
        await cosigned_by(await live_logs(again), url)


async def test_a_witness_that_is_not_there_is_named(ledger):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(EngineError, match="does not answer"):
        await cosigned_by(await live_logs(ledger), f"http://127.0.0.1:{port}")
    with pytest.raises(UsageError, match="is no URL of a witness"):
        await cosigned_by(await live_logs(ledger), "ftp://witness.example.org")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /other HTTP/1.1\r\nContent-Length: 1\r\n", b"404"),
        (b"POST /add-checkpoint HTTP/1.1\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 65537\r\n", b"413"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 000000000009999999\r\n", b"413"),
        (b"GET /add-checkpoint HTTP/1.1\r\n", b"501"),
    ],
)
def test_the_server_reads_only_what_can_be_a_request(url, head, status):
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(head + b"Host: x\r\n\r\n")
        answer = b""
        while data := client.recv(4096):
            answer += data
    assert answer.split(b" ")[1] == status
