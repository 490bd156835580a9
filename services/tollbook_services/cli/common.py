"""Options that several commands share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from tollbook_schemas.figure import Measure
from tollbook_services.settings import Settings, read_settings

Format = Literal["table", "json", "csv"]

SHARED = Group("Where and how", sort_key=90)
TIMES = Group("Which moment", sort_key=80)


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Where:
    """Where the ledger is."""

    data: Annotated[
        Path | None,
        Parameter(
            group=SHARED,
            help="Directory of the embedded store [TOLLBOOK_DATA; default: .tollbook].",
        ),
    ] = None
    redis: Annotated[
        str | None,
        Parameter(
            group=SHARED,
            help="URL of a Redis, Valkey, cluster or Sentinels to use instead [TOLLBOOK_REDIS].",
        ),
    ] = None
    ledger: Annotated[
        str | None,
        Parameter(
            group=SHARED,
            help="Id of the ledger that has to be there; another one is refused [TOLLBOOK_LEDGER].",
        ),
    ] = None

    def settings(self) -> Settings:
        """The settings with what the command line gave."""
        return read_settings(data=self.data, redis=self.redis, ledger=self.ledger)


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Common(Where):
    """Where the ledger is and how the answer is shown."""

    format: Annotated[
        Format, Parameter(group=SHARED, help="A table for people; JSON or CSV for programs.")
    ] = "table"


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of a crisis is asked for, and as of when."""

    measure: Annotated[Measure | None, Parameter(help="Only this measure.")] = None
    area: Annotated[
        str | None, Parameter(help="Only this area and what lies inside it (ISO or P-code).")
    ] = None
    originator: Annotated[str | None, Parameter(help="Only what this originator counted.")] = None
    as_of: Annotated[
        str | None,
        Parameter(group=TIMES, help="Cut-off of the originators: a date or a date-time."),
    ] = None
    published_as_of: Annotated[
        str | None, Parameter(group=TIMES, help="Only what had been published by then.")
    ] = None
    known_as_of: Annotated[
        str | None,
        Parameter(
            group=TIMES,
            help="Only what this ledger had recorded by then: a time, or a sequence.",
        ),
    ] = None
    policy: Annotated[
        str | None, Parameter(help="With this published policy instead of the one in force.")
    ] = None
    min_position: Annotated[
        str | None,
        Parameter(
            group=TIMES,
            help="Answer only once the view has this position: one of a receipt or a view.",
        ),
    ] = None


WHERE = Where()
COMMON = Common()
ASKED = Asked()
