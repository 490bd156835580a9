"""Runs the application on uvicorn until it is told to stop."""

import asyncio
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from tollbook_schemas.errors import EngineError
from tollbook_services.access.first_token import first_token
from tollbook_services.api.app import create_app
from tollbook_services.api.connection import Connection
from tollbook_services.api.options import ApiOptions, url_of
from tollbook_services.api.running import running_in
from tollbook_services.operations.limits import read_limits
from tollbook_services.operations.server_logs import take_server_logs
from tollbook_services.operations.tracing import tracing
from tollbook_services.settings import Settings
from tollbook_services.wiring import open_tollbook

BACKLOG: Final = 2_048
"""Connections that wait to be accepted: as many readers as may come at once."""

OTHER_FILES: Final = 512
"""Open files beside those of the readers of the feed: requests, the engine, what is served."""

_log = structlog.get_logger("tollbook.api")


SWITCH_S: Final = 0.0005
"""Seconds for which the thread that works a view out keeps the interpreter while the event loop
wants it. Python's 5 ms are waited for several times in each request."""

FINISH_S: Final = 10
"""Seconds that requests have to be finished in once the server is to stop."""


class ListenError(EngineError):
    """Nobody can be served at an address: it is taken, or not of this machine."""


class Server(uvicorn.Server):
    """Serves one application, and tells it when it begins to shut down.

    The server waits for streams to end, and a live feed does not end by itself.
    """

    def __init__(self, app: FastAPI, options: ApiOptions) -> None:
        """Take the application; it is opened when the server starts."""
        self.app = app
        take_server_logs()
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            http=Connection,
            proxy_headers=bool(options.trusted_proxies),
            forwarded_allow_ips=list(options.trusted_proxies),
            timeout_graceful_shutdown=FINISH_S,
        )
        super().__init__(config)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGTERM and SIGINT, and end well: uvicorn's own would end by the signal."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        for number in numbers:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then everything else."""
        running_in(self.app).stopping.set()
        await super().shutdown(sockets)


def allow_readers(count: int) -> None:
    """Let the process have a connection open for each reader; systems begin with 256 or 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + OTHER_FILES
    if resource.RLIM_INFINITY != soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
        if allowed < wanted:
            _log.warning("too few open files for all readers", allowed=allowed, wanted=wanted)


async def run_api(
    settings: Settings, options: ApiOptions, announce: Callable[[str, str | None], None]
) -> None:
    """Serve until SIGTERM or SIGINT; requests that are being answered are finished.

    Args:
        settings: where the ledger is.
        options: what the operator set about the server.
        announce: takes the URL once the server listens, and the token of an administrator where
            the ledger had none.

    Raises:
        UsageError: others than this machine could ask, and nobody has a token; or a limit cannot
            be meant.
        ListenError: it cannot listen there.
    """
    read_limits()  # refused before anything is opened
    sys.setswitchinterval(SWITCH_S)
    allow_readers(options.feed_readers_max)
    async with open_tollbook(settings, create=True) as book:
        token = await first_token(
            book.redis, options.host, open_reading=options.open_reading or options.await_token
        )
        book.ledger.appends.tells = True
        with tracing("api"), listening(options) as made:
            server = Server(create_app(options, nullcontext(book)), options)
            announce(url_of(*made.getsockname()[:2]), token)
            await server.serve(sockets=[made])


def listening(options: ApiOptions) -> socket.socket:
    """A socket that listens where the options say.

    Raises:
        ListenError: it cannot.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    made = socket.socket(family)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((options.host, options.port))
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise ListenError(
            f"cannot listen on {options.host} port {options.port} ({error.strerror or error}): "
            "name another with --host and --port, or TOLLBOOK_API_HOST and TOLLBOOK_API_PORT"
        ) from None
    return made
