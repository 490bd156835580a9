"""Runs the application on uvicorn until it is told to stop."""

import resource
import socket
from collections.abc import Callable
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from tollbook_services.api.app import create_app
from tollbook_services.api.connection import Connection
from tollbook_services.api.options import ApiOptions
from tollbook_services.api.running import running_in
from tollbook_services.settings import Settings

OTHER_FILES: Final = 512
"""Open files beside those of the readers of the feed: requests, the engine, what is served."""

_log = structlog.get_logger("tollbook.api")


def listening(options: ApiOptions) -> socket.socket:
    """A socket that listens where the options say.

    Raises:
        OSError: it cannot.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    made = socket.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((options.host, options.port))
    made.listen(2048)
    return made


class Server(uvicorn.Server):
    """Serves one application, and tells it when it begins to shut down.

    The server waits for streams to end, and a live feed does not end by itself.
    """

    def __init__(self, app: FastAPI) -> None:
        """Take the application; it is opened when the server starts."""
        self.app = app
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            loop="uvloop",
            http=Connection,
        )
        super().__init__(config)

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


async def run_api(settings: Settings, options: ApiOptions, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests that are being answered are finished.

    Args:
        settings: where the ledger is.
        options: what the operator set about the server.
        announce: takes the URL once the server listens.
    """
    allow_readers(options.feed_readers_max)
    with listening(options) as made:
        host, port = made.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        server = Server(create_app(settings, options))
        announce(f"http://{shown}:{port}")
        await server.serve(sockets=[made])
