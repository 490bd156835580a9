"""Writes the OpenAPI document of the HTTP API, `schemas/json/openapi.json`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import orjson

from tollbook_schemas.generate import OPENAPI
from tollbook_services.api.app import create_app
from tollbook_services.api.options import ApiOptions
from tollbook_services.settings import Settings
from tollbook_services.wiring import open_tollbook

_CHECKED_IN: Final = Path(__file__).parents[3] / "schemas" / "json" / OPENAPI


def document() -> bytes:
    """The document as it is checked in; no ledger is opened for it."""
    made = create_app(ApiOptions(), open_tollbook(Settings())).openapi()
    return orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the document, or with `--check` exit 1 where it is stale."""
    program = "python -m tollbook_services.api.generate"
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    parser.add_argument("--out", type=Path, default=_CHECKED_IN, help="the file")
    options = parser.parse_args(arguments)
    out: Path = options.out
    made = document()
    if out.is_file() and out.read_bytes() == made:
        return 0
    if options.check:
        sys.stderr.write(f"{out.name} is stale: run {program}\n")
        return 1
    out.write_bytes(made)
    sys.stdout.write(f"wrote {out.name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
