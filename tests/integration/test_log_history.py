"""The history in logs: the same events as the ledger's own, at any place, and proved."""

import pytest
from tests.contract.ledger_kit import event
from tests.e2e.test_standalone_verifier import long_event
from tests.unit.tlog_kit import LOG

from tollbook_projections import catalogue
from tollbook_schemas.canonical import leaf_hash
from tollbook_schemas.errors import CheckFailedError
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy
from tollbook_services.digests import Digests
from tollbook_services.folded import FoldedHead
from tollbook_services.history import positions_until
from tollbook_services.ledger import Ledger
from tollbook_services.replay import fold_history
from tollbook_services.sealing.log_history import LogHistory
from tollbook_services.sealing.log_keys import LogKeys
from tollbook_services.sealing.sealer import Sealer
from tollbook_services.sealing.verification import LiveLogs, live_logs, verify_logs

pytestmark = pytest.mark.anyio

FOLDS = catalogue.folds(default_gazetteer(), default_policy())


@pytest.fixture
async def ledger(redis) -> Ledger:
    """Two partitions with some 400 events each, sealed; the first is too long for a bundle."""
    ledger = await Ledger.open(redis, partitions=2)
    await ledger.append([long_event()])
    for number in range(8):
        names = range(100 * number, 100 * number + 100)
        await ledger.append([event(f"e{n}", crisis=f"crisis-{n % 8}") for n in names])
    for number in range(2):
        await Sealer(ledger, LOG).catch_up(number)
    return ledger


async def logs_of(ledger: Ledger) -> LiveLogs:
    logs = await live_logs(ledger)
    assert logs is not None
    return logs


async def test_every_stretch_of_a_log_is_that_of_the_ledger(ledger):
    history = await LogHistory.open(await logs_of(ledger))
    assert (history.id, history.partitions) == (ledger.id, 2)
    for number in range(2):
        head = await history.head(number)
        assert head == await ledger.head(number) > 256
        for after, count, upto in ((0, 1_000, None), (250, 20, None), (255, 2, 256), (head, 5, 9)):
            found = await history.read(number, after, count, upto)
            assert found == await ledger.read(number, after, count, upto)


async def test_texts_name_the_same_positions_in_both(ledger):
    history = await LogHistory.open(await logs_of(ledger))
    (entry,) = await ledger.read(0, 149, 1)
    for text in ("0:150", entry.recorded_at.isoformat().replace("+00:00", "Z")):
        positions = await positions_until(ledger, [text])
        assert positions == await positions_until(history, [text])
        assert positions[0] >= 150
        (last,) = await ledger.read(1, positions[1] - 1, 1)
        assert last.recorded_at <= entry.recorded_at
        after = await ledger.read(1, positions[1], 1)
        assert not after or after[0].recorded_at > entry.recorded_at


@pytest.mark.parametrize("stops", [(0, 0), (1, 255), (256, 257), (200, 0)])
async def test_what_is_folded_is_proved_to_be_the_beginning_of_what_was_signed(ledger, stops):
    logs = await logs_of(ledger)
    history = await LogHistory.open(logs)
    audit = await verify_logs(logs, [LOG.verifier])
    digests = Digests(default_gazetteer(), default_policy())
    folded = await fold_history(history, FOLDS, stops, digests)
    assert [head.sequence for head in folded.heads] == list(stops)
    await history.must_lead_to(folded.heads, audit.reports)

    number = max(range(2), key=lambda one: stops[one])
    if not stops[number]:
        return
    heads = list(folded.heads)
    heads[number] = FoldedHead(number, heads[number].sequence, leaf_hash(b"another"))
    with pytest.raises(CheckFailedError, match="not the beginning of the log"):
        await history.must_lead_to(heads, audit.reports)


async def test_what_is_sealed_later_is_not_seen(ledger):
    history = await LogHistory.open(await logs_of(ledger))
    heads = [await history.head(number) for number in range(2)]
    await ledger.append([event(f"late{n}", crisis=f"crisis-{n % 8}") for n in range(8)])
    for number in range(2):
        await Sealer(ledger, LOG).catch_up(number)
    assert [await history.head(number) for number in range(2)] == heads
    assert await history.read(0, heads[0], 5) == []
    assert len(await LogKeys(ledger).history()) == 1
