"""What a release leaves behind, so that later ones can be tested on it: `tests/golden/releases`.

    git worktree add OLD COMMIT
    PYTHONPATH=OLD/services:OLD/projections:OLD/schemas python tests/e2e/release_kit.py NAME.tar.gz

It asks the release's own commands only, and keeps its embedded store, what it answered about that,
and a receipt.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

from tollbook_services.engine import connect, open_engine

CRISIS = "syria-coast-2025"
SOURCE = "https://desk.example.org"
SEALED = "sealed-by-the-release"
REDACTED = "to-be-redacted"
WAITING = "in-the-inbox"
ASKED = {
    "tolls": ("tolls", CRISIS),
    "revisions": ("revisions", CRISIS),
    "displacement": ("displacement", CRISIS),
    "sources": ("sources", CRISIS),
    "statements": ("statements", CRISIS),
    "quarantine": ("quarantine", "list"),
    "rejected": ("rejected",),
    "events": ("events", "--crisis", CRISIS),
}
WITHHELD = {
    "sensitive": ["/data/figures/0/place", "/data/ext/witness"],
    "ext": {"witness": "A. B.", "file": "12"},
}
CODES = (0, 3)


def report(name: str, value: int = 5, **more: Any) -> dict[str, Any]:
    """A report of one figure, with a place."""
    figure = {
        "id": "f",
        "measure": "killed",
        "unit": "person",
        "quantity": {"qualifier": "exactly", "value": value},
        "areas": ["SY-LA"],
        "basis": "incident",
        "window": {"start": "2025-03-08", "end": "2025-03-08"},
        "place": "house of C. D.",
        "as_of": "2025-03-11",
    }
    data = {"originator": "desk", "published_at": "2025-03-11", "figures": [figure], **more}
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": SOURCE,
        "id": name,
        "subject": CRISIS,
        "time": "2025-03-11T20:00:00Z",
        "datacontenttype": "application/json",
        "data": data,
    }


def lines() -> list[bytes]:
    """The worked crisis, a report with withheld fields, a conflicting copy, and no event at all."""
    data = resources.files("tollbook_services") / "data" / "coast-2025.jsonl"
    ours = [
        report(SEALED),
        report(SEALED, 6),
        report(REDACTED, **WITHHELD),
        {"no": "event"},
    ]
    return [*data.read_bytes().splitlines(), *(json.dumps(one).encode() for one in ours)]


def tollbook(data: Path, *arguments: str) -> bytes:
    """What a command prints; it may have refused some input, as it was meant to."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("TOLLBOOK_")}
    done = subprocess.run(
        [sys.executable, "-m", "tollbook_services.cli", *arguments, "--data", str(data)],
        capture_output=True,
        check=False,
        env=clean,
    )
    if done.returncode not in CODES:
        sys.exit(f"{arguments} ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout


def documents(printed: bytes) -> Any:
    """What was printed: one document, or one in each line."""
    try:
        return json.loads(printed)
    except json.JSONDecodeError:
        return [json.loads(line) for line in printed.splitlines()]


async def wait_in_the_inbox(data: Path) -> None:
    """An entry that no intake has seen yet."""
    async with open_engine(data) as engine:
        redis = await connect(engine.url)
        await redis.xadd("tollbook:inbox", {"event": json.dumps(report(WAITING))})
        await redis.aclose()


def make(out: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="tollbook-release-") as folder:
        store, file = Path(folder) / "store", Path(folder) / "events.jsonl"
        file.write_bytes(b"\n".join(lines()) + b"\n")
        tollbook(store, "publish", str(file))
        reasons = ("--by", "the desk", "--legal-basis", "GDPR Art. 17", "--reason", "a threat")
        tollbook(store, "redact", SOURCE, REDACTED, *reasons)
        receipt = Path(folder) / "receipt"
        tollbook(store, "receipt", SOURCE, SEALED, "--out", str(receipt))
        answers = {
            name: documents(tollbook(store, *asked, "--format", "json"))
            for name, asked in ASKED.items()
        }
        (Path(folder) / "answers.json").write_text(json.dumps(answers, indent=1, sort_keys=True))
        asyncio.run(wait_in_the_inbox(store))
        (store / "engine.log").unlink(missing_ok=True)
        with tarfile.open(out, "w:gz") as archive:
            for name in ("store", "events.jsonl", "receipt", "answers.json"):
                archive.add(Path(folder) / name, arcname=name)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("out", type=Path)
    make(options.parse_args().out)


if __name__ == "__main__":
    main()
