"""Names of areas in the language of a page."""

import re
from functools import cache
from typing import Final

from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.world import spoken_names

_ARABIC: Final = re.compile("[\u0600-\u06ff]")


def area_name(gazetteer: Gazetteer, code: str, language: str) -> str:
    """The name of an area; in Arabic where one is known, else the gazetteer's own."""
    own = gazetteer.name(code)
    if language != "ar":
        return own
    return _arabic().get(gazetteer.canonical(code), own)


@cache
def _arabic() -> dict[str, str]:
    found = {}
    for code, names in spoken_names().usual.items():
        arabic = next((one for one in names if _ARABIC.search(one)), None)
        if arabic is not None:
            found[code] = arabic
    return found
