"""What must hold of a ledger after any fault: what was acknowledged is there once, and proved."""

from collections.abc import Collection, Mapping

from redis.asyncio import Redis
from tests.contract.ledger_kit import stored_ids
from tests.unit.tlog_kit import LOG

from tollbook_projections import catalogue
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy
from tollbook_schemas.tlog.keys import SigningKey
from tollbook_services.check import check_events
from tollbook_services.ledger import Ledger
from tollbook_services.projector import Projector
from tollbook_services.readmodels import ReadModels
from tollbook_services.replay import replay
from tollbook_services.sealing.sealer import Sealer
from tollbook_services.sealing.verification import live_logs, verify_logs
from tollbook_services.verify import verify

FOLDS = catalogue.folds(default_gazetteer(), default_policy())

Place = tuple[int, int]
"""Partition and sequence, as a receipt names them."""


async def must_hold(
    redis: Redis, acknowledged: Mapping[str, Place], in_flight: Collection[str] = ()
) -> int:
    """Each acknowledged event is where its receipt says, once, and nothing else was made up.

    Args:
        redis: an engine that was repaired.
        acknowledged: the place of each event that has a receipt.
        in_flight: what was sent without an answer, and may be there.

    Returns:
        How many events there are.
    """
    ledger = await Ledger.open(redis, create=False)
    found: list[tuple[str, Place]] = []
    for partition in range(ledger.partitions):
        names = await stored_ids(ledger, partition)
        found += [(name, (partition, sequence)) for sequence, name in enumerate(names, 1)]
    places = dict(found)
    doubled = len(found) - len(places)
    lost = {name: at for name, at in acknowledged.items() if places.get(name) != at}
    made_up = places.keys() - acknowledged.keys() - set(in_flight)
    assert (lost, doubled, made_up) == ({}, 0, set())
    await verify(redis)
    assert [one for one in await check_events(redis) if one.faults] == []
    return len(found)


async def must_be_proved(redis: Redis, key: SigningKey = LOG) -> None:
    """A worker and a sealer go on from what they stored; a replay and an auditor find the same."""
    ledger, readmodels = await Ledger.open(redis, create=False), ReadModels(redis)
    for partition in range(ledger.partitions):
        await Projector(ledger, readmodels, FOLDS).catch_up(partition)
        await Sealer(ledger, key).catch_up(partition)
    found = await replay(ledger, readmodels, FOLDS)
    assert found.identical, found.differences
    assert found.behind == 0
    proved = await verify_logs(await live_logs(ledger), [key.verifier])
    assert [fault.text for report in proved.reports for fault in report.faults] == []
