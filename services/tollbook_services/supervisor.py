"""`tollbook serve`: engine and workers as child processes that outlive a kill -9."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import structlog

from tollbook_schemas.errors import CheckFailedError, EngineError, TollbookError
from tollbook_services.access.first_token import first_token
from tollbook_services.api.options import ApiOptions, read_options, url_of
from tollbook_services.child import Backoff, Child, Command
from tollbook_services.engine import EngineProcess, connect
from tollbook_services.guard import admit, name_the_fault, remember, watch
from tollbook_services.ledger import Ledger
from tollbook_services.logs import configure_logs
from tollbook_services.operations.limits import READY_WORKERS
from tollbook_services.operations.tracing import must_be_possible
from tollbook_services.sealing.chosen_key import NO_KEY, has_key, make_missing_key, read_key
from tollbook_services.settings import Settings
from tollbook_services.shown import safe_url
from tollbook_services.supervised import ENGINE_VARIABLE, PARENT_VARIABLE
from tollbook_services.tasks import end_tasks

_log = structlog.get_logger("tollbook.serve")

Announce = Callable[[str], None]


_RUN: Final = (sys.executable, "-m", "tollbook_services.supervised", "tollbook_services.cli")

INTAKE: Final = Command("intake", (*_RUN, "intake"))
PROJECTOR: Final = Command("projector", (*_RUN, "projector"))
SEALER: Final = Command("sealer", (*_RUN, "sealer"))
API: Final = Command("api", (*_RUN, "api"))
"""The workers, in the order in which they are stopped. Where the engine is they read from their
environment: a command line, with a password in it, is for every user to see."""


async def serve(
    settings: Settings,
    stop: asyncio.Event,
    *,
    commands: Sequence[Command] | None = None,
    announce: Announce | None = None,
    api: bool | None = None,
) -> int:
    """Run engine and workers until `stop` is set; the exit code.

    With `settings.redis` the engine is somebody else's and only the workers run here. What dies
    is started again with growing waits. Stopping goes upstream first, and the engine is the last.
    What no restart mends ends it: a ledger that was erased or altered, an engine that became unfit.

    Args:
        settings: where the store is.
        stop: set it to stop.
        commands: the command lines of the workers; default: the HTTP server unless it is switched
            off, intake, projectors, and a sealer where there is a key.
        announce: takes the one line that says everything has been started; default: print it.
        api: whether the HTTP server runs too; None for what its own settings say.

    Raises:
        EngineError: the engine cannot be started or reached, or is not fit.
        CheckFailedError: the ledger is not the expected one, or was altered or erased.
        UsageError: spans are wanted, and nothing here could send them.
    """
    configure_logs()
    options = read_options()
    if api is not None:
        options = options.model_copy(update={"serve": api})
    must_be_possible()
    async with _engine(settings, stop) as (url, engine_keepers):
        ledger_id = await _admitted(settings, url)
        token = await _first_token(url, options) if commands is None and options.serve else None
        variables = _variables(settings, url, ledger_id)
        if commands is None:
            commands = _workers(settings, ledger_id, options)
            roles = list(dict.fromkeys(one.name for one in commands if one is not API))
            variables[READY_WORKERS] = os.environ.get(READY_WORKERS) or json.dumps(roles)
        children = [Child(command, variables) for command in commands]
        watcher = asyncio.create_task(watch(url, ledger_id), name="guard")
        keepers = [*engine_keepers, watcher, *(child.start() for child in children)]
        (announce or _print_line)(ready_line(settings, url, options))
        if token is not None:
            _print_line(f"the token of `admin`, made now and not shown again: {token}")
        stopped = asyncio.ensure_future(stop.wait())
        try:
            done, _ = await asyncio.wait((stopped, *keepers), return_when=asyncio.FIRST_COMPLETED)
            await _raise_failures(done, url, ledger_id)
        finally:
            stopped.cancel()
            for child in children:
                await child.stop()
            await end_tasks(watcher)
    return 0


def _workers(settings: Settings, ledger_id: str, options: ApiOptions) -> tuple[Command, ...]:
    """The workers that the settings allow for; stopping begins where reports come in."""
    http = (API,) if options.serve else ()
    workers = (*http, INTAKE, *[PROJECTOR] * settings.projectors)
    if not has_key(settings):
        _log.warning("nothing is sealed", reason=NO_KEY)
        return workers
    make_missing_key(settings, ledger_id)
    read_key(settings)  # refused here once, and not by the sealer over and over
    return (*workers, SEALER)


async def _first_token(url: str, options: ApiOptions) -> str | None:
    """The token of an administrator, where nobody has one; refused here once, not by the child."""
    redis = await connect(url)
    try:
        return await first_token(
            redis, options.host, open_reading=options.open_reading or options.await_token
        )
    finally:
        await redis.aclose()


async def _raise_failures(done: Iterable[asyncio.Future[Any]], url: str, ledger_id: str) -> None:
    """Sound the alarm where a task failed, with the fault itself where the ledger still shows it.

    A child that found the fault before the guard did has only its exit code to say so with.
    """
    try:
        try:
            for task in done:
                task.result()
        except CheckFailedError:
            await name_the_fault(url, ledger_id)
            raise
    except TollbookError as error:
        _log.critical("ALARM", reason=str(error))
        raise


def ready_line(settings: Settings, url: str, options: ApiOptions) -> str:
    """What `serve` prints once, on standard output."""
    where = "outside engine" if settings.redis else f"data in {settings.data}"
    known = options.serve and options.port
    http = f", HTTP at {url_of(options.host, options.port)}" if known else ""
    return f"tollbook is ready: {where}, redis at {safe_url(url)}{http}"


@asynccontextmanager
async def _engine(
    settings: Settings, stop: asyncio.Event
) -> AsyncIterator[tuple[str, tuple[asyncio.Task[None], ...]]]:
    """The engine's URL, and the task that keeps the embedded one running until the exit.

    The task is given out so that its failure ends `serve`: an engine that nobody restarts must
    not go unnoticed. It may be cancelled while the engine is starting; `EngineProcess.stop`
    repeats its SHUTDOWN until an engine that does not listen yet has heard it.
    """
    if settings.redis is not None:
        yield settings.redis, ()
        return
    engine = EngineProcess(settings.data)
    try:
        url = await engine.start()
        _say_what_was_cut_off(engine)
        keeper = asyncio.create_task(_keep_engine(engine, stop), name="engine")
        try:
            yield url, (keeper,)
        finally:
            await end_tasks(keeper)
    finally:
        await engine.stop()


async def _keep_engine(engine: EngineProcess, stop: asyncio.Event) -> None:
    """Start the engine again whenever it dies, but not once everything is to stop."""
    backoff, clock = Backoff(), asyncio.get_running_loop().time
    while True:
        began = clock()
        code = await engine.wait()
        reason = engine.words.why_ended()
        wait_s = backoff.after(clock() - began)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait_s)
            return
        _log.error("engine died", code=code, restarted_after_s=wait_s, reason=reason)
        try:
            await engine.start()
            _say_what_was_cut_off(engine)
        except (EngineError, OSError) as error:
            _log.error("engine does not start", error=str(error))


def _say_what_was_cut_off(engine: EngineProcess) -> None:
    if engine.started_here and (told := engine.words.cut_off()) is not None:
        _log.warning("engine cut its file", reason=told)


async def _admitted(settings: Settings, url: str) -> str:
    """The id of the ledger, made where there is none; refused here once, and not by each worker."""
    redis = await connect(url)
    try:
        none = await admit(redis, settings, create=True)
        ledger = await Ledger.open(redis, partitions=settings.partitions, create=none)
        remember(settings, ledger.id)
        return ledger.id
    finally:
        await redis.aclose()


def _variables(settings: Settings, url: str, ledger_id: str) -> dict[str, str]:
    """What the children find in their environment."""
    variables = {
        "TOLLBOOK_REDIS": url,
        "TOLLBOOK_REDIS_PASSWORD_FILE": "",  # the URL carries the password by now
        "TOLLBOOK_LEDGER": ledger_id,
        PARENT_VARIABLE: str(os.getpid()),
    }
    if settings.key_file is not None:
        variables["TOLLBOOK_SIGNING_KEY_FILE"] = str(settings.key_file)
    if settings.redis is None:
        variables[ENGINE_VARIABLE] = str(settings.data.resolve())
    return variables


def _print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
