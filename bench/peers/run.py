"""Measures tollbook beside what a team would pick instead: the same events, answer and machine.

make bench-peers                       # 3 rounds of 100,000 events, some ten minutes
make bench-peers ARGS="--events 10000 --rounds 1"
"""

import argparse
import json
import os
import platform
import pwd
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from reports import synthetic  # noqa: E402

CRISES = 1_000
OPS = ("append", "intake", "replay", "project", "rebuild")
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
POSTGRES_SETTINGS = ("shared_buffers=512MB", "max_wal_size=4GB")
NOT_ROOT = "nobody"
JOB_S_MAX = 900


@dataclass(frozen=True)
class Job:
    """A program that measures; its environment's Python, and what it is given."""

    name: str
    command: tuple[str, ...]
    needs: str = ""


def jobs(file: Path, folder: Path, peers: Path, postgres: str | None) -> list[Job]:
    """One round of everything."""
    ours = (sys.executable, str(HERE / "ours.py"), str(file))
    peer = str(peers)

    def script(name: str, *given: str) -> tuple[str, ...]:
        return (peer, str(HERE / f"{name}.py"), *given)

    data = str(file)
    server = postgres or ""
    missing = "" if postgres else "no PostgreSQL in /usr/lib/postgresql"
    return [
        Job("tollbook", (*ours, str(folder / "one"))),
        Job("UmaDB", script("peer_umadb", data, str(folder / "uma"))),
        Job("tollbook, 4 partitions", (*ours, str(folder / "four"), "--partitions", "4")),
        Job("SQLite", script("peer_eventsourcing", "SQLite", data, str(folder / "sqlite"))),
        Job("PostgreSQL", script("peer_postgres", data, server), missing),
        Job(
            "pyeventsourcing on PostgreSQL",
            script("peer_eventsourcing", "PostgreSQL", data, server),
            missing,
        ),
        Job("a file", script("peer_file", data, str(folder / "file"))),
    ]


@contextmanager
def postgres_server(folder: Path) -> Iterator[str | None]:
    """A PostgreSQL of its own, durable as it is by default, on loopback; None without one."""
    if not POSTGRES:
        yield None
        return
    programs, data = POSTGRES[-1], folder / "postgres"
    data.mkdir()
    who = {}
    if os.geteuid() == 0:  # it refuses to run as root
        user = pwd.getpwnam(NOT_ROOT)
        os.chown(data, user.pw_uid, user.pw_gid)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": data, **who}
    made = [
        programs / "initdb",
        "-D",
        data / "db",
        "-A",
        "trust",
        "-U",
        "bench",
        "--locale=C.UTF-8",
    ]
    subprocess.run(made, check=True, **quiet)
    port = free_port()
    settings = ("listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={data}")
    options = [part for one in (*settings, *POSTGRES_SETTINGS) for part in ("-c", one)]
    with subprocess.Popen([programs / "postgres", "-D", data / "db", *options], **quiet) as server:
        ready = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-q", "-t", "30"]
        try:
            while subprocess.run(ready, check=False).returncode and server.poll() is None:
                pass
            yield f"host=127.0.0.1 port={port} user=bench dbname=postgres"
        finally:
            server.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measured(job: Job) -> list[dict]:
    """The rows of one job, which is told where it fails."""
    done = subprocess.run(
        job.command, stdout=subprocess.PIPE, text=True, check=False, timeout=JOB_S_MAX
    )
    if done.returncode:
        sys.exit(f"{job.name} failed with exit code {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def table(rows: list[dict]) -> str:
    """Medians, and each as a ratio to ours of one partition."""
    rates: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
    for row in rows:
        key = (row["op"], row["peer"], row["variant"], row["durable"])
        rates[key].append(row["events"] / row["seconds"])
    middle = {key: statistics.median(found) for key, found in rates.items()}
    own = {key[0]: rate for key, rate in reversed(middle.items()) if key[1] == "tollbook"}
    lines = ["| | what | events/s | tollbook is | least, most | durable when the call returns |"]
    lines.append("|---|---|--:|--:|--:|---|")
    for (op, peer, variant, durable), rate in sorted(
        middle.items(), key=lambda one: (OPS.index(one[0][0]), -one[1])
    ):
        found = rates[op, peer, variant, durable]
        beside = own.get(op, own.get("rebuild"))
        ratio = "" if peer == "tollbook" or beside is None else f"{beside / rate:.2f} x"
        spread = f"{min(found):,.0f}, {max(found):,.0f}"
        lines.append(f"| {op} | {peer}: {variant} | {rate:,.0f} | {ratio} | {spread} | {durable} |")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peers", type=Path, required=True, help="Python of their environment")
    options.add_argument("--events", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", type=Path, help="file for every single measurement")
    asked = options.parse_args()
    rows, left_out = [], set()
    with tempfile.TemporaryDirectory(prefix="tollbook-peers-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        file = folder / "events.jsonl"
        file.write_bytes(b"\n".join(synthetic(0, asked.events, CRISES)) + b"\n")
        with postgres_server(folder) as postgres:
            for turn in range(asked.rounds):
                work = folder / f"round-{turn}"
                for job in jobs(file, work, asked.peers, postgres):
                    if job.needs:
                        left_out.add(f"not measured: {job.name}: {job.needs}")
                        continue
                    Path(job.command[-1] if "round" in job.command[-1] else work).mkdir(
                        parents=True, exist_ok=True
                    )
                    rows += measured(job)
                    print(f"round {turn + 1}: {job.name}", file=sys.stderr, flush=True)
                shutil.rmtree(work)
    if asked.json is not None:
        asked.json.write_text("".join(json.dumps(row) + "\n" for row in rows))
    load = os.getloadavg()[0]
    print(f"{asked.events:,} events, {asked.rounds} rounds, {os.cpu_count()} cores, "
          f"{platform.machine()}, load {load:.1f}\n")  # fmt: skip
    print(table(rows))
    for line in sorted(left_out):
        print(line)
    sys.exit(1 if left_out else 0)


if __name__ == "__main__":
    main()
