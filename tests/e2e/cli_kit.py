"""Commands run in this process, where starting an interpreter would be most of a test."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest

from tollbook_services.cli import run


@dataclass(frozen=True)
class Done:
    """An ended command: exit code, standard output and standard error."""

    code: int
    out: str
    err: str


def tollbook(*arguments: object) -> Done:
    """What a command did."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    out.seek(0)
    return Done(code, out.read(), err.getvalue())


def told(*arguments: object) -> str:
    """What a command printed that has to end well."""
    done = tollbook(*arguments)
    assert done.code == 0, done.err
    return done.out


@contextmanager
def clean_environment(**variables: str) -> Iterator[None]:
    """No setting from outside, but for these; `serve` runs no HTTP server unless one says so."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TOLLBOOK_")]:
            patch.delenv(name)
        for name, value in {"TOLLBOOK_API_SERVE": "false", **variables}.items():
            patch.setenv(name, value)
        yield
