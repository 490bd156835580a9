"""`api`: the HTTP server."""

from typing import Annotated

from cyclopts import Parameter

from tollbook_schemas.errors import EngineError
from tollbook_services.api.options import read_options
from tollbook_services.api.serving import run_api
from tollbook_services.cli.common import WHERE, Where
from tollbook_services.render import console


async def api(
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
    options = read_options(host, port)
    try:
        await run_api(where.settings(), options, lambda url: console.note(f"tollbook: {url}"))
    except OSError as error:
        raise EngineError(f"cannot listen on {options.host} port {options.port}: {error}") from None
