"""Questions as they come in a query string."""

from dataclasses import replace
from typing import Annotated, Final, Literal

from fastapi import Depends, Path, Query

from tollbook_schemas.figure import Measure
from tollbook_services.queries import Question

Crisis = Annotated[
    str, Path(description="Slug of the crisis.", pattern=r"^[a-z0-9-]{1,64}$", max_length=64)
]

_FORMAT: Final = Query(alias="format", description="Format, instead of the header `Accept`.")

CellFormat = Annotated[Literal["json", "csv", "hxl", "geojson", "parquet"] | None, _FORMAT]
StepFormat = Annotated[Literal["json", "csv", "hxl", "parquet"] | None, _FORMAT]
SheetFormat = Annotated[Literal["json", "csv"] | None, _FORMAT]
ListFormat = Annotated[Literal["json", "ndjson"] | None, _FORMAT]
"""Formats by `?format=`; `formats.chosen_format` reads the choice."""


def question(  # noqa: PLR0913 - each is a parameter of the query string
    *,
    measure: Annotated[Measure | None, Query(description="Only this measure.")] = None,
    area: Annotated[
        str | None, Query(max_length=200, description="Only this area and what lies inside it.")
    ] = None,
    originator: Annotated[
        str | None, Query(max_length=200, description="Only what this originator counted.")
    ] = None,
    as_of: Annotated[
        str | None, Query(max_length=200, description="Cut-off of the originators.")
    ] = None,
    published_as_of: Annotated[
        str | None, Query(max_length=200, description="Only what had been published by then.")
    ] = None,
    known_as_of: Annotated[
        str | None,
        Query(
            max_length=200,
            description="Only what this ledger had recorded by then: a time, a sequence, or "
            "`<partition>:<sequence>`.",
        ),
    ] = None,
    policy: Annotated[
        str | None, Query(max_length=200, description="With this policy, not the one in force.")
    ] = None,
    min_position: Annotated[
        str | None,
        Query(max_length=200, description="Wait until the view has this position of a receipt."),
    ] = None,
) -> Question:
    """The question of a request: the same for every view."""
    return Question(
        measure=measure,
        area=area,
        originator=originator,
        as_of=as_of,
        published_as_of=published_as_of,
        known_as_of=known_as_of,
        policy=policy,
        min_position=min_position,
        fresh=False,
    )


Asked = Annotated[Question, Depends(question)]


def with_persons(
    *,
    asked: Asked,
    persons: Annotated[
        bool, Query(description="Say families in persons too, by a rule that is named.")
    ] = False,
) -> Question:
    """A question about displacement."""
    return replace(asked, persons=persons)


AskedOfPersons = Annotated[Question, Depends(with_persons)]
