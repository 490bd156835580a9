"""Docker for the tests: there and with its images, or a skip with the reason; in CI a failure."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import docker
import pytest
from docker.constants import DEFAULT_UNIX_SOCKET
from docker.errors import DockerException, ImageNotFound
from tests.containers.composed import Composed
from tests.containers.images import PRODUCT_IMAGE, SERVER_IMAGE

ANSWER_S_MAX = 60
"""Seconds: a daemon on a busy machine answers within this."""


@pytest.fixture(scope="session")
def client() -> Iterator[docker.DockerClient]:
    """A client of a daemon that has the images."""
    try:
        knock()
        client = docker.from_env(timeout=ANSWER_S_MAX)
    except (DockerException, OSError) as error:
        without(f"no Docker daemon answers: {error}")
    try:
        for image in (SERVER_IMAGE, PRODUCT_IMAGE):
            have_image(client, image)
        yield client
    finally:
        client.close()


def knock() -> None:
    """Connects to the daemon's socket; the library would leave its own open when nobody is there.

    Raises:
        OSError: nobody listens.
    """
    place = os.environ.get("DOCKER_HOST") or DEFAULT_UNIX_SOCKET.replace("http+", "")
    if place.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(ANSWER_S_MAX)
            door.connect(place.removeprefix("unix://"))


def have_image(client: docker.DockerClient, image: str) -> None:
    """Sees that the daemon has an image; the server's may be fetched, the product's is built."""
    try:
        client.images.get(image)
    except ImageNotFound:
        if image == PRODUCT_IMAGE:
            without(f"there is no image {image}: run `make images`")
        try:
            client.images.pull(image)
        except DockerException as error:
            without(f"there is no image {image}, and it cannot be fetched: {error}")


def without(reason: str) -> NoReturn:
    """Skip; in CI, where the containers have to be tested, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; in CI the container tests have to run", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def system(
    client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Composed]:
    """The composed system, healthy; taken down with its volume at the exit."""
    with running(client, tmp_path_factory, "single") as composed:
        yield composed


@pytest.fixture(scope="session")
def token(system: Composed) -> str:
    """A token of the composed system that may do everything."""
    return system.token()


@contextmanager
def running(
    client: docker.DockerClient, folders: pytest.TempPathFactory, form: str
) -> Iterator[Composed]:
    """A form of the composed system, until the block ends."""
    composed = Composed.prepare(client, folders.mktemp(form), form)
    try:
        composed.up()
        yield composed
    finally:
        composed.down()
