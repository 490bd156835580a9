"""The form of compose.yaml with Sentinels: a primary, two replicas, and who is the primary next."""

from collections.abc import Iterator

import pytest
from tests.containers.composed import REPLICATED, SENTINELS, Composed, until
from tests.containers.conftest import running
from tests.containers.load import Load, ready
from tests.containers.redundancy import (
    closed_and_durable,
    only_confirmed_survives,
    role,
    while_paused,
)

pytestmark = pytest.mark.containers

NAME = "tollbook"
AT_WORK = 40


@pytest.fixture(scope="module")
def replicated(client, tmp_path_factory) -> Iterator[Composed]:
    """The system on a primary with replicas, healthy."""
    with running(client, tmp_path_factory, "sentinel") as composed:
        yield composed


@pytest.fixture(scope="module")
def token(replicated) -> str:
    return replicated.token()


def agreed(system: Composed) -> str:
    """The primary that all Sentinels name, and that says it is."""
    until(lambda: role(system, primary_of(system) or SENTINELS[0]) == "master", system.logs)
    return primary_of(system)


def primary_of(system: Composed) -> str | None:
    """The primary, where all Sentinels agree."""
    said = set()
    for one in SENTINELS:
        with system.node(one, 26379) as sentinel:
            address, _port = sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
            said.add(system.service_at(address))
    return said.pop() if len(said) == 1 else None


def others(primary: str) -> tuple[str, ...]:
    return tuple(one for one in REPLICATED if one != primary)


@pytest.mark.parametrize("service", [*REPLICATED, *SENTINELS])
def test_each_server_keeps_what_it_acknowledges_and_is_closed(replicated, service):
    closed_and_durable(replicated, service)


def test_sentinels_agree_on_a_primary_that_two_replicas_follow(replicated):
    # Given the three Sentinels, When they are asked, Then they can agree, and do
    for one in SENTINELS:
        with replicated.node(one, 26379) as sentinel:
            assert sentinel.execute_command("SENTINEL", "CKQUORUM", NAME).startswith("OK")
    primary = agreed(replicated)
    assert {role(replicated, one) for one in others(primary)} == {"slave"}


def test_a_failover_loses_nothing_acknowledged(replicated, token):
    # Given reports that come in, acknowledged with both replicas (TOLLBOOK_REPLICAS=2)
    primary = agreed(replicated)
    with Load(replicated, token, "failover-by-sentinel") as load:
        load.more(AT_WORK)
        # When the primary stands still until the Sentinels have made another of a replica
        elected = while_paused(replicated, primary, others(primary))
        # Then the senders go on
        load.more(AT_WORK)
    # And what was acknowledged is there once, and on the page
    assert agreed(replicated) == elected
    load.check()


def test_after_a_failover_all_of_it_works_and_is_proved(replicated, token):
    until(lambda: ready(replicated, token), replicated.logs)
    replicated.proved()


def test_taken_down_and_put_up_again_the_primary_is_who_it_was_last(replicated, token):
    # Given a primary that is not the one of the beginning, and reports
    primary = agreed(replicated)
    if primary == REPLICATED[0]:
        primary = while_paused(replicated, primary, others(primary))
    with Load(replicated, token, "down-and-up", inbox=False) as load:
        load.more(AT_WORK)
    # When every server is taken away, and put up again on the same volumes
    servers = (*REPLICATED, *SENTINELS)
    replicated.compose("rm", "--stop", "--force", *servers)
    replicated.compose("up", "--detach", "--no-build", "--wait", *servers)
    # Then nobody copies the past of the first one: the last primary is the primary, with its data
    assert agreed(replicated) == primary
    load.check()


def test_a_failover_keeps_what_a_replica_confirmed_and_may_lose_the_rest(replicated):
    # Given a primary whose replicas lag, When another is the primary, Then that is what is lost.
    # It is the last test: what the primary alone had may be events that a worker has seen
    primary = agreed(replicated)
    only_confirmed_survives(replicated, primary, others(primary), "sentinel")
