"""Makes the synchronous client, `tollbook_client/sync.py`, out of the asynchronous one.

    python -m tools.client_sync [--check]

So what the two do is written once. Words are replaced, and ruff puts the rest in order.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[1] / "client" / "tollbook_client"
SOURCE: Final = FOLDER / "aio.py"
MADE: Final = FOLDER / "sync.py"

_WORDS: Final = (
    ("An asynchronous", "A synchronous"),
    ("asynchronous", "synchronous"),
    ("AsyncClient", "Client"),
    ("AsyncIterator", "Iterator"),
    ("async with", "with"),
    ("async for", "for"),
    ("async def", "def"),
    ("await ", ""),
    ("asyncio.sleep", "time.sleep"),
    ("import asyncio", "import time"),
    ("__aenter__", "__enter__"),
    ("__aexit__", "__exit__"),
    ("aclose", "close"),
    ("aread", "read"),
)
_RUFF: Final = (sys.executable, "-m", "ruff")


def made(text: str) -> str:
    """The synchronous form of a module."""
    for word, other in _WORDS:
        text = text.replace(word, other)
    name = f"--stdin-filename={MADE}"
    for command in (
        (*_RUFF, "check", "--quiet", "--select", "I", "--fix", name, "-"),
        (*_RUFF, "format", "--quiet", name, "-"),
    ):
        done = subprocess.run(command, input=text, check=True, capture_output=True, text=True)  # noqa: S603
        text = done.stdout
    return text


def main() -> int:
    """Write it, or with `--check` exit 1 where it is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    options = parser.parse_args()
    text = made(SOURCE.read_text(encoding="utf-8"))
    if MADE.is_file() and MADE.read_text(encoding="utf-8") == text:
        return 0
    if options.check:
        sys.stderr.write(f"{MADE.name} is stale: run python -m tools.client_sync\n")
        return 1
    MADE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
