"""What an export is made from: a view, the figures behind it, and what it says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tollbook_projections.dossiers import admitted_of
from tollbook_projections.references import read_with
from tollbook_projections.selection import Dossier, Moment
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.policy import Policy
from tollbook_schemas.times import instant_of
from tollbook_services import queries
from tollbook_services.exporting.licences import licence_of
from tollbook_services.exporting.metadata import Metadata, program
from tollbook_services.queries import FIGURE_TABLES, Question
from tollbook_services.wiring import Tollbook

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A view to export.

    Attributes:
        document: the document of the view.
        dossiers: the figures that its question admits, by global id.
        gazetteer: the areas it was made with.
        policy: the policy it was made with.
    """

    document: Document
    dossiers: Mapping[str, Dossier]
    gazetteer: Gazetteer
    policy: Policy
    metadata: Metadata


async def answer(
    book: Tollbook, subject: str, crisis: str, question: Question, licence: str | None
) -> Answer:
    """Ask a view, and read the figures behind it at the same position.

    Args:
        book: the ledger.
        subject: tolls, displacement or revisions.
        crisis: its slug.
        question: filters and clocks, as for the view.
        licence: terms of the data; None to name what the reports name.

    Raises:
        UsageError: the question cannot be answered.
    """
    match subject:
        case "tolls":
            document = await queries.tolls(book, crisis, question)
        case "displacement":
            document = await queries.displacement(book, crisis, question)
        case _:
            document = await queries.revisions(book, crisis, question)
    known = document["known_as_of"]
    partition = book.partition_of(crisis)
    found = await book.read(partition, "figures", crisis, FIGURE_TABLES)
    moment = _moment(document)
    gazetteer, policy = read_with(
        found.rows, found.shared, moment, book.gazetteer, book.policy, question.policy
    )
    metadata = Metadata(
        subject=subject,
        crisis=crisis,
        as_of=document["as_of"],
        published_as_of=document["published_as_of"],
        sequence=known["sequence"],
        recorded_at=known["time"],
        policy=policy.id,
        gazetteer=gazetteer.version,
        licence=licence or await licence_of(book, {partition: known["sequence"]}, crisis),
        exported_by=program(),
        filters=_filters(question),
        redacted=tuple(one["event"] for one in document.get("redacted", ())),
    )
    return Answer(document, admitted_of(found.rows, moment).dossiers, gazetteer, policy, metadata)


def _filters(question: Question) -> str | None:
    """The parts of the crisis that were asked for; None for all of it."""
    asked = {
        "measure": question.measure,
        "area": question.area,
        "originator": question.originator,
    }
    return " ".join(f"{name}={value}" for name, value in asked.items() if value) or None


def _moment(document: Document) -> Moment:
    """The clocks of a document, pinned to the position that it was made at."""
    as_of, published = (
        None if text is None else instant_of(text)
        for text in (document["as_of"], document["published_as_of"])
    )
    return Moment(as_of, published, document["known_as_of"]["sequence"])
