"""The pytest plugin: the fixture `tollbook`, and the seed that its cuts are drawn from."""

from typing import TYPE_CHECKING, Final
from zlib import crc32

import pytest

if TYPE_CHECKING:
    from tollbook_services.testing.given import Bench

_OPTION: Final = "--tollbook-seed"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the seed."""
    group = parser.getgroup("tollbook", "tollbook: given events, project, then look")
    group.addoption(
        _OPTION,
        type=int,
        default=None,
        metavar="N",
        help="where the fixture `tollbook` cuts events into pages; each test has its own unless "
        "this is given, and a failure prints it",
    )


@pytest.fixture
def tollbook(request: pytest.FixtureRequest) -> "Bench":
    """Takes events and gives what becomes of them, without an engine: docs/testing.md."""
    from tollbook_services.testing.given import Bench  # noqa: PLC0415 - other tests need not pay

    seed = request.config.getoption(_OPTION)
    return Bench(crc32(request.node.nodeid.encode()) if seed is None else seed)
