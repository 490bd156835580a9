"""What a witness answers, whoever asks, and what it remembers (c2sp.org/tlog-witness)."""

import threading
from base64 import b64encode
from dataclasses import replace

import pytest
from tests.unit.tlog_kit import LOG, WITNESS, leaves_of, slow_root

from tollbook_schemas.errors import CheckFailedError, UsageError
from tollbook_schemas.tlog.checkpoint import Checkpoint
from tollbook_schemas.tlog.keys import KeyKind, SigningKey, cosigned_at, verified
from tollbook_schemas.tlog.merkle import consistency_proof
from tollbook_schemas.tlog.note import Note, note_from, signatures_from
from tollbook_services.sealing.log_names import signer_of
from tollbook_services.sealing.witness import Witness
from tollbook_services.sealing.witness_request import WitnessRequest
from tollbook_services.sealing.witness_state import WitnessState

NOW_S = 1_741_900_000
LEAVES = leaves_of(20)
OTHERS = [*leaves_of(5), *leaves_of(30)[10:25]]
"""Leaves that differ from the sixth on."""

STRANGER = SigningKey.from_seed(LOG.name, KeyKind.LOG, bytes([9] * 32))


@pytest.fixture
def state(tmp_path) -> WitnessState:
    return WitnessState(tmp_path / "state")


@pytest.fixture
def witness(state) -> Witness:
    return Witness(WITNESS, [LOG.verifier], state, lambda: NOW_S)


def head(size, leaves=LEAVES, key=LOG) -> Note:
    text = Checkpoint(LOG.name, size, slow_root(leaves[:size])).text
    return Note(text, (key.signature(text),))


def proof(old, new, leaves=LEAVES) -> tuple[bytes, ...]:
    def read(level, index):
        return slow_root(leaves[index << level : (index + 1) << level])

    return consistency_proof(read, old, new)


def asked(witness, old, new, leaves=LEAVES, **more):
    path = proof(old, new, leaves) if 0 < old < new else ()
    request = WitnessRequest(old, path, head(new, leaves))
    return witness.add_checkpoint(replace(request, **more).document())


def test_a_head_that_continues_the_last_one_is_cosigned(witness, state):
    assert asked(witness, 0, 7).status == 200
    answer = asked(witness, 7, 20)
    assert answer.status == 200
    (made,) = signatures_from(answer.body)
    assert cosigned_at(made) == NOW_S
    cosigned = head(20).with_signatures([made])
    assert set(verified(cosigned, [LOG.verifier, WITNESS.verifier])) == {
        LOG.verifier,
        WITNESS.verifier,
    }
    assert state.read(LOG.name).size == 20


def test_the_same_head_is_cosigned_again(witness):
    assert asked(witness, 0, 7).status == 200
    assert asked(witness, 7, 7).status == 200


def test_an_empty_log_is_cosigned(witness):
    assert asked(witness, 0, 0).status == 200
    assert asked(witness, 0, 7).status == 200


@pytest.mark.parametrize(("old", "new"), [(0, 20), (5, 7), (9, 20)])
def test_who_thinks_of_another_size_is_told_the_right_one(witness, old, new):
    asked(witness, 0, 7)
    answer = asked(witness, old, new)
    assert (answer.status, answer.body, answer.media_type) == (409, "7\n", "text/x.tlog.size")


def test_a_rollback_is_refused(witness, state):
    asked(witness, 0, 20)
    assert asked(witness, 7, 7).status == 409
    assert asked(witness, 20, 7).status == 400
    assert state.read(LOG.name).size == 20


def test_two_heads_of_one_size_are_not_cosigned(witness):
    asked(witness, 0, 7)
    answer = asked(witness, 7, 7, OTHERS)
    assert (answer.status, answer.body) == (409, "7\n")


def test_a_fork_is_refused_and_nothing_is_kept_of_it(witness, state):
    asked(witness, 0, 7)
    kept = state.read(LOG.name)
    assert asked(witness, 7, 20, OTHERS).status == 422
    assert asked(witness, 7, 20, proof=()).status == 422
    assert state.read(LOG.name) == kept


def test_a_log_that_is_not_known_is_not_found(state):
    other = SigningKey.from_seed("other.example.org", KeyKind.LOG, bytes(32))
    assert asked(Witness(WITNESS, [other.verifier], state), 0, 7).status == 404


def test_what_the_log_did_not_sign_is_forbidden(witness):
    assert asked(witness, 0, 7, checkpoint=head(7, key=STRANGER)).status == 403
    forged = Note(head(7).text, head(6).signatures)
    assert asked(witness, 0, 7, checkpoint=forged).status == 403


def test_the_key_of_a_ledger_stands_for_the_logs_of_its_partitions(state):
    ledger = SigningKey.from_seed("log.example.org", KeyKind.LOG, bytes([3] * 32))
    witness = Witness(WITNESS, [ledger.verifier], state)
    text = Checkpoint("log.example.org/3", 7, slow_root(LEAVES[:7])).text
    note = Note(text, (signer_of(ledger, 3).signature(text),))
    assert witness.add_checkpoint(WitnessRequest(0, (), note).document()).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"size 0\n\n" + head(7).document(),
        b"old 00\n\n" + head(7).document(),
        b"old -1\n\n" + head(7).document(),
        b"old 9223372036854775808\n\n" + head(7).document(),
        b"old 0\nAAAA\n\n" + head(7).document(),
        b"old 7\n" + (b64encode(bytes(32)) + b"\n") * 64 + b"\n" + head(20).document(),
        b"old 0\n\n" + Note("no checkpoint\n", head(7).signatures).document(),
        b"old 0\n\n" + head(7).document() + b"x" * 70_000,
    ],
)
def test_what_is_no_request_is_refused(witness, body):
    assert witness.add_checkpoint(body).status == 400


def test_of_many_at_once_each_size_is_decided_once(state):
    witnesses = [Witness(WITNESS, [LOG.verifier], state) for _ in range(8)]
    forks = [[*leaves_of(number), *leaves_of(40)[20:]] for number in range(8)]
    found = [0] * 8

    def ask(number):
        found[number] = asked(witnesses[number], 0, 20, forks[number]).status

    threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [200] + [409] * 7


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize(("last_step", "kept"), [("os.fsync", 0), ("sync_folder", 7)])
def test_a_witness_that_is_killed_has_given_nothing_and_goes_on(
    witness, state, monkeypatch, last_step, kept
):
    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(f"tollbook_services.sealing.witness_state.{last_step}", killed)
        with pytest.raises(Killed):
            asked(witness, 0, 7)
    assert state.read(LOG.name).size == kept
    assert asked(witness, kept, 7).status == 200
    assert asked(witness, 7, 20, OTHERS).status == 422
    assert asked(witness, 7, 20).status == 200


def test_what_was_cosigned_is_kept_as_evidence(witness, tmp_path):
    asked(witness, 0, 7)
    (file,) = (tmp_path / "state").glob("*.checkpoint")
    note = note_from(file.read_bytes())
    assert set(verified(note, [LOG.verifier, WITNESS.verifier])) == {
        LOG.verifier,
        WITNESS.verifier,
    }


@pytest.mark.parametrize(
    "left", [b"", b"nothing", head(7).document().replace(b"log.example.org/p0\n7", b"x/p0\n7")]
)
def test_a_state_that_was_altered_is_not_taken_for_an_empty_one(witness, tmp_path, left):
    asked(witness, 0, 7)
    (file,) = (tmp_path / "state").glob("*.checkpoint")
    file.write_bytes(left)
    with pytest.raises(CheckFailedError, match="restore it"):
        asked(witness, 0, 7)


def test_a_state_that_cannot_be_written_gives_no_cosignature(witness, tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(UsageError, match="cannot be made"):
        asked(witness, 0, 7)


def test_the_key_of_a_log_is_none_of_a_witness(state):
    with pytest.raises(UsageError, match="--witness"):
        Witness(LOG, [LOG.verifier], state)
