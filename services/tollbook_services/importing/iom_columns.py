"""What the columns of IOM's incidents are called in its JSON, and in its website's files."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Final, Self

from tollbook_schemas.errors import UsageError

_SPELLINGS: Final = {
    "id": ("web_id", "Web ID", "Main ID"),
    "incidents": ("Incident ID",),
    "kind": ("Incident Type",),
    "day": ("reported_date", "Reported Date", "Incident Date"),
    "dead": ("number_dead", "Number Dead", "Number of Dead"),
    "missing": ("number_missing", "Minimum Estimated Number of Missing"),
    "survivors": ("number_of_survivors", "Number of Survivors"),
    "female": ("number_of_female", "Number of Females"),
    "male": ("number_of_male", "Number of Males"),
    "children": ("number_of_children", "Number of Children"),
    "country": ("country_of_incident", "Country of Incident"),
    "source": ("information_source", "Information Source"),
    "quality": ("source_quality", "Source Quality"),
    "url": ("url", "URL"),
}
"""Field of `Columns` to what it is called: in the JSON, in the CSV until 2021, and since."""

_NEEDED: Final = ("id", "day", "dead", "missing", "country")

_NO_WORD: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file, each by the name it has there; else by its name in the JSON.

    Attributes:
        id: of the row; on the website `Main ID`, which may stand over several incidents.
        incidents: the ids of the incidents that the row is of, with commas between them.
        kind: incident, cumulative incident or split incident.
        day: of the incident.
        dead: people whose bodies were found.
        missing: people who are missing and presumed dead.
        survivors: people who survived.
        female: of the dead and missing.
        male: the same.
        children: the same.
        country: where it happened; of a split incident several, with commas between them.
        source: who reported it to the project.
        quality: 1 to 5.
        url: one page or several.
    """

    id: str
    incidents: str
    kind: str
    day: str
    dead: str
    missing: str
    survivors: str
    female: str
    male: str
    children: str
    country: str
    source: str
    quality: str
    url: str

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, names: tuple[str, ...]) -> Self:
        """Those of a row with these names; case, spaces and underscores do not matter."""
        known = {_plain(name): name for name in names}
        return cls(*(_first(known, _SPELLINGS[field.name]) for field in fields(cls)))

    def check(self, file: str, names: Iterable[str]) -> None:
        """Check that a file has what a report needs.

        Raises:
            UsageError: a column is missing; the message says what would be right.
        """
        there = tuple(names)
        absent = [name for name in _NEEDED if getattr(self, name) not in there]
        if not absent:
            return
        if absent == ["country"]:
            raise UsageError(
                f"{file}: no column says in which country: the website's files have "
                f"{_SPELLINGS['country'][-1]!r} only since 2022. Take a newer one, or give this "
                "one a column of that name"
            )
        wanted = ", ".join(" or ".join(map(repr, _SPELLINGS[name])) for name in absent)
        raise UsageError(f"{file}: no column {wanted}; it has {', '.join(there)}")


def _first(known: dict[str, str], spellings: tuple[str, ...]) -> str:
    found = (known.get(_plain(one)) for one in spellings)
    return next((one for one in found if one is not None), spellings[0])


def _plain(name: str) -> str:
    """A name as its words: `Number.of.Dead` and `number_of_dead` are one."""
    return _NO_WORD.sub(" ", name).strip().casefold()
