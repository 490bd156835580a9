"""What is promised of every form with replicas, driven server by server."""

from contextlib import suppress

from redis import Redis
from redis.exceptions import RedisError
from tests.containers.composed import Composed, until

DURABLE = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
CONFIRMED_MS_MAX = 5000
UNCONFIRMED_MS_MAX = 300


def closed_and_durable(system: Composed, service: str) -> None:
    """Sees that a server keeps what it acknowledges, wants its password, and shows it nowhere."""
    container = system.container(service)
    shown = container.exec_run(["cat", "/proc/1/environ", "/proc/1/cmdline"]).output
    assert system.password.encode() not in shown
    assert system.password not in system.settings_seen(service)
    assert container.exec_run(["/bin/sh", "-c", "echo x > /etc/x"]).exit_code != 0
    assert container.attrs["HostConfig"]["Memory"] > 0
    if not service.startswith("sentinel"):
        with system.node(service) as server:
            assert server.config_get(*DURABLE) == DURABLE, service


def role(system: Composed, service: str) -> str:
    """What a server says that it is: master, slave, or away."""
    with suppress(RedisError, OSError), system.node(service) as server:
        return str(server.info("replication")["role"])
    return "away"


def replicas_of(system: Composed, service: str) -> int:
    """How many replicas a server has that are up to date."""
    with suppress(RedisError, OSError), system.node(service) as server:
        return sum(
            one["state"] == "online"
            for name, one in server.info("replication").items()
            if name.startswith("slave") and isinstance(one, dict)
        )
    return 0


def write(server: Redis, key: str, replicas: int, within_ms: int) -> list[int]:
    """Writes a key; the disks that have it then: of the server itself, and of its replicas."""
    with server.client() as one:
        one.set(key, "there")
        return one.execute_command("WAITAOF", 1, replicas, within_ms)


def only_confirmed_survives(
    system: Composed, primary: str, replicas: tuple[str, ...], tag: str
) -> str:
    """A failover keeps what WAITAOF 1 1 confirmed; what the primary alone had is gone.

    Returns:
        The server that is the primary now.
    """
    kept, lost = f"{tag}:confirmed", f"{tag}:unconfirmed"
    until(lambda: replicas_of(system, primary) == len(replicas), system.logs)
    with system.node(primary) as server:
        # A report that a replica has on its disk, and one that only the primary has
        disks = write(server, kept, 1, CONFIRMED_MS_MAX)
        assert disks[0] == 1
        assert disks[1] >= 1
        for one in replicas:
            system.disconnect(one)
        # Else the kernel would deliver it later, although the process that sent it is gone
        server.execute_command("CLIENT", "KILL", "TYPE", "REPLICA")
        assert write(server, lost, 1, UNCONFIRMED_MS_MAX) == [1, 0]
    # The primary is gone when the replicas are back
    paused = system.container(primary)
    paused.pause()
    try:
        for one in replicas:
            system.connect(one)
        until(lambda: "master" in {role(system, one) for one in replicas}, system.logs)
        (elected,) = (one for one in replicas if role(system, one) == "master")
        with system.node(elected) as server:
            assert (server.get(kept), server.get(lost)) == ("there", None), elected
    finally:
        paused.unpause()
    # And the primary of old follows, whatever it had alone
    until(lambda: role(system, primary) == "slave", system.logs)
    with system.node(primary) as server:
        until(lambda: linked(server), system.logs)
    return elected


def linked(replica: Redis) -> bool:
    """Whether a replica has all that its primary has."""
    with suppress(RedisError, OSError):
        return replica.info("replication")["master_link_status"] == "up"
    return False


def while_paused(system: Composed, primary: str, others: tuple[str, ...]) -> str:
    """Pauses a primary until another takes its place, and lets it go on.

    Returns:
        The server that is the primary now.
    """
    before = {one for one in others if role(system, one) == "master"}
    paused = system.container(primary)
    paused.pause()
    try:
        until(
            lambda: any(role(system, one) == "master" for one in others if one not in before),
            system.logs,
        )
        (elected,) = (one for one in others if role(system, one) == "master" and one not in before)
    finally:
        paused.unpause()
    until(lambda: role(system, primary) == "slave", system.logs)
    return elected
