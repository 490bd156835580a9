"""Runs the application on uvicorn until it is told to stop."""

import socket
from collections.abc import Callable

import uvicorn

from tollbook_services.api.app import create_app
from tollbook_services.api.connection import Connection
from tollbook_services.api.options import ApiOptions
from tollbook_services.api.running import running_in
from tollbook_services.settings import Settings


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


class _Server(uvicorn.Server):
    """Says that it begins to shut down: streams it waits for do not end by themselves."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], object]) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)


async def run_api(settings: Settings, options: ApiOptions, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests that are being answered are finished.

    Args:
        settings: where the ledger is.
        options: what the operator set about the server.
        announce: takes the URL once the server listens.
    """
    with listening(options) as made:
        host, port = made.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        app = create_app(settings, options)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            loop="uvloop",
            http=Connection,
        )

        def stopping() -> None:
            running_in(app).stopping.set()

        server = _Server(config, stopping)
        announce(f"http://{shown}:{port}")
        await server.serve(sockets=[made])
