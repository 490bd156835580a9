"""What crises are read with: policies and gazetteers, published as events with an id."""

from collections.abc import Iterator
from typing import Annotated, Self, get_args

from pydantic import Field, field_validator, model_validator

from tollbook_schemas.limits import (
    ALIASES_MAX,
    FAULTS_MAX,
    GAZETTEER_AREAS_MAX,
    GAZETTEER_LEVEL_MAX,
    HOUSEHOLD_PERSONS_MAX,
    HOUSEHOLDS_MAX,
    INTEGER_MAX,
    SOURCES_RANKED_MAX,
)
from tollbook_schemas.model import Model, Place, Refusal, refuse
from tollbook_schemas.nearest import nearest
from tollbook_schemas.policy import default_policy
from tollbook_schemas.quantity import Word
from tollbook_schemas.text import (
    AreaCode,
    DayText,
    Name,
    Reason,
    ReferenceId,
    Slug,
    Url,
)
from tollbook_schemas.withholding import FieldName

WordCount = Annotated[int, Field(ge=0, le=INTEGER_MAX)]
Persons = Annotated[int, Field(ge=1, le=HOUSEHOLD_PERSONS_MAX)]
Percent = Annotated[int, Field(ge=0, le=100)]


class WordRange(Model):
    """The numbers a word may stand for, both ends included."""

    from_: Annotated[WordCount, Field(alias="from", description="The lowest number.")]
    to: WordCount
    """The highest number."""

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.from_ > self.to:
            text = (
                f"the range runs backwards, from {self.from_} to {self.to}: "
                f"write from {self.to} to {self.from_}"
            )
            refuse([(("from",), text)])
        return self


class HouseholdSizes(Model):
    """Persons per household, where no figure says how many they were (R15)."""

    generic: Persons | None = None
    by_area: Annotated[dict[AreaCode, Persons], Field(max_length=HOUSEHOLDS_MAX)] | None = None
    """By area code, for households that came from it."""


class PolicyPublished(Model):
    """How numbers are made from figures, as a version with an id; what it leaves out is default."""

    policy: ReferenceId
    """Id of this version, such as desk/v2; printed with every result."""
    source_rank: (
        Annotated[tuple[Slug, ...], Field(strict=False, max_length=SOURCES_RANKED_MAX)] | None
    ) = None
    """Originators whose best value is preferred, the first one first."""
    lexical: dict[Word, WordRange] | None = None
    """Word by word, the numbers it may stand for."""
    approximately_tolerance: Percent | None = None
    """Percent by which a check may miss an `approximately`."""
    household_sizes: HouseholdSizes | None = None
    sensitive: (
        Annotated[tuple[FieldName, ...], Field(strict=False, max_length=len(get_args(FieldName)))]
        | None
    ) = None
    """Fields that are kept apart of whatever is recorded from then on, such as figures.place."""
    reason: Reason
    """1 to 2,000 characters saying why."""

    @field_validator("policy")
    @classmethod
    def _is_not_built_in(cls, value: str) -> str:
        if value == default_policy().id:
            raise ValueError(f"{value} is built in and stays what it is: choose another id")
        return value

    @model_validator(mode="after")
    def _ranks_each_once(self) -> Self:
        ranked = self.source_rank or ()
        wrong: list[Refusal] = [
            (("source_rank", position), f"{slug!r} is already ranked: name it once")
            for position, slug in enumerate(ranked)
            if slug in ranked[:position]
        ]
        if wrong:
            refuse(wrong)
        return self


class PublishedArea(Model):
    """One area of a published gazetteer."""

    code: AreaCode
    """Its code: the ISO 3166-2 code where one exists, else the P-code."""
    name: Name
    """The name to print."""
    level: Annotated[int, Field(ge=1, le=GAZETTEER_LEVEL_MAX)]
    """1 for what lies directly in the country, and one more for each step down."""
    parent: AreaCode | None
    """Code of the area around it; null where that is the country."""
    same: Annotated[tuple[AreaCode, ...], Field(strict=False, max_length=ALIASES_MAX)] = ()
    """Other codes of exactly this area."""
    also: Annotated[tuple[Name, ...], Field(strict=False, max_length=ALIASES_MAX)] = ()
    """Its other names, in any language."""


class GazetteerPublished(Model):
    """The areas of one country as they were drawn from a day on."""

    gazetteer: ReferenceId
    """Id of this version, such as cod-ab-lbn/2016-08-22."""
    country: AreaCode
    """ISO 3166-1 code or P-code of the country."""
    valid_from: DayText
    """The first day on which the areas were drawn like this, such as 2016-08-22."""
    areas: Annotated[
        tuple[PublishedArea, ...], Field(strict=False, min_length=1, max_length=GAZETTEER_AREAS_MAX)
    ]
    """All areas below the country; parents may come in any order."""
    url: Url | None = None
    reason: Reason
    """1 to 2,000 characters saying why."""

    @model_validator(mode="after")
    def _is_a_tree(self) -> Self:
        wrong = list(self._wrong())
        if wrong:
            refuse(wrong)
        return self

    def _wrong(self) -> Iterator[Refusal]:
        yield from self._repeated()
        levels = {area.code: area.level for area in self.areas} | {self.country: 0}
        hinted = 0
        for position, area in enumerate(self.areas):
            parent = self.country if area.parent is None else area.parent
            level = levels.get(parent)
            if level is None:
                hinted += 1
                near = nearest(parent, sorted(levels)) if hinted <= FAULTS_MAX else ""
                text = f"no area {parent!r} in this gazetteer{near}: add it, or name the country"
                yield ("areas", position, "parent"), text
            elif area.level != level + 1:
                text = (
                    f"{area.code} has level {area.level} and lies in {parent} of level {level}: "
                    f"its level must be {level + 1}, or its parent another"
                )
                yield ("areas", position, "level"), text

    def _repeated(self) -> Iterator[Refusal]:
        first = {self.country: "/data/country"}
        for position, area in enumerate(self.areas):
            codes: list[tuple[Place, str]] = [(("code",), area.code)]
            codes += [(("same", index), code) for index, code in enumerate(area.same)]
            for place, code in codes:
                if code in first:
                    text = f"the code {code!r} is already used by {first[code]}: a code is one area"
                    yield ("areas", position, *place), text
                here = "/".join(map(str, ("", "data", "areas", position, *place)))
                first.setdefault(code, here)
