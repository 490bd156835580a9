"""One publication by an originator: its figures and statements, filed together."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Self

from pydantic import Field, model_validator

from tollbook_schemas.ext import Ext
from tollbook_schemas.figure import Figure
from tollbook_schemas.limits import FAULTS_MAX, FIGURES_MAX, STATEMENTS_MAX
from tollbook_schemas.model import Model, Refusal, refuse
from tollbook_schemas.nearest import nearest
from tollbook_schemas.redaction import Sensitive, WithheldFields
from tollbook_schemas.text import (
    DateText,
    FigureId,
    Language,
    Name,
    Note,
    References,
    Slug,
    Title,
    Url,
    Words,
)


class Statement(Model):
    """What somebody said about the crisis, and which figures it is about."""

    id: FigureId
    """Unique among the statements of its report."""
    speaker: Name
    """Who said it."""
    kind: Slug
    """Such as claim, denial or statement_of_concern."""
    text: Words
    """What was said, quoted or paraphrased."""
    about: References = ()
    """Figures it speaks about, in the report or by global id."""
    stance: Slug | None = None
    """How it stands to them, such as confirms, denies or does_not_address."""
    said_at: DateText | None = None
    ext: Ext | None = None


class ReportFiled(Model):
    """A report: who counted, who printed it, and what it says."""

    originator: Slug
    """Slug of who counted, such as sohr."""
    relayed_by: Name | None = None
    """Who printed it."""
    published_at: DateText
    """The date or date-time of publication."""
    url: Url | None = None
    title: Title | None = None
    language: Language | None = None
    figures: Annotated[tuple[Figure, ...], Field(strict=False, max_length=FIGURES_MAX)] = ()
    statements: Annotated[
        tuple[Statement, ...], Field(strict=False, max_length=STATEMENTS_MAX)
    ] = ()
    note: Note | None = None
    sensitive: Sensitive = ()
    """Fields to keep apart, by JSON pointer, such as /data/figures/0/place."""
    withheld: WithheldFields = ()
    """What a ledger kept apart."""
    ext: Ext | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        wrong = list(islice(self._wrong(), FAULTS_MAX + 1))
        if wrong:
            refuse(wrong)
        return self

    def _wrong(self) -> Iterator[Refusal]:
        if not self.figures and not self.statements:
            yield (), "a report needs at least one figure or statement: fill `figures`"
        for collection, ids in (
            ("figures", [figure.id for figure in self.figures]),
            ("statements", [statement.id for statement in self.statements]),
        ):
            yield from _repeated(collection, ids)
        known = frozenset(figure.id for figure in self.figures)
        for position, figure in enumerate(self.figures):
            for place, text in _references(figure, known):
                yield ("figures", position, *place), text
        for position, statement in enumerate(self.statements):
            for place, text in _unknown(("about",), statement.about, known):
                yield ("statements", position, *place), text
        yield from self._lonely_pairs(known)
        if len(known) == len(self.figures):
            yield from self._circles()

    def _lonely_pairs(self, known: frozenset[str]) -> Iterator[Refusal]:
        uses = Counter(figure.pair for figure in self.figures if figure.pair is not None)
        for position, figure in enumerate(self.figures):
            pair = figure.pair
            if pair is None or uses[pair] > 1 or (pair in known and pair != figure.id):
                continue
            text = (
                f"no other figure of this report has the pair {pair!r}: give both figures of a "
                "pair the same label, or leave it out"
            )
            yield ("figures", position, "pair"), text

    def _circles(self) -> Iterator[Refusal]:
        parents = {figure.id: figure.part_of for figure in self.figures}
        done: set[str] = set()
        for position, figure in enumerate(self.figures):
            path: set[str] = set()
            at: str | None = figure.id
            while at is not None and at in parents and at not in done and at not in path:
                path.add(at)
                at = parents[at]
            if at in path:
                text = f"{figure.id!r} would be a part of itself: `part_of` must lead to a whole"
                yield ("figures", position, "part_of"), text
            done |= path


def _repeated(collection: str, ids: list[str]) -> Iterator[Refusal]:
    first: dict[str, int] = {}
    for position, name in enumerate(ids):
        if name in first:
            text = (
                f"the id {name!r} is already used by /data/{collection}/{first[name]}: "
                "give each its own id"
            )
            yield (collection, position, "id"), text
        first.setdefault(name, position)


def _references(figure: Figure, known: frozenset[str]) -> Iterator[Refusal]:
    if figure.part_of is not None:
        yield from _unknown(("part_of",), (figure.part_of,), known, single=True)
    yield from _unknown(("components",), figure.components, known)
    yield from _unknown(("restates",), figure.restates, known)
    for name in ("components", "restates"):
        if figure.id in getattr(figure, name):
            place = (name, getattr(figure, name).index(figure.id))
            yield place, f"{figure.id!r} refers to itself: name the other figures"


def _unknown(
    place: tuple[str | int, ...],
    references: tuple[str, ...],
    known: frozenset[str],
    *,
    single: bool = False,
) -> Iterator[Refusal]:
    for position, reference in enumerate(references):
        if reference in known or "#" in reference:
            continue
        text = (
            f"no figure {reference!r} in this report{nearest(reference, sorted(known))}; a figure "
            "of another report is named by its global id, source/event#figure"
        )
        yield (place if single else (*place, position)), text
