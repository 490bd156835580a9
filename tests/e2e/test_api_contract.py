"""The running server keeps to its OpenAPI document, and loses nothing whatever it is sent."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.e2e.api_process import Api, api_process
from tests.e2e.cli_kit import clean_environment, told

COAST = Path(__file__).parents[2] / "services/tollbook_services/data/coast-2025.jsonl"
CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = 40
MUTATED = 10_000
BATCH = 200


@pytest.fixture
def api(tmp_path):
    data = tmp_path / "ledger"
    with clean_environment():
        told("demo", "--data", data)
    with api_process(data) as api:
        yield api


def test_the_server_keeps_to_its_openapi_document(api, tmp_path):
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG),
        "run", f"{api.url}/v1/openapi.json", "--checks", "all", "--seed", "1",
        "--exclude-path", "/v1/feed",  # it goes on for ever; tests/integration/test_feed_*.py
        "--max-examples", str(EXAMPLES), "--continue-on-failure", "--no-color",
        "-H", f"Authorization: Bearer {api.token}",
    ]  # fmt: skip
    done = subprocess.run(
        command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=300
    )

    assert done.returncode == 0, done.stdout[-8000:]
    assert "27 selected / 28 total" in done.stdout


class Mutator:
    """Changes real reports in small ways: most become faulty, some stay good."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.reports = [json.loads(line) for line in COAST.read_text().splitlines()]

    def sent(self, number: int) -> bytes:
        chosen = self.random.choice(self.reports)
        document = json.loads(json.dumps(chosen))
        if self.random.random() < 0.9:
            document["id"] = f"m{number}"
        for _ in range(self.random.randrange(4)):
            self._change(document)
        raw = json.dumps(document, ensure_ascii=self.random.random() < 0.5).encode(
            "utf-8", "surrogatepass"
        )
        if self.random.random() < 0.15:
            raw = self._torn(raw)
        return raw.replace(b"\n", b" ").replace(b"\r", b" ")

    def _change(self, document: Any) -> None:
        node = document
        while isinstance(node, (dict, list)) and node:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = self.random.choice(keys)
            if not isinstance(node[key], (dict, list)) or self.random.random() < 0.3:
                self._replace(node, key)
                return
            node = node[key]

    def _replace(self, node: Any, key: Any) -> None:
        match self.random.randrange(4):
            case 0:
                del node[key]
            case 1:
                node[key] = self.random.choice(
                    [None, True, -1, 0, 2**53, 1.5, 1e308, "", "x" * 5_000, "\0", "\ud800",
                     "٧٤٥", "<script>", [], {}, [[[[[]]]]], "9999-99-99", "2025-02-30"]
                )  # fmt: skip
            case 2 if isinstance(node, dict):
                node[f"{key}x"] = node.pop(key)
            case _:
                node[key] = self.random.choice([node[key], {"a": node[key]}, [node[key]]])

    def _torn(self, raw: bytes) -> bytes:
        at = self.random.randrange(len(raw))
        match self.random.randrange(4):
            case 0:
                return raw[:at] or b"{"
            case 1:
                return raw[:at] + bytes([self.random.randrange(256)]) + raw[at + 1 :]
            case 2:
                return raw[:at] + raw[at:] + raw[at:]
            case _:
                return b"\xff\xfe" + raw


def test_nothing_is_lost_or_doubled_whatever_is_sent(api: Api):
    mutator = Mutator(7)
    told_of: dict[tuple[str, str], int] = {}
    counts: dict[str, int] = {}
    headers = {**api.headers, "Content-Type": "application/x-ndjson"}
    with httpx2.Client(base_url=api.url, headers=headers, timeout=120) as client:
        before = heads(client)
        for start in range(0, MUTATED, BATCH):
            sent = [mutator.sent(start + place) for place in range(BATCH)]
            lines = [line for line in sent if line.strip()]
            answer = client.post("/v1/events", content=b"\n".join(lines))
            assert answer.status_code in {200, 409, 422}, answer.text
            receipts = answer.json()["receipts"]
            assert len(receipts) == len(lines)
            for receipt in receipts:
                status = receipt["status"]
                counts[status] = counts.get(status, 0) + 1
                if status == "appended":
                    key = (receipt["source"], receipt["id"])
                    assert key not in told_of, "appended twice"
                    told_of[key] = receipt["sequence"]
                else:
                    assert status == "duplicate" or receipt["errors"], receipt
        again = client.post("/v1/events", content=b"\n".join(lines)).json()["receipts"]
        assert {one["status"] for one in again}.isdisjoint({"appended"})
        appended = heads(client) - before
        refused = client.get("/v1/status").json()["rejected"]

    assert appended == counts["appended"] == len(told_of)
    assert sum(counts.values()) == MUTATED
    rejected_again = sum(one["status"] == "rejected" for one in again)
    assert refused == counts["rejected"] + rejected_again, "what was refused is kept"
    assert min(counts.get(one, 0) for one in ("appended", "rejected", "quarantined")) > 10, counts
    assert api.process.poll() is None


def heads(client: httpx2.Client) -> int:
    return sum(one["head"] for one in client.get("/v1/status").json()["partitions"])
