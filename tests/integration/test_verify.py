"""Logs that were published, receipts and checkpoints, verified without the engine they are from."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.contract.ledger_kit import event, events
from tests.integration.log_folder_kit import write_logs
from tests.unit.tlog_kit import LOG

from tollbook_schemas.errors import CheckFailedError, EngineError, UsageError
from tollbook_schemas.tlog.keys import KeyKind, SigningKey
from tollbook_schemas.tlog.note import note_from
from tollbook_schemas.tlog.tlog_proof import tlog_proof_from
from tollbook_services import keys
from tollbook_services.ledger import Ledger
from tollbook_services.sealing import receipt as receipts
from tollbook_services.sealing.keyring import new_key
from tollbook_services.sealing.log_keys import LogKeys
from tollbook_services.sealing.log_names import keys_for
from tollbook_services.sealing.log_places import open_logs
from tollbook_services.sealing.receipt import receipt_of, verify_receipt
from tollbook_services.sealing.sealer import Sealer
from tollbook_services.sealing.verification import (
    live_logs,
    verify_continuation,
    verify_logs,
)

pytestmark = pytest.mark.anyio

STRANGER = SigningKey.from_seed(LOG.name, KeyKind.LOG, bytes([7] * 32))
CRISES = [f"crisis-{number}" for number in range(8)]


@pytest.fixture
async def ledger(redis) -> Ledger:
    """Two partitions with some 300 events each, sealed."""
    ledger = await Ledger.open(redis, partitions=2)
    await ledger.append([event(f"e{n}", crisis=CRISES[n % 8]) for n in range(600)])
    await seal(ledger)
    return ledger


async def seal(ledger: Ledger, key: SigningKey = LOG) -> None:
    for number in range(ledger.partitions):
        await Sealer(ledger, key).catch_up(number)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Not into the test's output."""


@pytest.fixture
def url(tmp_path) -> Iterator[str]:
    """The folder `tmp_path/logs` over HTTP."""
    (tmp_path / "logs").mkdir()
    handler = partial(Quiet, directory=str(tmp_path / "logs"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_the_live_ledger_holds(ledger):
    audit = await verify_logs(await live_logs(ledger), [LOG.verifier])
    assert audit.holds
    assert audit.events == 600
    assert [report.origin for report in audit.reports] == [f"{LOG.name}/{n}" for n in (0, 1)]


async def test_a_published_folder_holds_without_the_engine(ledger, tmp_path):
    await write_logs(ledger, tmp_path / "logs")
    await ledger.redis.flushall()
    audit = await verify_logs(await open_logs(str(tmp_path / "logs")), [LOG.verifier])
    assert (audit.holds, audit.events) == (True, 600)


async def test_so_it_does_over_http(ledger, tmp_path, url):
    await write_logs(ledger, tmp_path / "logs")
    audit = await verify_logs(await open_logs(url), [LOG.verifier])
    assert (audit.holds, audit.events) == (True, 600)


async def test_a_place_without_logs_is_refused(tmp_path, url):
    with pytest.raises(UsageError, match="there is no folder"):
        await open_logs(str(tmp_path / "nothing"))
    with pytest.raises(UsageError, match=r"has no ledger\.json"):
        await open_logs(url)
    with pytest.raises(UsageError, match="is no place of logs"):
        await open_logs("gopher://example.org")


async def test_an_address_that_does_not_answer_is_said_to_be_away():
    with pytest.raises(EngineError, match=r"http://127\.0\.0\.1:9 cannot be read"):
        await open_logs("http://127.0.0.1:9")


async def test_a_log_of_another_key_is_not_trusted(ledger, tmp_path):
    await write_logs(ledger, tmp_path)
    with pytest.raises(CheckFailedError, match="none of the keys that you trust"):
        await verify_logs(await open_logs(str(tmp_path)), [STRANGER.verifier])


async def test_a_log_that_is_missing_as_a_whole_is_noticed(ledger, tmp_path):
    await write_logs(ledger, tmp_path)
    (tmp_path / "1" / "checkpoint").unlink()
    audit = await verify_logs(await open_logs(str(tmp_path)), [LOG.verifier])
    assert [report.holds for report in audit.reports] == [True, False]
    assert audit.reports[1].faults[0].message == "the log has no checkpoint"


async def test_the_logs_of_two_partitions_cannot_be_swapped(ledger, tmp_path):
    await write_logs(ledger, tmp_path)
    (tmp_path / "0").rename(tmp_path / "x")
    (tmp_path / "1").rename(tmp_path / "0")
    (tmp_path / "x").rename(tmp_path / "1")
    audit = await verify_logs(await open_logs(str(tmp_path)), [LOG.verifier])
    assert not any(report.holds for report in audit.reports)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("ledger.json", b"tollbook-log/1", b"tollbook-log/2", "does not describe logs"),
        ("ledger.json", b"{", b"", "is no JSON"),
        (
            "ledger.json",
            b"log.example.org",
            b"other.example.org",
            "and the key history LogDescription",
        ),
        ("keys", b"tollbook log key", b"tollbook log kex", "line 1 of the key history"),
        ("keys", b"note", b"", "line 1 of the key history"),
    ],
)
async def test_a_description_that_was_altered_is_refused(ledger, tmp_path, file, old, new, said):
    await write_logs(ledger, tmp_path)
    path = tmp_path / file
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(CheckFailedError, match=said):
        await open_logs(str(tmp_path))


async def test_old_and_new_logs_are_verified_through_the_key_history(ledger, tmp_path):
    new = new_key(LOG.name)
    await LogKeys(ledger).replace(LOG, new)
    await ledger.append(events(3, "more"))
    await seal(ledger, new)
    await write_logs(ledger, tmp_path)
    logs = await open_logs(str(tmp_path))
    for anchor in (LOG.verifier, new.verifier):
        audit = await verify_logs(logs, [anchor])
        assert (audit.holds, audit.events) == (True, 603)


async def test_a_receipt_holds_without_the_ledger(ledger):
    entry = await ledger.find("https://desk.example.org", "e77")
    document = (await receipt_of(ledger, entry)).document()
    await ledger.redis.flushall()
    proof = tlog_proof_from(document)
    found = verify_receipt(proof, keys_for(proof.checkpoint, [LOG.verifier]))
    assert (found.event, found.index) == (entry.stored, entry.sequence - 1)
    assert found.signers == (f"{LOG.name}/{entry.partition}",)


@pytest.mark.parametrize("change", ["event", "index", "path", "key"])
async def test_a_receipt_that_was_altered_proves_nothing(ledger, change):
    entry = await ledger.find("https://desk.example.org", "e77")
    text = (await receipt_of(ledger, entry)).document().decode()
    lines, anchor = text.split("\n"), LOG.verifier
    match change:
        case "event":
            lines[1] = lines[1][:20] + ("A" if lines[1][20] != "A" else "B") + lines[1][21:]
        case "index":
            lines[2] = f"index {entry.sequence}"
        case "path":
            lines[3], lines[4] = lines[4], lines[3]
        case "key":
            anchor = STRANGER.verifier
    proof = tlog_proof_from("\n".join(lines).encode())
    with pytest.raises(CheckFailedError, match=r"was altered|no known key"):
        verify_receipt(proof, keys_for(proof.checkpoint, [anchor]))


async def test_a_receipt_of_what_nobody_seals_says_who_would(ledger, monkeypatch):
    monkeypatch.setattr(receipts, "SEALED_S_MAX", 0.1)
    await ledger.append(events(1, "late"))
    entry = await ledger.find("https://desk.example.org", "late0")
    with pytest.raises(EngineError, match="is not sealed: run `tollbook serve`"):
        await receipt_of(ledger, entry)


async def checkpoint(ledger: Ledger):
    return note_from(await (await live_logs(ledger)).files(0).read("checkpoint"))


async def test_a_newer_checkpoint_continues_an_older_one(ledger):
    old = await checkpoint(ledger)
    for part in range(3):
        await ledger.append([event(f"m{part}-{n}", crisis=CRISES[n % 8]) for n in range(200)])
        await seal(ledger)
        new = await checkpoint(ledger)
        files = (await live_logs(ledger)).files(0)
        first, second = await verify_continuation(old, new, keys_for(new, [LOG.verifier]), files)
        assert first.size < second.size


async def test_a_history_that_was_rewritten_does_not_continue(ledger, redis):
    old = await checkpoint(ledger)
    await redis.flushall()
    other = await Ledger.open(redis, partitions=2)
    await other.append([event(f"x{n}", crisis=CRISES[n % 8]) for n in range(900)])
    await seal(other)
    new = await checkpoint(other)
    files = (await live_logs(other)).files(0)
    with pytest.raises(CheckFailedError, match="the history was rewritten"):
        await verify_continuation(old, new, keys_for(new, [LOG.verifier]), files)
    with pytest.raises(CheckFailedError, match="the newer checkpoint has"):
        await verify_continuation(new, old, keys_for(new, [LOG.verifier]), files)


async def test_a_tile_that_was_altered_in_the_engine_is_told_by_the_live_audit(ledger):
    stored = bytearray(await ledger.redis.hget(keys.tiles(1), "0/0"))
    stored[5 * 32] ^= 1
    await ledger.redis.hset(keys.tiles(1), "0/0", bytes(stored))
    audit = await verify_logs(await live_logs(ledger), [LOG.verifier])
    (fault,) = audit.reports[1].faults
    assert (fault.path, fault.sequence) == ("tile/0/000", 6)
