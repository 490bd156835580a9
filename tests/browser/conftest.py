"""A real browser: Debian's chromium, driven by playwright."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = os.environ.get("TOLLBOOK_TEST_BROWSER") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    assert program, "no chromium: apt-get install chromium, or name one in TOLLBOOK_TEST_BROWSER"
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield made
        made.close()
