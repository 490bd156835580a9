"""The derivation of one number, as numbered steps that can be worked out again by hand."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from tollbook_projections.query import MOVEMENTS
from tollbook_schemas.errors import OptionError
from tollbook_services import queries
from tollbook_services.access.roles import Action
from tollbook_services.api.asking import Crisis
from tollbook_services.api.security import needs
from tollbook_services.site.asking import Asked, Held
from tollbook_services.site.crisis_frame import Given, PageNumber, crisis_page
from tollbook_services.site.row_weights import cut, weight

Document = Mapping[str, Any]
Part = tuple[str, Document]
"""A row of the page: `counts`, `considered`, `step` or `proof`, and what it shows."""

RULES: Final = frozenset(f"R{number}" for number in range(1, 19))
"""The rules of docs/domain.md that have a sentence in the catalogues."""

router = APIRouter(
    prefix="/crises/{crisis}", include_in_schema=False, dependencies=[Depends(needs(Action.READ))]
)


@router.get("/explain")
async def explain(
    request: Request,
    running: Held,
    crisis: Crisis,
    asked: Asked,
    cell: Annotated[str, Query(min_length=1, max_length=1000)],
    number: PageNumber = 1,
) -> Response:
    """How one number came about: figures, rules in order, checks, events with proofs."""
    if "\0" in cell:
        raise OptionError("cell", "a cell id has no NUL in it")
    book = running.book

    async def made() -> Given:
        document = await queries.explain(book, crisis, asked, cell)
        parts = [
            *_considered(document, counting=True),
            *_steps(document),
            *_proofs(document),
            *_considered(document, counting=False),
        ]
        ends = {
            result["step"]: bound
            for bound, result in document["value"].items()
            if result["step"] is not None
        }
        shown = cut(parts, number, _part_weight)
        checks = await _checks(running, crisis, asked, document)
        return {
            "document": document,
            "cell": document["cell"],
            "checks": checks,
            "ends": ends,
            "shown_steps": {one["n"] for kind, one in shown["rows"] if kind == "step"},
            "step_page": lambda step: page_of(parts, step),
            "known_rule": RULES.__contains__,
            **shown,
        }

    return await crisis_page(request, running, crisis, asked, "figures/explain.html", made)


def page_of(parts: Sequence[Part], step: int) -> int:
    """The page that a step is on."""
    number = 1
    while (shown := cut(parts, number, _part_weight))["more"]:
        if any(kind == "step" and one["n"] == step for kind, one in shown["rows"]):
            return number
        number += 1
    return number


def _considered(document: Document, *, counting: bool) -> list[Part]:
    """A row for each figure that counts, or for each other one, of each originator in turn."""
    return [
        ("counts" if counting else "considered", {**figure, "originator": one["originator"]})
        for one in document["originators"]
        for figure in one["considered"]
        if (figure["standing"] == "current") == counting
    ]


def _steps(document: Document) -> list[Part]:
    return [("step", step) for step in document["steps"]]


def _proofs(document: Document) -> list[Part]:
    return [("proof", proof) for proof in document["proofs"]]


async def _checks(running: Any, crisis: str, asked: Any, document: Document) -> list[Document]:
    """The checks of figures that the number rests on."""
    cell = document["cell"]
    ask = queries.displacement if cell["measure"] in MOVEMENTS else queries.tolls
    figures = set(cell["figures"])
    every = (await ask(running.book, crisis, asked))["checks"]
    return [one for one in every if one["figure"] in figures]


def _part_weight(part: Part) -> int:
    kind, one = part
    match kind:
        case "considered" | "counts":
            acts = [act["reason"] for act in one["acts"]]
            return weight(700, one["figure"], one["figure"], one["why"], *acts)
        case "step":
            figures = [name for term in one["terms"] for name in term["figures"][:4]]
            terms = [term["says"] for term in one["terms"]]
            return weight(700 + 130 * len(terms), one["about"], one["says"], *terms) + sum(
                2 * weight(60, name) for name in figures
            )
        case _:
            return weight(400, one["source"], one["id"], one["source"], one["id"])
