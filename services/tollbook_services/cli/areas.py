"""`areas`: the areas that a name or a code means, and why."""

from typing import Annotated, Final

from cyclopts import Parameter
from rich.text import Text

from tollbook_schemas.errors import InputRefusedError
from tollbook_schemas.gazetteer import Gazetteer, default_gazetteer
from tollbook_services.area_search import Search, search
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.gazetteers import gazetteer_of
from tollbook_services.render import console, data, words
from tollbook_services.render.areas import found_table, names
from tollbook_services.settings import Settings
from tollbook_services.wiring import open_tollbook

_COLUMNS: Final = ("code", "name", "level", "inside", "same", "why")


async def areas(
    text: Annotated[str, Parameter(name="SEARCH", help="A name or a code, in any spelling.")],
    /,
    *,
    inside: Annotated[str | None, Parameter(help="Only inside this area, such as LB.")] = None,
    level: Annotated[
        tuple[int, ...],
        Parameter(
            negative_iterable="",
            help="Only this level: 0 countries, 1 their first level; repeat the option.",
        ),
    ] = (),
    crisis: Annotated[
        str | None, Parameter(help="As this crisis reads it [default: as all crises do].")
    ] = None,
    common: Common = COMMON,
) -> int:
    """Which areas a name or a code means: what an importer would take comes first.

    Leaves with 3 where nothing is called so; the nearest names are shown.
    """
    gazetteer = await _known(common.settings(), crisis)
    result = search(gazetteer, text, inside, level or None)
    _show(result, common)
    return 0 if result.found else InputRefusedError.exit_code


async def _known(settings: Settings, crisis: str | None) -> Gazetteer:
    """What the ledger knows; the built-in areas where there is no ledger yet to import into."""
    asked_for = settings.redis or settings.ledger or crisis
    if not asked_for and not settings.data.is_dir():
        return default_gazetteer()
    async with open_tollbook(settings) as book:
        return await gazetteer_of(book, crisis)


def _show(result: Search, common: Common) -> None:
    document = result.document
    match common.format:
        case "json":
            data.write_json(document)
        case "csv":
            rows = [{**one, "inside": names(one["inside"])} for one in document["areas"]]
            data.write_csv(_COLUMNS, rows)
        case _ if result.found:
            console.answer(found_table(document["areas"]), _verdict(document))
        case _ if document["nearest"]:
            console.answer(_nothing(document), found_table(document["nearest"]))
        case _:
            console.answer(_nothing(document))


def _verdict(document: dict[str, object]) -> Text:
    if document["ambiguous"]:
        return Text("Ambiguous: give the code, or narrow it with --inside and --level.")
    return Text(f"An import takes {document['code']}.")


def _nothing(document: dict[str, str]) -> Text:
    near = "; near it:" if document["nearest"] else ", or nearly so."
    return Text(f"No area is called {words.clean(document['search'])!r}{near}")
