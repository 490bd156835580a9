"""`api`: the HTTP server."""

import os
import sys
from typing import Annotated, Final

import structlog
import uvloop
from cyclopts import Parameter

from tollbook_services.api.options import read_options
from tollbook_services.api.serving import ListenError, run_api
from tollbook_services.cli.common import WHERE, Where
from tollbook_services.render import console
from tollbook_services.supervised import PARENT_VARIABLE

_AGAIN: Final = "; everything else goes on, and this is tried again"

_log = structlog.get_logger("tollbook.http")


def api(
    *,
    host: Annotated[
        str | None, Parameter(help="Address to listen on [TOLLBOOK_API_HOST; 127.0.0.1].")
    ] = None,
    port: Annotated[
        int | None, Parameter(help="Its port, 0 for any [TOLLBOOK_API_PORT; 8080].")
    ] = None,
    where: Where = WHERE,
) -> None:
    """Serve the HTTP API, the live feed and the pages."""
    try:
        uvloop.run(run_api(where.settings(), read_options(host, port), _announce))
    except ListenError as error:
        if PARENT_VARIABLE in os.environ:  # `serve` goes on without HTTP: somebody has to know
            _log.critical("ALARM", reason=f"{error}{_AGAIN}")
        raise


def _announce(url: str, token: str | None) -> None:
    """Say where it is, on standard output; before that the first token, this once."""
    if token is not None:
        sys.stdout.write(f"{token}\n")
        console.note(
            "tollbook: made a token for `admin`, as there was none; it is not shown again: "
            "Authorization: Bearer <token>"
        )
    sys.stdout.write(f"tollbook is at {url}\n")
    sys.stdout.flush()
