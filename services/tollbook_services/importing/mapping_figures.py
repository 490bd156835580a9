"""The figures that a mapping file makes of a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tollbook_services.importing.cells import refused
from tollbook_services.importing.mapping import (
    AreaMap,
    FigureFields,
    FigureMap,
    Mapping,
    QuantityMap,
    SegmentMap,
    WindowMap,
)
from tollbook_services.importing.mapping_areas import where
from tollbook_services.importing.mapping_row import Values
from tollbook_services.importing.mapping_value import DayValue, TextValue
from tollbook_services.importing.reports import estimate, exactly
from tollbook_services.importing.rows import WHOLE_ROW, Context, Document

_TEXTS: Final = (
    "originator",
    "incident",
    "place",
    "precision",
    "described_as",
    "note",
    "mode",
    "coverage",
    "role",
    "status",
    "dated_by",
)
_MOVES: Final = ("origin", "destination")
_NO_NUMBER: Final = "no number here, nor in any other column of a figure"
_SEGMENT: Final = ("status", "group", "community", "sex", "age_band")
_WITHOUT_VALUE: Final = ("unquantified", "none_reported", "unknown")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a mapping says of one figure, with what it says of all of them.

    Attributes:
        one: the figure's own part of the mapping.
        unit: its unit; `basis`, `areas`, `as_of` and `window` likewise.
        texts: its further fields that are texts, and whence.
        moves: origin and destination.
    """

    one: FigureMap
    unit: TextValue
    basis: TextValue
    areas: AreaMap
    as_of: DayValue | None
    window: WindowMap | None
    texts: tuple[tuple[str, TextValue], ...]
    moves: tuple[tuple[str, AreaMap], ...]


def plans_of(mapping: Mapping) -> tuple[Plan, ...]:
    """A plan for each figure of a mapping."""
    return tuple(_plan(mapping, one) for one in mapping.figures)


def _plan(mapping: Mapping, one: FigureMap) -> Plan:
    given = {
        name: own if (own := getattr(one, name)) is not None else getattr(mapping.every, name)
        for name in FigureFields.model_fields
    }
    return Plan(
        one=one,
        unit=given["unit"],
        basis=given["basis"],
        areas=given["areas"] or mapping.areas,
        as_of=given["as_of"],
        window=given["window"],
        texts=tuple((name, given[name]) for name in _TEXTS if given[name] is not None),
        moves=tuple((name, given[name]) for name in _MOVES if given[name] is not None),
    )


class Figures:
    """Makes the figures of one row.

    Attributes:
        figures: those that the row gives.
        statements: those whose place is said not to be known, as words.
    """

    def __init__(self, plans: Sequence[Plan], values: Values, context: Context) -> None:
        """Take the plans, the row and what the import is about."""
        self._plans = plans
        self._values = values
        self._context = context
        self.figures: list[Document] = []
        self.statements: list[Document] = []

    def make(self, speaker: str) -> None:
        """Fill `figures` and `statements`.

        Raises:
            RowError: a cell cannot be understood, or the row has no number at all.
        """
        for plan in self._plans:
            if self._values.hold(plan.one.where):
                self._add(plan, speaker)
        if not self.figures and not self.statements:
            raise refused(_first_column(self._plans), _NO_NUMBER)

    def _add(self, plan: Plan, speaker: str) -> None:
        one, at = plan.one, f"/data/figures/{len(self.figures)}"
        quantity = self._quantity(one.quantity, f"{at}/quantity")
        if quantity is None:
            return
        segment = self._segment(one.segment, f"{at}/segment")
        measure = self._values.needed(one.measure, f"{at}/measure")
        name = one.id or ".".join((measure, *segment.values()))
        place = where(self._values, plan.areas, self._context, f"{at}/areas")
        if place.unknown is not None:
            text = f"{name}: {told(quantity)}, in {place.unknown!r}, which is no area."
            told_by = {"speaker": speaker, "kind": "claim", "text": text}
            self.statements.append({"id": name, **told_by})
            return
        if not place.codes:
            raise refused(_area_column(plan.areas), "is empty: a figure needs at least its country")
        figure = {
            "id": name,
            "measure": measure,
            "unit": self._values.needed(plan.unit, f"{at}/unit"),
            "quantity": quantity,
            "segment": segment,
            "areas": list(place.codes),
            "basis": self._values.needed(plan.basis, f"{at}/basis"),
            "part_of": one.part_of,
            "place": place.spot,
            "as_of": self._values.moment(plan.as_of, f"{at}/as_of"),
            "window": self._window(plan.window, f"{at}/window"),
        }
        figure |= self._more(plan, at)
        self.figures.append({key: value for key, value in figure.items() if value})

    def _more(self, plan: Plan, at: str) -> Document:
        """What a figure may say besides."""
        found: Document = {}
        for name, value in plan.texts:
            if (text := self._values.text(value, f"{at}/{name}")) is not None:
                found[name] = text
        for name, areas in plan.moves:
            found[name] = list(where(self._values, areas, self._context, f"{at}/{name}").codes)
        return found

    def _window(self, window: WindowMap | None, at: str) -> Document:
        if window is None:
            return {}
        ends = {
            "start": self._values.moment(window.start, f"{at}/start"),
            "end": self._values.moment(window.end, f"{at}/end"),
        }
        return {end: moment for end, moment in ends.items() if moment is not None}

    def _segment(self, segment: SegmentMap, at: str) -> dict[str, str]:
        found = {
            name: self._values.text(getattr(segment, name), f"{at}/{name}") for name in _SEGMENT
        }
        return {name: text for name, text in found.items() if text is not None}

    def _quantity(self, quantity: QuantityMap, at: str) -> Document | None:
        """How many; None where the row has no number for it."""
        if quantity.value or quantity.word or quantity.qualifier:
            found = self._single(quantity, at)
        else:
            ends = [
                self._values.count(getattr(quantity, name), f"{at}/{place}")
                for name, place in (("low", "from"), ("best", "value"), ("high", "to"))
            ]
            found = _estimate(quantity, *ends)
        printed = self._values.text(quantity.text, f"{at}/text")
        return found if found is None or printed is None else found | {"text": printed}

    def _single(self, quantity: QuantityMap, at: str) -> Document | None:
        value = self._values.count(quantity.value, f"{at}/value")
        qualifier = self._values.text(quantity.qualifier, f"{at}/qualifier")
        if value is None:
            if (word := self._values.text(quantity.word, f"{at}/word")) is not None:
                return {"qualifier": "lexical", "word": word}
            return {"qualifier": qualifier} if qualifier in _WITHOUT_VALUE else None
        if qualifier in (None, "exactly"):
            return exactly(value)
        if qualifier in _WITHOUT_VALUE and not value:
            return {"qualifier": qualifier}
        return {"qualifier": qualifier, "value": value}


def _first_column(plans: Sequence[Plan]) -> str:
    quantity = plans[0].one.quantity
    for name in ("value", "best", "low", "high", "word"):
        value = getattr(quantity, name)
        if value is not None and value.column is not None:
            return str(value.column)
    return WHOLE_ROW


def _area_column(areas: AreaMap) -> str:
    values = [areas.codes, *(value for _, value in areas.levels())]
    return next((value.columns[0] for value in values if value and value.columns), WHOLE_ROW)


def _estimate(
    quantity: QuantityMap, low: int | None, best: int | None, high: int | None
) -> Document | None:
    try:
        return estimate(low, best, high)
    except ValueError as error:
        missing = quantity.high if high is None else quantity.low
        column = missing.column if missing is not None else None
        raise refused(column or "", str(error)) from None


def told(quantity: Document) -> str:
    """A quantity in words, for a statement: `exactly 3`, `between 1 and 30, best 2`."""
    match quantity:
        case {"qualifier": "between", "from": low, "to": high}:
            best = f", best {quantity['value']}" if "value" in quantity else ""
            return f"between {low} and {high}{best}"
        case {"qualifier": str(qualifier)}:
            amount = quantity.get("value", quantity.get("word", ""))
            return f"{qualifier.replace('_', ' ')} {amount}".strip()
        case _:
            raise AssertionError(quantity)
