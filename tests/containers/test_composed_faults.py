"""Each container of compose.yaml killed, paused, cut off and replaced while reports come in."""

import time

import pytest
from tests.containers.composed import SERVICES, Composed, until
from tests.containers.load import Load, ready

pytestmark = pytest.mark.containers

AWAY_S = 2.0
"""How long a container is away: longer than the heartbeats of workers and the tries of senders."""
AT_WORK = 40
"""Reports that have to be acknowledged before the trouble, and again after it."""


def kill(system: Composed, service: str) -> None:
    restarts = system.restarts(service)
    system.signal(service, "KILL")
    until(lambda: system.restarts(service) > restarts, system.logs)


def pause(system: Composed, service: str) -> None:
    container = system.container(service)
    container.pause()
    time.sleep(AWAY_S)
    container.unpause()


def cut_off(system: Composed, service: str) -> None:
    system.disconnect(service)
    time.sleep(AWAY_S)
    system.connect(service)


def replace(system: Composed, service: str) -> None:
    system.replace(service)


TROUBLES = (kill, pause, cut_off, replace)


@pytest.mark.parametrize("service", ["server", *SERVICES])
def test_a_container_in_trouble_costs_nothing_that_was_acknowledged(system, token, service):
    # Given reports that come in by HTTP and by the inbox
    for trouble in TROUBLES:
        crisis = f"{service}-{trouble.__name__.replace('_', '-')}"
        with Load(system, token, crisis) as load:
            load.more(AT_WORK)
            # When a container is killed, stands still, loses its network, or is replaced
            trouble(system, service)
            # Then the senders go on, once all of it works
            until(lambda: ready(system, token), system.logs)
            load.more(AT_WORK)
        # And what they were told is kept is there once, and on the page
        load.check()
    # And the views are those that a replay from the first event makes, and all of it is proved
    system.proved()
