"""The formats that can be imported, each a module that is loaded when it is used."""

from importlib import import_module
from typing import Final, Literal, cast, get_args

from tollbook_schemas.errors import UsageError
from tollbook_services.importing.rows import Importer

FormatName = Literal[
    "ucdp-ged", "iom-mmp", "acled", "idmc-idu", "tfp-daily", "tfp-revisions", "hxl", "csv"
]

FORMATS: Final[tuple[str, ...]] = get_args(FormatName)


def importer_of(name: str) -> Importer:
    """The importer of a format.

    Raises:
        UsageError: there is no such format.
    """
    if name not in FORMATS:
        raise UsageError(f"no format {name!r}: one of {', '.join(FORMATS)}")
    module = import_module(f"tollbook_services.importing.{name.replace('-', '_')}")
    return cast("Importer", module.IMPORTER)
