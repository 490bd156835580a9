"""Other people's implementations, built once a session."""

import pytest
from tests.oracle.go_tlog import GoTlog, built


@pytest.fixture(scope="session")
def go_tlog(tmp_path_factory: pytest.TempPathFactory) -> GoTlog:
    """Go's golang.org/x/mod/sumdb as a program."""
    return built(tmp_path_factory.mktemp("go"))
