"""Which figures a check can be about, so that a question about now reads no others.

Cells of now are stored. Checks are worked out anew for each question, but in a crisis of very many
incidents hardly any figure can be in one: an incident that no figure names, and that names none,
is added to a sum and to nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping

from tollbook_projections.consolidation.checks import globals_of
from tollbook_projections.filing import Document

_NAMING = ("components", "restates", "part_of")
"""Fields of a figure that name others, or have others hold it against them."""


def checkable(figures: Iterable[Document], acts: Iterable[Document]) -> list[Document]:
    """The figures without those that no check can be about.

    Left out are figures of a basis `incident` that count as they were filed, that no act is about,
    that name no other figure and that none names. One of each kind stays, so that the crisis
    counts what it counted. A cut of the same people (`triangulation`) is held against a whole
    toll: where there is one, all figures stay.

    Args:
        figures: documents of `filing.filed_figures`.
        acts: documents of `filing.acts`.
    """
    filed = list(figures)
    bodies: list[Mapping[str, object]] = [one["figure"] for one in filed]
    done = list(acts)
    if any(body.get("role") == "triangulation" for body in bodies) or any(
        act["data"].get("role") == "triangulation" for act in done
    ):
        return filed
    named = {act["figure"] for act in done}
    for document in filed:
        named.update(_named(document))
    kept, kinds = [], set[tuple[str, str]]()
    for document in filed:
        body = document["figure"]
        if document["id"] in named or not _alone(body):
            kept.append(document)
        elif (kind := (body["measure"], body["unit"])) not in kinds:
            kinds.add(kind)
            kept.append(document)
    return kept


def _alone(body: Mapping[str, object]) -> bool:
    """Whether a figure is one of an incident, counts, and names no other one."""
    if body["basis"] != "incident" or body.get("role", "counted") != "counted":
        return False
    return not any(body.get(name) for name in _NAMING)


def _named(document: Document) -> Iterator[str]:
    body, figure = document["figure"], document["id"]
    for name in _NAMING:
        told = body.get(name)
        if told:
            yield from globals_of(figure, (told,) if isinstance(told, str) else told)
