"""The README's commands print what the README says they print."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
ELLIPSIS = "..."
FIRST_OUTPUT_LINE_MAX = 30
SECONDS_MAX = 120


def transcripts(text: str) -> Iterator[tuple[str, list[str]]]:
    """(command, output lines) of each `$` line in the console blocks, in order."""
    for block in re.findall(r"^```console\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, [line.rstrip() for line in output.splitlines()]


def passages(expected: list[str]) -> list[list[str]]:
    """The runs of lines between ellipses."""
    runs: list[list[str]] = [[]]
    for line in expected:
        if line.strip() == ELLIPSIS:
            runs.append([])
        else:
            runs[-1].append(line)
    return [run for run in runs if run]


def missing_passages(expected: list[str], printed: list[str]) -> list[list[str]]:
    """The passages that are not printed, each after the one before."""
    at, missing = 0, []
    for passage in passages(expected):
        for start in range(at, len(printed) - len(passage) + 1):
            if printed[start : start + len(passage)] == passage:
                at = start + len(passage)
                break
        else:
            missing.append(passage)
    return missing


def run(command: str, folder: Path) -> list[str]:
    """The output of a README command, in a folder of its own and with no settings around it."""
    words = shlex.split(command)
    arguments = ["demo"] if words == ["make", "demo"] else words[1:]
    assert words == ["make", "demo"] or words[0] == ".venv/bin/tollbook", command
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TOLLBOOK_", "COLUMNS"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "tollbook_services.cli", *arguments],
        cwd=folder,
        env=surroundings | {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line.rstrip() for line in done.stdout.splitlines()]


def test_every_command_of_the_readme_prints_what_the_readme_shows(
    tmp_path: Path,
) -> None:
    shown = list(transcripts(README.read_text(encoding="utf-8")))
    assert shown

    for command, expected in shown:
        printed = run(command, tmp_path)

        assert missing_passages(expected, printed) == [], "\n".join([command, *printed])


def test_the_readme_shows_real_output_before_its_thirtieth_line() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()

    command = next(at for at, line in enumerate(lines, start=1) if line.startswith("$ "))

    assert command + 1 < FIRST_OUTPUT_LINE_MAX


@pytest.mark.parametrize(
    ("expected", "missing"),
    [
        (["a", "b"], []),
        (["a", ELLIPSIS, "c"], []),
        (["c", ELLIPSIS, "a"], [["a"]]),
        (["a", "c"], [["a", "c"]]),
    ],
)
def test_a_transcript_matches_in_order_with_gaps_only_at_its_ellipses(
    expected: list[str], missing: list[list[str]]
) -> None:
    printed = ["a", "b", "c"]

    assert missing_passages(expected, printed) == missing


@pytest.mark.parametrize(
    "page", [*sorted((ROOT / "docs").rglob("*.md")), README], ids=lambda page: page.name
)
def test_every_link_between_the_pages_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))

    broken = [
        target for target in targets if "://" not in target and not (page.parent / target).exists()
    ]

    assert broken == []
