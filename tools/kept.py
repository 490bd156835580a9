"""Reads `kept.toml`: what no data set says, or says wrongly."""

import tomllib
from pathlib import Path
from typing import Any, Final

_FILE: Final = Path(__file__).with_name("kept.toml")


def read_kept() -> dict[str, dict[str, Any]]:
    """The tables of the file by name."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
