"""The system of compose.yaml under a name of its own, for the tests."""

import json
import os
import secrets
import subprocess
import sysconfig
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import orjson
from docker.models.containers import Container
from redis import Redis, RedisCluster
from redis.cluster import ClusterNode
from redis.sentinel import Sentinel
from tests.containers.images import PRODUCT_IMAGE

ROOT = Path(__file__).parents[2]
FILES = (ROOT / "compose.yaml", Path(__file__).with_name("often.yaml"))
COMPOSE = Path(sysconfig.get_path("scripts")) / "docker-compose"
WORKERS = ("intake", "projector", "sealer")
SERVICES = (*WORKERS, "api")
"""All that run the product's image."""
CLUSTER = tuple(f"cluster-{number}" for number in range(1, 7))
REPLICATED = tuple(f"replicated-{number}" for number in range(1, 4))
SENTINELS = tuple(f"sentinel-{number}" for number in range(1, 4))
SERVERS = {"single": ("server",), "cluster": CLUSTER, "sentinel": (*REPLICATED, *SENTINELS)}
"""What keeps the data, in each form of compose.yaml."""
WAIT_S_MAX = 60.0
CALL_S_MAX = 300.0


class AwayError(Exception):
    """A service has no container at this moment, or its container publishes no port."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A running composition: its project, its password, and what Docker and Compose say of it."""

    client: docker.DockerClient
    project: str
    form: str
    password: str
    environment: dict[str, str]

    @classmethod
    def prepare(
        cls, client: docker.DockerClient, folder: Path, form: str = "single", **variables: str
    ) -> "Composed":
        """A project with a secret, free ports and addresses of its own; nothing runs yet."""
        password = secrets.token_hex(16)
        file = folder / "redis_password"
        file.write_text(password + "\n")
        file.chmod(0o444)
        clean = {name: text for name, text in os.environ.items() if "TOLLBOOK" not in name}
        given = {
            "TOLLBOOK_SECRETS": str(folder),
            "TOLLBOOK_PORT": "0",
            "TOLLBOOK_HTTP_PORT": "0",
            "TOLLBOOK_PROMETHEUS_PORT": "0",
            "TOLLBOOK_SUBNET": f"10.213.{secrets.randbelow(256)}",
            "TOLLBOOK_DOWN_MS": "1500",
            **variables,
        }
        for name in ("TOLLBOOK_TAG", "TOLLBOOK_SERVER_IMAGE"):
            if name in os.environ:
                given[name] = os.environ[name]
        return cls(client, f"tollbook-{secrets.token_hex(4)}", form, password, clean | given)

    def compose(self, *arguments: str, stdin: bytes = b"", codes: tuple[int, ...] = (0,)) -> bytes:
        """What a Compose command prints; another exit code than expected is a failure."""
        files = [part for file in FILES for part in ("--file", str(file))]
        if self.form != "single":
            files += ["--env-file", str(ROOT / "services" / "compose" / f"{self.form}.env")]
        done = subprocess.run(
            [str(COMPOSE), "--project-name", self.project, *files, *arguments],
            input=stdin,
            env=self.environment,
            capture_output=True,
            timeout=CALL_S_MAX,
            check=False,
        )
        assert done.returncode in codes, (
            f"{arguments} ended with {done.returncode}:\n{done.stderr.decode()}\n{self.logs()}"
        )
        return done.stdout

    def up(self) -> None:
        """Starts what is not running, and waits until all of it is healthy."""
        self.compose("up", "--detach", "--no-build", "--wait", "--wait-timeout", "180")

    def down(self) -> None:
        """Takes everything away, the data too."""
        self.compose("down", "--volumes", "--timeout", "20")

    def logs(self) -> str:
        """The last lines that every container wrote."""
        found = self.client.containers.list(
            all=True,
            ignore_removed=True,
            filters={"label": f"com.docker.compose.project={self.project}"},
        )
        lines: list[str] = []
        for one in found:
            with suppress(docker.errors.NotFound):  # removed since it was listed
                lines.append(f"--- {one.name}\n{one.logs(tail=30).decode()}")
        return "\n".join(lines)

    def tollbook(self, *arguments: str, stdin: bytes = b"", codes: tuple[int, ...] = (0,)) -> bytes:
        """What a command prints that runs in the container of the projector."""
        call = ("exec", "--no-TTY", "projector", "tollbook", *arguments)
        return self.compose(*call, stdin=stdin, codes=codes)

    def view(self, *arguments: str) -> Any:
        """The document that a command prints as JSON."""
        return orjson.loads(self.tollbook(*arguments, "--format", "json"))

    def container(self, service: str) -> Container:
        """The container of a service, as it is at this moment.

        Raises:
            AwayError: it has none: it is being replaced.
        """
        found = self.client.containers.list(
            all=True,
            ignore_removed=True,
            filters={
                "label": [
                    f"com.docker.compose.project={self.project}",
                    f"com.docker.compose.service={service}",
                ]
            },
        )
        if not found:
            raise AwayError(f"no container of {service}")
        (only,) = found
        return only

    def published(self, service: str, port: int) -> tuple[str, int]:
        """Address and port on the host of a container's port.

        Raises:
            AwayError: there is none at this moment.
        """
        ports = self.container(service).attrs["NetworkSettings"]["Ports"].get(f"{port}/tcp")
        if not ports:
            raise AwayError(f"{service} does not publish {port}")
        (only,) = ports
        return only["HostIp"], int(only["HostPort"])

    def health(self, service: str) -> str:
        """starting, healthy or unhealthy."""
        return str(self.container(service).attrs["State"]["Health"]["Status"])

    def restarts(self, service: str) -> int:
        """How often Docker has started the container again by itself."""
        return int(self.container(service).attrs["RestartCount"])

    def signal(self, service: str, name: str) -> None:
        """Sends a signal to the service's process from outside, as a crash or the kernel would.

        `docker kill` would count as the operator's own wish, after which nothing is restarted.
        """
        number = self.container(service).attrs["State"]["Pid"]
        self.client.containers.run(
            PRODUCT_IMAGE,
            ["-c", f"kill -{name} {number}"],
            entrypoint="/bin/sh",
            user="0",
            pid_mode="host",
            security_opt=["apparmor=unconfined"],
            network_mode="none",
            healthcheck={"test": ["NONE"]},
            remove=True,
        )

    def engine(self) -> Redis | RedisCluster:
        """A client of the engine, as an upstream system on the host has."""
        if self.form == "cluster":
            nodes = [ClusterNode(self.address(one), 6379) for one in CLUSTER]
            return RedisCluster(startup_nodes=nodes, password=self.password, socket_timeout=2)
        if self.form == "sentinel":
            named = [(self.address(one), 26379) for one in SENTINELS]
            secret = {"password": self.password, "socket_timeout": 2}
            return Sentinel(named, sentinel_kwargs=secret, **secret).master_for("tollbook")
        host, port = self.published("server", 6379)
        return Redis(host=host, port=port, password=self.password, socket_timeout=5)

    def node(self, service: str, port: int = 6379) -> Redis:
        """A client of one server with a fixed address."""
        return Redis(
            host=self.address(service),
            port=port,
            password=self.password,
            socket_timeout=5,
            decode_responses=True,
        )

    def address(self, service: str) -> str:
        """The fixed address of a server: those of compose.yaml end as its name does."""
        kind, number = service.rsplit("-", 1)
        ten = {"cluster": 1, "replicated": 2, "sentinel": 3}[kind]
        return f"{self.environment['TOLLBOOK_SUBNET']}.{ten}{number}"

    def service_at(self, address: str) -> str:
        """The server that has a fixed address."""
        servers = (*CLUSTER, *REPLICATED, *SENTINELS)
        return next(one for one in servers if self.address(one) == address)

    def disconnect(self, service: str) -> None:
        """Takes a container off its network, as when a cable is pulled."""
        self._network().disconnect(self.container(service))

    def connect(self, service: str) -> None:
        """Puts a container back on its network, under the name that others know."""
        network, there = self._network(), self.container(service)
        several = self.form != "single" and service in SERVERS[self.form]
        fixed = self.address(service) if several else None
        network.connect(there, aliases=[service], ipv4_address=fixed)

    def _network(self) -> Any:
        name = "default" if self.form == "single" else "servers"
        return self.client.networks.get(f"{self.project}_{name}")

    def replace(self, service: str) -> None:
        """Removes a container as it runs, and has another made on the same volume."""
        self.container(service).remove(force=True)
        self.compose("up", "--detach", "--no-build", "--no-deps", service)

    def wait_healthy(self) -> None:
        """Waits until every container is healthy."""
        until(
            lambda: all(self.health(one) == "healthy" for one in (*SERVERS[self.form], *SERVICES)),
            self.logs,
        )

    def token(self) -> str:
        """A token that may do everything over HTTP."""
        name = f"desk-{secrets.token_hex(3)}"
        return self.tollbook("token", "create", name, "--role", "admin").decode().strip()

    def all_sealed(self) -> bool:
        """Whether every partition is sealed up to its head."""
        partitions = self.view("status")["partitions"]
        return all(one["sealed"] and one["sealed"]["size"] == one["head"] for one in partitions)

    def proved(self) -> None:
        """Sees that a replay gives the live rows, and that the whole ledger is proved by seals."""
        assert b"identical" in self.tollbook("replay")
        until(self.all_sealed, self.logs)
        assert self.view("verify")["holds"]

    def http(self) -> str:
        """The address of the HTTP server on the host."""
        host, port = self.published("api", 8080)
        assert host == "127.0.0.1"
        return f"http://{host}:{port}"

    def settings_seen(self, service: str) -> str:
        """All that Docker shows of a container, as one text."""
        return json.dumps(self.container(service).attrs)


def until(holds: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    """Waits for something to hold; fails with what `otherwise` says when it never does."""
    end = time.monotonic() + WAIT_S_MAX
    while not holds():
        assert time.monotonic() < end, f"waited {WAIT_S_MAX:g} s in vain\n{otherwise()}"
        time.sleep(0.2)
