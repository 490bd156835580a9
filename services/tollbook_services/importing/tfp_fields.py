"""What the columns of Tech for Palestine's daily files count: whom, in which sense, by whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from tollbook_services.importing.rows import Document

Territory = Literal["gaza", "west_bank", "lebanon"]

AREAS: Final[Mapping[Territory, tuple[str, ...]]] = {
    "gaza": ("PS-DEB", "PS-GZA", "PS-KYS", "PS-NGZ", "PS-RFH"),
    "west_bank": (
        *("PS-BTH", "PS-HBN", "PS-JEM", "PS-JEN", "PS-JRH", "PS-NBS"),
        *("PS-QQA", "PS-RBH", "PS-SLT", "PS-TBS", "PS-TKM"),
    ),
    "lebanon": ("LB",),
}
"""The governorates, one number for all of them: ISO 3166-2 has no code for either territory."""

BEGINNING: Final[Mapping[Territory, str]] = {"gaza": "2023-10-07", "west_bank": "2023-10-07"}
"""The first day of the cumulative counts."""

PUBLISHER: Final = "tech-for-palestine"
SPEAKER: Final = "Tech for Palestine"

COUNTERS: Final[Mapping[Territory, str]] = {
    "gaza": "gaza-authorities",
    "west_bank": "un-ocha",
    "lebanon": "lebanon-moph",
}
"""Who counts. The Ministry of Health and the Government Media Office continue one count."""

FILLED: Final = "ext_"
"""Before the name of a column that the publisher fills in on days without a report."""

VERIFIED: Final = "verified."
"""Before the name of a column of what UN OCHA has verified."""

FLASH_SOURCE: Final = "flash_source"
"""Column of the West Bank: `un` where UN OCHA said it, `fill` where the publisher filled it in."""

FLASH_SOURCES: Final[Mapping[str, bool]] = {"un": True, "fill": False}
"""Whether UN OCHA said it."""

_FILL_NOTE: Final = "Not reported that day: filled in by the publisher. Held until reviewed."
_PERIOD_NOTE: Final = "Of a period whose length this file does not say: held until reviewed."


@dataclass(frozen=True, slots=True)
class Field:
    """What a column counts.

    Attributes:
        measure: of `Figure`.
        segment: whom.
        daily: an increment of the report's period; else cumulative.
        unit: of `Figure`.
        part: a part of the increment `killed`, which it is never added to.
    """

    measure: str
    segment: tuple[tuple[str, str], ...] = ()
    daily: bool = False
    unit: str = "person"
    part: bool = False


_CHILDREN: Final = (("age_band", "child"),)
_WOMEN: Final = (("sex", "female"), ("age_band", "adult"))

_OFFICIAL: Final[Mapping[str, Field]] = {
    "killed_cum": Field("killed"),
    "killed": Field("killed", daily=True),
    "injured_cum": Field("injured"),
    "injured": Field("injured", daily=True),
    "killed_children_cum": Field("killed", _CHILDREN),
    "killed_women_cum": Field("killed", _WOMEN),
    "med_killed_cum": Field("killed", (("group", "medical_personnel"),)),
    "press_killed_cum": Field("killed", (("group", "press"),)),
    "civdef_killed_cum": Field("killed", (("group", "civil_defence"),)),
}

_PARTS: Final[Mapping[str, Field]] = {
    f"killed_{name}": Field("killed", daily=True, part=True)
    for name in ("truce_new", "recovered", "succumbed", "committee")
}

_FLASH: Final[Mapping[str, Field]] = {
    "killed_cum": Field("killed"),
    "killed_children_cum": Field("killed", _CHILDREN),
    "injured_cum": Field("injured"),
    "injured_children_cum": Field("injured", _CHILDREN),
    "displaced_persons_cum": Field("displaced"),
    "displaced_households_cum": Field("displaced", unit="household"),
    "displaced_children_cum": Field("displaced", _CHILDREN),
}

_VERIFIED: Final[Mapping[str, Field]] = {
    f"{VERIFIED}{measure}{who}{sense}": Field(measure, segment, daily=not sense)
    for measure in ("killed", "injured")
    for who, segment in (("", ()), ("_children", _CHILDREN))
    for sense in ("", "_cum")
}

FIELDS: Final[Mapping[Territory, Mapping[str, Field]]] = {
    "gaza": {
        **_OFFICIAL,
        **_PARTS,
        **{f"{FILLED}{name}": field for name, field in _OFFICIAL.items()},
    },
    "west_bank": {**_FLASH, **_VERIFIED},
    "lebanon": {"killed_cum": Field("killed"), "injured_cum": Field("injured")},
}
"""By territory and column. Other columns count nothing here: they are kept, and told as such."""


def is_flash(territory: Territory, column: str) -> bool:
    """Whether `flash_source` says who said what stands in a column."""
    return territory == "west_bank" and column in _FLASH


def counter_of(territory: Territory, column: str, *, flash: bool) -> str:
    """The slug of who counted what stands in a column.

    Args:
        territory: where.
        column: a key of `FIELDS`.
        flash: whether `flash_source` is known to be `un`.
    """
    filled = column.startswith(FILLED) or (is_flash(territory, column) and not flash)
    return PUBLISHER if filled else COUNTERS[territory]


def figure_of(
    territory: Territory, column: str, quantity: Document, day: str, counter: str, start: str | None
) -> Document:
    """A figure.

    Args:
        territory: where.
        column: a key of `FIELDS`, and the id of the figure.
        quantity: how many.
        day: the report's day, an ISO date.
        counter: who counted.
        start: the first day of the report's period; None where it is not known.
    """
    field = FIELDS[territory][column]
    figure: dict[str, Any] = {
        "id": column,
        "originator": counter,
        "measure": field.measure,
        "unit": field.unit,
        "quantity": quantity,
        "areas": list(AREAS[territory]),
        "described_as": column,
        **_sense(territory, field, day, start),
    }
    if field.segment:
        figure["segment"] = dict(field.segment)
    if column.startswith(VERIFIED):
        figure |= {"coverage": "partial", "status": "verified"}
    if counter == PUBLISHER:
        figure |= {"role": "held", "status": "preliminary", "note": _FILL_NOTE}
    elif field.daily and start is None:
        figure |= {"role": "held", "note": _PERIOD_NOTE}
    return figure


def _sense(territory: Territory, field: Field, day: str, start: str | None) -> Document:
    if field.daily:
        window = {"end": day} if start is None else {"start": start, "end": day}
        return {"basis": "increment", "window": window, "as_of": day}
    begun = BEGINNING.get(territory)
    sense: Document = {"basis": "cumulative", "as_of": day}
    return sense | ({"window": {"start": begun, "end": day}} if begun else {})
