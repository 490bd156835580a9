"""How the supervisor keeps an engine: restarted when it dies, and never lost without a word."""

import asyncio
from pathlib import Path

import pytest

from tollbook_schemas.errors import EngineError
from tollbook_services import supervisor
from tollbook_services.engine_files import EngineFiles
from tollbook_services.engine_words import EngineWords
from tollbook_services.settings import Settings


class DyingEngine:
    """Dies at once after each start, and starts with the outcomes it was given."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.starts = 0
        self.stopped = False
        self.started_here = True
        self.words = EngineWords(EngineFiles(Path("nowhere")), 0)

    async def start(self):
        self.starts += 1
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome
        return "unix:///engine.sock"

    async def wait(self):
        if not self.outcomes:
            await asyncio.Event().wait()
        return -9

    async def stop(self):
        self.stopped = True


def served(monkeypatch, engine, *, stop_after_s=None):
    async def admitted(_settings, _url):
        return "a-ledger"

    async def watch(_url, _ledger):
        await asyncio.Event().wait()

    async def scenario():
        stop = asyncio.Event()
        if stop_after_s is not None:
            asyncio.get_running_loop().call_later(stop_after_s, stop.set)
        settings = Settings(data=Path("store"))
        work = supervisor.serve(settings, stop, commands=(), announce=lambda _: None)
        return await asyncio.wait_for(work, 5)

    monkeypatch.setattr(supervisor, "EngineProcess", lambda _: engine)
    monkeypatch.setattr(supervisor, "_admitted", admitted)
    monkeypatch.setattr(supervisor, "watch", watch)
    return asyncio.run(scenario())


def test_an_engine_that_dies_is_started_again_even_if_the_first_tries_fail(monkeypatch):
    engine = DyingEngine(None, EngineError("no log"), OSError(28, "No space left"), None)
    assert served(monkeypatch, engine, stop_after_s=1.5) == 0
    assert (engine.starts, engine.stopped) == (4, True)


def test_a_failure_that_no_restart_expects_ends_serve_instead_of_going_unnoticed(monkeypatch):
    engine = DyingEngine(None, RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="a bug"):
        served(monkeypatch, engine)
    assert engine.stopped


def test_an_engine_that_never_starts_is_an_error_and_its_share_is_given_back(monkeypatch):
    engine = DyingEngine(EngineError("no log"))
    with pytest.raises(EngineError):
        served(monkeypatch, engine)
    assert engine.stopped
