"""Lebanon as it was until 2003: six governorates, made from the districts of the eight of today."""

from datetime import date
from typing import Final

from tollbook_schemas.gazetteer import GazetteerVersion, PublishedArea

REFORM: Final = date(2016, 8, 22)
"""The day of OCHA's table with eight governorates, and so of the built-in one."""

GOVERNORATES_OF_SIX: Final = {
    "LB1": ("Beirut", ("LB11",)),
    "LB2": ("Bekaa", ("LB21", "LB22", "LB23", "LB24", "LB25")),
    "LB3": ("Mount Lebanon", ("LB31", "LB32", "LB33", "LB34", "LB35", "LB36")),
    "LB4": ("El Nabatieh", ("LB41", "LB42", "LB43", "LB44")),
    "LB5": ("North", ("LB51", "LB52", "LB53", "LB54", "LB55", "LB56", "LB57")),
    "LB6": ("South", ("LB61", "LB62", "LB63")),
}
"""Name and districts of each governorate before Akkar (LB51) and Baalbek-Hermel (LB21, LB22)."""


def six_governorates(
    valid_from: date = date(1983, 1, 1), *, districts: bool = True
) -> GazetteerVersion:
    """Lebanon with six governorates, with or without its districts."""
    areas = []
    for code, (name, inside) in GOVERNORATES_OF_SIX.items():
        areas.append(PublishedArea(code, name, None))
        areas.extend(PublishedArea(one, one, code) for one in inside if districts)
    return GazetteerVersion("own-lbn/1983", "LBN", valid_from, tuple(areas))
