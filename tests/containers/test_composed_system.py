"""The system of compose.yaml, from an empty volume to tolls, and through every kind of trouble."""

import httpx2
import orjson
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError
from tests.containers.composed import SERVICES, WORKERS, Composed, until
from tests.containers.reports import report

pytestmark = pytest.mark.containers

INBOX = "tollbook:inbox"
KEY_FILE = "/home/tollbook/keys/signing"


def killed(system: Composed, crisis: str) -> int | None:
    """How many were killed in Latakia, as the view says; None before it has the crisis."""
    cells = system.view("tolls", crisis)["cells"]
    return next((cell["best"] for cell in cells if cell["area"] == "SY-LA"), None)


def publish(system: Composed, *reports: bytes) -> list[str]:
    """The outcome of each report that is given to `tollbook publish` in a container."""
    out = system.tollbook("publish", "-", stdin=b"\n".join(reports) + b"\n")
    return [orjson.loads(line)["status"] for line in out.splitlines()]


def settled(system: Composed) -> bool:
    """Whether nothing waits in the inbox."""
    with system.engine() as engine:
        return engine.xlen(INBOX) == 0


def sent(system: Composed, *reports: bytes) -> None:
    """Puts reports in the inbox from the host, and waits until the intake has taken them."""
    with system.engine() as engine:
        for one in reports:
            engine.xadd(INBOX, {"event": one})
    until(lambda: settled(system), system.logs)


def test_what_is_added_to_the_inbox_on_the_host_becomes_tolls_in_a_container(system):
    # Given the composed system, When an upstream system adds a report to the inbox
    sent(system, report("by-xadd", 41, "by-xadd"))
    # Then its number is in the view, which waits for it
    until(lambda: killed(system, "by-xadd") == 41, system.logs)


def test_what_is_published_in_a_container_has_a_receipt_and_is_seen_at_once(system):
    # Given the composed system, When a report is published twice through a container
    outcomes = publish(system, report("twice", 7, "by-publish"), report("twice", 7, "by-publish"))
    # Then the second is known for what it is, and the number is there once
    assert sorted(outcomes) == ["appended", "duplicate"]
    assert killed(system, "by-publish") == 7


def test_over_http_nobody_may_do_anything_until_there_is_a_token(system):
    # Given the address of the HTTP server on the host, which is ready
    with httpx2.Client(base_url=system.http(), timeout=30) as client:
        assert client.get("/readyz").status_code == 200
        # When somebody asks without a token, Then they are refused
        assert client.get("/v1/crises").status_code == 401
        # And with one that was made in a container they publish and read
        token = system.token()
        client.headers["Authorization"] = f"Bearer {token}"
        sent = client.post("/v1/events", json=orjson.loads(report("by-http", 12, "by-http")))
        assert sent.status_code == 200, sent.text
        (receipt,) = sent.json()["receipts"]
        asked = {"area": "SY-LA", "min_position": receipt["position"]}
        tolls = client.get("/v1/crises/by-http/tolls", params=asked)
    assert [cell["best"] for cell in tolls.json()["cells"]] == [12]


def test_what_was_published_is_sealed_with_a_key_that_only_the_sealer_has(system):
    # Given a report that was published
    assert publish(system, report("sealed", 3, "sealed")) == ["appended"]
    # When it is sealed, and the ledger is verified in another container
    until(system.all_sealed, system.logs)
    assert system.view("verify")["holds"]
    # Then the key is in the sealer's volume, for its owner only, and in no other container
    code, listed = system.container("sealer").exec_run(["ls", "-l", KEY_FILE])
    assert (code, listed[:10]) == (0, b"-rw-------")
    for other in ("intake", "projector", "api", "server"):
        assert system.container(other).exec_run(["ls", KEY_FILE]).exit_code != 0


@pytest.mark.parametrize("service", ["server", *SERVICES])
def test_no_container_shows_the_password_runs_as_root_or_can_write_its_image(system, service):
    # Given a container of the composed system
    container = system.container(service)
    # When it is asked who runs in it, what it shows and whether it can be written
    code, _ = container.exec_run(["/bin/sh", "-c", "echo x > /etc/x"])
    status = container.exec_run(["cat", "/proc/1/status"]).output.decode()
    shown = container.exec_run(["cat", "/proc/1/environ", "/proc/1/cmdline"]).output
    # Then nobody sees the password, no process is root or may become it, and the image is closed
    facts = dict(line.split(":", 1) for line in status.splitlines())
    assert "0" not in facts["Uid"].split()
    assert int(facts["CapEff"], 16) == 0
    assert int(facts["NoNewPrivs"]) == 1
    assert code != 0
    assert shown
    assert system.password.encode() not in shown
    assert system.password not in system.settings_seen(service)


def test_the_server_listens_on_the_loopback_device_only_and_wants_the_password(system):
    # Given the port that the host has
    host, port = system.published("server", 6379)
    # When somebody comes without the password, Then they are refused, and only the host can come
    assert host == "127.0.0.1"
    with Redis(host=host, port=port) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    for worker in WORKERS:
        assert not system.container(worker).attrs["NetworkSettings"]["Ports"]


def test_a_worker_that_hangs_is_seen_as_unhealthy_until_it_goes_on(system):
    # Given a healthy system
    system.wait_healthy()
    # When the process of the projector hangs
    system.signal("projector", "STOP")
    try:
        # Then Docker says so, where a look at the process alone would see it running
        until(lambda: system.health("projector") == "unhealthy", system.logs)
        assert system.container("projector").status == "running"
    finally:
        system.signal("projector", "CONT")
    # And it is healthy again as soon as it goes on
    system.wait_healthy()


def test_taken_down_and_put_up_again_the_system_has_its_data(system):
    # Given a report in the ledger
    assert publish(system, report("kept", 3, "kept")) == ["appended"]
    # When every container is taken away, and put up again on the same volume
    system.compose("down")
    system.up()
    # Then the ledger and the views are as they were, and the ledger is proved whole
    assert killed(system, "kept") == 3
    assert publish(system, report("kept", 3, "kept")) == ["duplicate"]
    system.proved()


def test_told_to_stop_every_container_ends_by_itself_and_in_time(system):
    # Given a running system, When it is told to stop
    system.compose("stop")
    # Then each has ended with a code that says so, none was killed; and it can be started again
    codes = {one: system.container(one).attrs["State"]["ExitCode"] for one in SERVICES}
    assert codes == dict.fromkeys(SERVICES, 0)
    assert system.container("server").attrs["State"]["ExitCode"] == 0
    system.up()
