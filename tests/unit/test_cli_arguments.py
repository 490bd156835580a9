"""The command line before anything is opened: shared options, settings, help and usage errors."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tollbook_schemas.errors import UsageError
from tollbook_services.cli import run, shared_last
from tollbook_services.settings import read_settings


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["--data", "d", "tolls", "c"], ["tolls", "--data", "d", "c"]),
        (["--data=d", "--format", "json", "tolls"], ["tolls", "--data=d", "--format", "json"]),
        (["tolls", "c", "--data", "d"], ["tolls", "c", "--data", "d"]),
        (["--help"], ["--help"]),
        (["quarantine"], ["quarantine", "list"]),
        (["--data", "d", "quarantine"], ["quarantine", "list", "--data", "d"]),
        (["quarantine", "--format", "csv"], ["quarantine", "list", "--format", "csv"]),
        (["quarantine", "--help"], ["quarantine", "--help"]),
        (["quarantine", "show", "0:1-0"], ["quarantine", "show", "0:1-0"]),
        (["--data"], ["--data"]),
        (["--data", "d"], ["--data", "d"]),
        ([], []),
    ],
)
def test_shared_options_may_stand_before_the_command(given: list[str], meant: list[str]) -> None:
    assert shared_last(given) == meant


@pytest.mark.parametrize(
    "arguments",
    [
        ["tols"],
        ["tolls"],
        ["tolls", "c", "--nonsense"],
        ["tolls", "c", "--measure", "kiled"],
        ["tolls", "c", "--format", "xml"],
        ["publish"],
    ],
)
def test_a_wrong_command_line_is_one_line_on_stderr_and_exit_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(arguments)

    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert captured.err.startswith("tollbook: ")
    assert captured.err.count("\n") == 1


def test_a_missing_store_is_exit_5_and_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["tolls", "c", "--data", str(tmp_path / "none")])

    captured = capsys.readouterr()
    assert (code, captured.out) == (5, "")
    assert "publish something first" in captured.err
    assert not (tmp_path / "none").exists()


def test_an_option_wins_over_the_environment_and_this_over_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TOLLBOOK_DATA", raising=False)
    monkeypatch.delenv("TOLLBOOK_REDIS", raising=False)
    assert read_settings().data == Path(".tollbook")

    monkeypatch.setenv("TOLLBOOK_DATA", "from-env")
    monkeypatch.setenv("TOLLBOOK_REDIS", "redis://elsewhere")
    assert read_settings().data == Path("from-env")
    assert read_settings().redis == "redis://elsewhere"
    assert read_settings(redis="redis://here").redis == "redis://here"


def test_a_directory_on_the_command_line_wins_over_a_server_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOLLBOOK_REDIS", "redis://elsewhere")

    assert read_settings(data=Path("here")).redis is None


def test_messages_never_show_a_password() -> None:
    assert read_settings(redis="redis://u:se:cret@host:1/0").place == "redis://host:1/0"
    assert read_settings(redis="redis://:secret@host").place == "redis://host"
    assert read_settings(redis="redis://host:6379/1").place == "redis://host:6379/1"


def test_a_setting_that_cannot_be_meant_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLBOOK_PARTITIONS", "0")

    with pytest.raises(UsageError, match="TOLLBOOK_PARTITIONS=0"):
        read_settings()


def test_the_help_is_quick_because_it_imports_no_engine_and_no_model() -> None:
    code = (
        "import sys; from tollbook_services.cli import run; run(['--help']); "
        "heavy = {'redis', 'pydantic', 'faststream', 'pycountry'} & set(sys.modules); "
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "replay" in done.stdout
