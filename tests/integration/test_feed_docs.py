"""The example service of docs/feed.md, run: it reads on behind its last id."""

import asyncio
import os
import re
import sys
from functools import partial
from pathlib import Path

import pytest
from tests.integration.feed_kit import document, until, write
from tests.integration.projector_kit import ROOT, empty_store

pytestmark = pytest.mark.anyio

RUN = "\n\nimport asyncio\n\nasyncio.run(app.run())\n"


def has_seen(folder: Path, last: str) -> bool:
    file = folder / "last-id"
    return file.exists() and file.read_text() == last


async def test_the_faststream_service_gets_every_change_over_a_restart(engine_url, tmp_path):
    text = (ROOT / "docs" / "feed.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "service.py").write_text(block + RUN)
    printed = []
    async with empty_store(engine_url) as store:
        for first in (1, 4):
            ids = await write(store.redis, *map(document, range(first, first + 3)))
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "service.py",
                cwd=tmp_path,
                env=os.environ | {"TOLLBOOK_REDIS": engine_url},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            await until(partial(has_seen, tmp_path, str(ids[-1])), "it has all")
            process.terminate()
            out, _ = await process.communicate()
            printed += re.findall(r"'best': (\d+)", out.decode())
    assert printed == ["1", "2", "3", "4", "5", "6"]
