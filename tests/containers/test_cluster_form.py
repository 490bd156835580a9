"""The form of compose.yaml with a cluster: three primaries, three replicas, what they survive."""

from collections.abc import Iterator

import pytest
from tests.containers.composed import CLUSTER, Composed, until
from tests.containers.conftest import running
from tests.containers.load import INBOX, Load, ready
from tests.containers.redundancy import (
    closed_and_durable,
    only_confirmed_survives,
    role,
    while_paused,
)

from tollbook_services.keys import ledger, partition_of

pytestmark = pytest.mark.containers

SLOTS = 16_384
PARTITIONS = 4
AT_WORK = 40


@pytest.fixture(scope="module")
def cluster(client, tmp_path_factory) -> Iterator[Composed]:
    """The system on a cluster, healthy."""
    with running(client, tmp_path_factory, "cluster") as composed:
        yield composed


@pytest.fixture(scope="module")
def token(cluster) -> str:
    return cluster.token()


def shards(system: Composed) -> dict[str, tuple[str, ...]]:
    """Each primary with its replicas, by the names of their services."""
    asked = next(one for one in CLUSTER if role(system, one) != "away")
    with system.node(asked) as server:
        nodes = server.cluster("nodes")
    there = {
        node["node_id"]: (system.service_at(address.split(":")[0]), node["master_id"])
        for address, node in nodes.items()
        if not {"fail", "noaddr"} & set(node["flags"].split(","))
    }
    return {
        primary: tuple(name for name, of in there.values() if of == node_id)
        for node_id, (primary, master) in there.items()
        if master == "-"
    }


def primary_of(system: Composed, key: str) -> str:
    """The service whose slots a key is in."""
    with system.engine() as engine:
        return system.service_at(engine.get_node_from_key(key).host)


def formed(system: Composed) -> bool:
    """Whether the one that forms the cluster has ended well."""
    state = system.container("cluster-form").attrs["State"]
    return state["Status"] == "exited" and state["ExitCode"] == 0


@pytest.mark.parametrize("service", CLUSTER)
def test_each_node_keeps_what_it_acknowledges_and_is_closed(cluster, service):
    closed_and_durable(cluster, service)


def test_three_primaries_have_all_slots_and_a_replica_each(cluster):
    # Given the cluster, When its nodes are asked, Then every slot is served, each primary followed
    assert formed(cluster)
    pairs = shards(cluster)
    assert len(pairs) == 3
    assert all(len(replicas) == 1 for replicas in pairs.values())
    for node in CLUSTER:
        with cluster.node(node) as server:
            said = server.cluster("info")
        assert (said["cluster_state"], said["cluster_slots_assigned"]) == ("ok", str(SLOTS))


def test_a_failover_of_the_node_with_a_crisis_loses_nothing_acknowledged(cluster, token):
    # Given reports that come in, acknowledged with a replica (TOLLBOOK_REPLICAS=1)
    crisis = "failover-in-cluster"
    primary = primary_of(cluster, ledger(partition_of(crisis, PARTITIONS)))
    with Load(cluster, token, crisis) as load:
        load.more(AT_WORK)
        # When the primary of their partition stands still until its replica takes its place
        elected = while_paused(cluster, primary, shards(cluster)[primary])
        # Then the senders go on
        load.more(AT_WORK)
    # And what was acknowledged is there once, and on the page
    assert role(cluster, elected) == "master"
    load.check()


def test_after_a_failover_all_of_it_works_and_is_proved(cluster, token):
    until(lambda: ready(cluster, token), cluster.logs)
    cluster.proved()


def test_a_node_that_lost_its_disk_is_taken_in_as_a_replica(cluster, token):
    # Given a primary, and a report
    primary, (replica,) = next(iter(shards(cluster).items()))
    with Load(cluster, token, "lost-disk") as load:
        load.more(AT_WORK)
        # When its container and its volume are gone, and the system is put up again
        cluster.container(primary).remove(force=True)
        until(lambda: role(cluster, replica) == "master", cluster.logs)
        cluster.client.volumes.get(f"{cluster.project}_{primary}").remove()
        cluster.compose("up", "--detach", "--no-build", "cluster-form")
        until(lambda: formed(cluster), cluster.logs)
        load.more(AT_WORK)
    # Then it follows the one that took its place, which nobody took the slots from
    assert primary in shards(cluster)[replica]
    load.check()


def test_a_failover_keeps_what_a_replica_confirmed_and_may_lose_the_rest(cluster):
    # Given the shard of the inbox, When it fails over while its replica lags
    primary = primary_of(cluster, INBOX)
    (replica,) = shards(cluster)[primary]
    elected = only_confirmed_survives(cluster, primary, (replica,), f"{{{INBOX}}}")
    # Then only what the primary alone had is lost
    assert elected == replica
