"""UmaDB, an event store in Rust whose server comes in its wheel."""

import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import orjson
import workload
from umadb import Client, Event

PEER = "UmaDB"
START_S_MAX = 30.0


def main() -> None:
    raws = workload.events(Path(sys.argv[1]))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).with_name("umadb")
    command = [program, "--listen", f"127.0.0.1:{port}", "--db-path", f"{sys.argv[2]}/"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            measure(_client(f"http://127.0.0.1:{port}"), raws)
        finally:
            server.terminate()


def _client(url: str) -> Client:
    until = time.monotonic() + START_S_MAX
    while True:
        try:
            client = Client(url, batch_size=workload.APPEND_EVENTS)
            client.head()
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return client


def measure(client: Client, raws: list[bytes]) -> None:
    with workload.timed() as took:
        for batch in workload.batches(raws, workload.APPEND_EVENTS):
            client.append([_event(raw) for raw in batch])
    workload.tell(PEER, "append", "1,000 a call", len(raws), took[0], "fsync a call")
    state: workload.State = {}
    with workload.timed() as took:
        reply = client.read()
        while page := reply.next_batch():
            for one in page:
                workload.tally(state, orjson.loads(bytes(one.event.data)))
    workload.must_be(state, workload.expected(raws))
    workload.tell(PEER, "replay", "orjson, dict", len(raws), took[0])


def _event(raw: bytes) -> Event:
    document = orjson.loads(raw)
    name = uuid.uuid5(uuid.NAMESPACE_URL, document["source"] + "/" + document["id"])
    tags = [f"crisis:{document['subject']}"]
    return Event(event_type="Reported", data=raw, tags=tags, uuid=name)


if __name__ == "__main__":
    main()
