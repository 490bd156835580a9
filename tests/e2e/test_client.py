"""The Python client against a running server."""

import asyncio
import json
import threading
from pathlib import Path

import pytest
from tests.e2e.api_process import api_process
from tests.e2e.cli_kit import clean_environment, told
from tests.integration.api_kit import CRISIS, report

from tollbook_client import (
    AsyncClient,
    Client,
    ProblemError,
    ProofError,
    RefusedError,
    shapes,
    verify_receipt,
)

SCHEMAS = Path(__file__).parents[2] / "schemas" / "json"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    data = tmp_path_factory.mktemp("client") / "ledger"
    with clean_environment():
        told("demo", "--data", data)
    return data


@pytest.fixture(scope="module")
def api(data):
    with api_process(data) as api:
        yield api


@pytest.fixture
def client(api):
    with Client(api.url, token=api.token) as client:
        yield client


def test_views_are_the_documents_of_the_command_line(client, data):
    with clean_environment():
        shown = told("tolls", CRISIS, "--area", "SY-LA", "--format", "json", "--data", data)
    assert client.tolls(CRISIS, area="SY-LA") == json.loads(shown)
    assert [one["crisis"] for one in client.crises()][:1] == [CRISIS]
    assert client.view(CRISIS, "revisions", measure="killed")["series"]
    assert client.view(CRISIS, "diff", **{"from": "20"})["cells"]
    assert client.displacement(CRISIS)["cells"]
    assert client.areas("Latakia")["code"] == "SY-LA"
    assert client.me()["role"] == "admin"


def test_what_was_published_is_read_followed_and_proved(client, api, data):
    (receipt,) = client.publish([report("proved", 12)])
    (again,) = client.publish([report("proved", 12)])
    tolls = client.tolls("flood-2026", min_position=receipt["position"] or "")
    changes = client.follow(after="0", crisis="flood-2026")
    change = next(changes)
    proof = client.receipt("https://desk.example", "proved")
    with clean_environment():
        shown = told("keys", "show", "--format", "json", "--data", data)
    key = json.loads(shown)["key"]

    assert (receipt["status"], again["status"]) == ("appended", "duplicate")
    assert [cell["best"] for cell in tolls["cells"] if cell["area"] == "SY-LA"] == [12]
    assert (change["before"], change["after"]["best"]) == (None, 12)
    verified = verify_receipt(proof, key)
    assert verified.event["id"] == "proved"
    assert verified.index + 1 == receipt["sequence"]
    stored = client.event("https://desk.example", "proved")
    assert stored is not None
    assert stored["event"] == verified.event
    assert client.event("https://desk.example", "nothing") is None
    for at in range(0, len(proof), 7):
        altered = proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1 :]
        try:
            assert verify_receipt(altered, key) == verified
        except ProofError:
            continue
        assert altered != proof
    other = key.replace(key[-5], "A" if key[-5] != "A" else "B")
    with pytest.raises(ProofError):
        verify_receipt(proof, other)


def test_what_is_wrong_is_told(client, api):
    with pytest.raises(ProblemError, match=CRISIS) as raised:
        client.tolls("nowhere")
    assert raised.value.status == 404
    with pytest.raises(RefusedError, match="/data/figures/0/areas/0"):
        client.publish([report("good", 1), report("bad", 1, area="XX-1")])
    with Client(api.url, token="tb_a_b") as stranger, pytest.raises(ProblemError, match="401"):
        stranger.me()


def test_the_asynchronous_client_follows_while_another_publishes(api):
    async def followed() -> list[int | None]:
        async with AsyncClient(api.url, token=api.token) as client:
            found: list[int | None] = []
            begun = asyncio.Event()

            async def follow() -> None:
                begun.set()
                async for change in client.follow(after="0", crisis="followed"):
                    if change["cell"]["area"] == "SY-LA":
                        found.append(change["after"]["best"])
                    if found[-1:] == [7]:
                        return

            task = asyncio.create_task(follow())
            await begun.wait()
            for value in (3, 7):
                sent = report(f"f{value}", value, subject="followed")
                sent["data"]["figures"][0]["as_of"] = f"2026-03-0{value - 2}"
                await client.publish([sent])
                await client.tolls("followed")
            await asyncio.wait_for(task, 30)
            return found

    assert asyncio.run(followed()) == [3, 7]


def test_a_follower_survives_a_restart_of_the_server(data):
    found: list[str] = []
    done = threading.Event()
    with api_process(data, TOLLBOOK_API_OPEN_READING="true") as api:
        port = api.url.rpartition(":")[2]
        with Client(api.url) as client:
            wanted = [
                one["id"] for one, _ in zip(client.follow(after="0"), range(30), strict=False)
            ]

        def follow() -> None:
            with Client(api.url) as client:
                for change in client.follow(after="0"):
                    found.append(change["id"])
                    if len(found) == 15:
                        done.set()
                    if len(found) == 30:
                        return

        thread = threading.Thread(target=follow)
        thread.start()
        assert done.wait(30)
    with api_process(data, TOLLBOOK_API_OPEN_READING="true", port=port):
        thread.join(60)

    assert not thread.is_alive()
    assert found == wanted


@pytest.mark.parametrize(
    ("shape", "file"),
    [(shapes.Receipt, "view.receipt"), (shapes.Tolls, "view.tolls")],
)
def test_the_shapes_are_those_of_the_server(shape, file):
    schema = json.loads((SCHEMAS / f"{file}.json").read_text())
    ours = set(shape.__annotations__)
    theirs = set(schema["properties"])
    assert ours - theirs <= {"leaf_index"}
    assert set(schema["required"]) <= ours


def test_a_cell_has_what_the_server_gives(client):
    for cell in client.tolls(CRISIS)["cells"]:
        required = shapes.Cell.__required_keys__
        assert required <= cell.keys()
