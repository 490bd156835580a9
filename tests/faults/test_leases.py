"""Two workers of a role, of which one is stopped, killed or let go on again: nothing is lost."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack

import pytest
from tests.conftest import opened
from tests.contract.ledger_kit import event
from tests.faults.checker import FOLDS, must_be_proved, must_hold
from tests.integration.intake_load import wait_for

from tollbook_services.leases import read_leases
from tollbook_services.ledger import Ledger
from tollbook_services.readmodels import ReadModels, projection_id
from tollbook_services.sealing.keyring import read_key_file
from tollbook_services.sealing.sealed import SealedTree

pytestmark = [pytest.mark.anyio, pytest.mark.faults]

PARTITIONS = 4
ROLES = ("projector", "sealer")
END_S_MAX = 20
NAMES = [projection_id(factory()) for factory in FOLDS]


@pytest.fixture
def two_of_each(any_server_url, tmp_path):
    """Two projectors and two sealers in processes of their own, and where they write."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("TOLLBOOK_")}
    environment = clean | {
        "TOLLBOOK_REDIS": any_server_url,
        "TOLLBOOK_SIGNING_KEY_FILE": str(tmp_path / "key"),
        "TOLLBOOK_SIGNING_KEY_NAME": "leases.example",
    }
    started = []

    def start():
        with (tmp_path / "log").open("ab") as log:
            for role in ROLES:
                command = [sys.executable, "-m", "tollbook_services.cli", role]
                started.append(ending.enter_context(
                    subprocess.Popen(command, stdout=log, stderr=log, env=environment)
                ))  # fmt: skip

    with ExitStack() as ending:
        try:
            yield start, started, tmp_path
        finally:
            for worker in started:
                worker.kill()


class Shared:
    """A ledger that workers share, and what was published into it."""

    def __init__(self, redis, ledger):
        self.redis, self.ledger, self.readmodels = redis, ledger, ReadModels(redis)
        self.places = {}

    async def publish(self, count=400):
        numbers = range(len(self.places), len(self.places) + count)
        events = [event(f"e{number}", 1, f"crisis-{number % 40}") for number in numbers]
        for receipt in await self.ledger.append(events):
            self.places[receipt.id] = (receipt.partition, receipt.sequence or 0)

    async def by(self, *counts):
        """Whether the workers of each role have so many partitions each."""
        found = await read_leases(self.redis, range(PARTITIONS))
        held = [
            Counter(leases[role].holder for leases in found.values() if role in leases)
            for role in ROLES
        ]
        return all(None not in one and sorted(one.values()) == sorted(counts) for one in held)

    async def all_is_worked_in(self):
        numbers = range(PARTITIONS)
        heads = [await self.ledger.head(one) for one in numbers]
        views = [min(await self.readmodels.positions(one, NAMES)) for one in numbers]
        trees = [await SealedTree(self.redis, self.ledger.id, one).head() for one in numbers]
        return heads == views == [tree.size for tree in trees]


@pytest.mark.parametrize("fault", [signal.SIGSTOP, signal.SIGKILL])
async def test_the_other_workers_take_over_and_one_that_comes_back_is_refused_or_shares(
    any_server_url, two_of_each, fault
):
    start, started, folder = two_of_each
    async with opened(any_server_url) as redis:
        shared = Shared(redis, await Ledger.open(redis, partitions=PARTITIONS))
        await shared.publish()
        start()
        await wait_for(lambda: shared.by(4), "one worker of each role")
        start()
        await wait_for(lambda: shared.by(2, 2), "two workers of each role")

        for worker in started[:2]:
            worker.send_signal(fault)
        await shared.publish()
        await wait_for(lambda: shared.by(4), "the two others")
        await shared.publish()
        await wait_for(shared.all_is_worked_in, "what was published meanwhile")
        for worker in started[:2]:
            worker.send_signal(signal.SIGCONT)
        if fault is signal.SIGSTOP:
            await wait_for(lambda: shared.by(2, 2), "two workers again")
        await shared.publish()
        await wait_for(shared.all_is_worked_in, "everything")
        for worker in started:
            worker.terminate()
            await asyncio.to_thread(worker.wait, END_S_MAX)
        assert await must_hold(redis, shared.places) == 1600
        await must_be_proved(redis, read_key_file(folder / "key"))
