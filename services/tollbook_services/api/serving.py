"""Runs the application on uvicorn until it is told to stop."""

import socket
from collections.abc import Callable

import uvicorn

from tollbook_services.api.app import create_app
from tollbook_services.api.options import ApiOptions
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
        config = uvicorn.Config(
            create_app(settings, options),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            loop="uvloop",
            http="httptools",
        )
        server = uvicorn.Server(config)
        announce(f"http://{shown}:{port}")
        await server.serve(sockets=[made])
