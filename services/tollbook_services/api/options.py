"""What an operator can set about the HTTP server, and the limits it keeps."""

from typing import Final

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tollbook_schemas.errors import UsageError

BODY_BYTES_MAX: Final = 16 * 2**20
"""Bytes of a request: four of the largest events."""

BATCH_MAX: Final = 1_000
"""Events of a request (CONTRACT, Publishing)."""

PAGE_MAX: Final = 1_000
"""Items of a page at most."""

PAGE: Final = 200
"""Items of a page where none is asked for."""


class ApiOptions(BaseSettings):
    """`TOLLBOOK_API_*` variables.

    Attributes:
        host: the address that is listened on; only this machine where nothing is said.
        port: 0 for any that is free.
        serve: whether `tollbook serve` runs the HTTP server too.
        await_token: whether to start although nobody has a token, and refuse until one is made.
        open_reading: whether views, events and proofs are for everybody, without a token.
        open_metrics: whether `/metrics` is for everybody; it always is for this machine.
        cors_origins: origins of pages of others that may read; `*` for any.
        trusted_proxies: addresses of reverse proxies, whose `X-Forwarded-For` is believed.
        rate_per_minute: requests of one token, or of one address without a token, in a minute.
        page: items of a page where no `limit` is given.
        feed_readers_max: readers of the live feed at the same time.
    """

    model_config = SettingsConfigDict(
        env_prefix="TOLLBOOK_API_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    serve: bool = True
    await_token: bool = False
    open_reading: bool = False
    open_metrics: bool = False
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    rate_per_minute: int = Field(default=600, ge=1)
    page: int = Field(default=PAGE, ge=1, le=PAGE_MAX)
    feed_readers_max: int = Field(default=2_000, ge=1)


def read_options(host: str | None = None, port: int | None = None) -> ApiOptions:
    """The options of this process; what is None comes from the environment or the default.

    Raises:
        UsageError: a `TOLLBOOK_API_*` variable has a value that cannot be meant.
    """
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    try:
        return ApiOptions(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "TOLLBOOK_API_" + "_".join(map(str, first["loc"])).upper()
        raise UsageError(f"{name}={first['input']}: {first['msg']}") from error


def url_of(host: str, port: int) -> str:
    """The address of a server, for people and programs."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
