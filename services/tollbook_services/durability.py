"""What is durable: the answer to an fsync of the engine, and folders of files made here."""

import os
from pathlib import Path
from typing import Any, Final

from tollbook_schemas.errors import EngineError

DURABLE_MS_MAX: Final = 20_000
"""How long an fsync may take before an append is reported as not durable."""


def must_be_durable(reply: Any) -> None:
    """Refuse a WAITAOF answer that confirms nothing.

    Raises:
        EngineError: the fsync was not confirmed in time.
    """
    if int(reply[0]) < 1:
        raise EngineError(
            f"the engine did not confirm an fsync within {DURABLE_MS_MAX // 1000} s: check its "
            "disk; sending the same events again is safe"
        )


def sync_folder(folder: Path) -> None:
    """Make what was made, renamed or removed in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
