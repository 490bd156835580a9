"""What still counts as ready: limits that an operator can set."""

from typing import Final, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tollbook_schemas.errors import UsageError

DISK_FREE_MIN: Final = 256 * 2**20
"""Bytes: with less the engine may not be able to rewrite its file."""

READY_WORKERS: Final = "TOLLBOOK_READY_WORKERS"
"""The variable of `Limits.workers`."""

Role = Literal["intake", "projector", "sealer"]


class Limits(BaseSettings):
    """`TOLLBOOK_READY_*` variables.

    Attributes:
        lag_s: seconds that an event may wait for the views.
        lag_events: events that a view may lack.
        inbox_s: seconds that a report may wait in the inbox, or in the hands of an intake.
        inbox_entries: reports that may wait there.
        sealed_s: seconds that an event may wait for a signed head.
        disk_free: bytes that have to be free where the engine's files are.
        memory_part: of the memory that the engine may use, what it may have used.
        workers: roles of which one has to be alive, as JSON; `serve` names those that it runs.
    """

    model_config = SettingsConfigDict(
        env_prefix="TOLLBOOK_READY_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    lag_s: float = Field(default=10.0, gt=0)
    lag_events: int = Field(default=100_000, ge=0)
    inbox_s: float = Field(default=60.0, gt=0)
    inbox_entries: int = Field(default=100_000, ge=0)
    sealed_s: float = Field(default=60.0, gt=0)
    disk_free: int = Field(default=DISK_FREE_MIN, ge=0)
    memory_part: float = Field(default=0.95, gt=0, le=1)
    workers: tuple[Role, ...] = ()


def read_limits() -> Limits:
    """The limits of this process.

    Raises:
        UsageError: a `TOLLBOOK_READY_*` variable has a value that cannot be meant.
    """
    try:
        return Limits()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"TOLLBOOK_READY_{first['loc'][0]}".upper()
        raise UsageError(f"{name}={first['input']}: {first['msg']}") from error
