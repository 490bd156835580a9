"""Everything an operator can set, read once at the entry point into one frozen model."""

from pathlib import Path
from typing import Any, Final

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from tollbook_schemas.errors import UsageError
from tollbook_services.engine_url import REPLICAS_MAX, with_replicas
from tollbook_services.passwords import with_password
from tollbook_services.shown import safe_url

DEFAULT_DATA: Final = Path(".tollbook")
PARTITIONS_MAX: Final = 1024
"""Partitions of a ledger: each costs a projector loop, and no machine here runs more."""

PROJECTORS_MAX: Final = 64
"""Projectors beside one `serve`: each is a process, and more than cores are of no use."""


class Settings(BaseSettings):
    """Options of the command line win over `TOLLBOOK_*` variables, and these over defaults.

    Attributes:
        data: directory of the embedded store.
        redis: URL of an outside Redis or Valkey, of a cluster, or of Sentinels; None means the
            embedded store.
        replicas: how many replicas have to have an event on disk before it is acknowledged.
        redis_password_file: holds the password for `redis`, which then carries it.
        ledger: id of the ledger that has to be there; None means whichever is.
        partitions: ledger partitions, used only when a ledger is created.
        projectors: how many `serve` runs; they share the partitions.
        signing_key: private key that seals, as text; in no log and no error.
        signing_key_file: holds the private key that seals; the embedded store has one of its own.
        signing_key_name: names the key that is made where its file is not there yet.
        visible_timeout_s: seconds `publish` waits for the read models to show its events.
    """

    model_config = SettingsConfigDict(
        env_prefix="TOLLBOOK_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    data: Path = DEFAULT_DATA
    redis: str | None = None
    redis_password_file: Path | None = None
    replicas: int = Field(default=0, ge=0, le=REPLICAS_MAX)
    ledger: str | None = None
    partitions: int = Field(default=4, ge=1, le=PARTITIONS_MAX)
    projectors: int = Field(default=1, ge=1, le=PROJECTORS_MAX)
    signing_key: SecretStr | None = None
    signing_key_file: Path | None = None
    signing_key_name: str | None = None
    visible_timeout_s: float = Field(default=30.0, gt=0)

    @property
    def key_file(self) -> Path | None:
        """Where the private key is that seals; None where it has to be named and is not."""
        if self.signing_key_file is not None or self.redis is not None:
            return self.signing_key_file
        return self.data.resolve() / "keys" / "signing"

    @property
    def place(self) -> str:
        """Where the ledger is, as it may be shown: the directory, or the URL without password."""
        if self.redis is None:
            return str(self.data)
        return safe_url(self.redis)


def read_settings(
    *, data: Path | None = None, redis: str | None = None, ledger: str | None = None
) -> Settings:
    """The settings of this process; what is None comes from the environment or the default.

    `data` given without `redis` means the embedded store there, whatever `TOLLBOOK_REDIS` and
    `TOLLBOOK_LEDGER` say.

    Raises:
        UsageError: a `TOLLBOOK_*` variable has a value that cannot be meant.
    """
    given: dict[str, Any] = {}
    if data is not None:
        given = {"data": data, "redis": redis, "ledger": ledger}
    elif redis is not None:
        given = {"redis": redis}
    if ledger is not None:
        given["ledger"] = ledger
    try:
        settings = Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = "TOLLBOOK_" + "_".join(map(str, first["loc"])).upper()
        raise UsageError(f"{name}={first['input']}: {first['msg']}") from error
    if settings.redis is None:
        return settings
    url = with_replicas(settings.redis, settings.replicas)
    if settings.redis_password_file is not None:
        url = with_password(url, settings.redis_password_file)
    return settings.model_copy(update={"redis": url})
