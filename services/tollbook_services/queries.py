"""Answers one question from the read models, the same for the command line and for HTTP."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import partial
from typing import Any, Final

from tollbook_projections import views
from tollbook_projections.filing import FIGURE_ROW, decode
from tollbook_projections.redactions import redactions_in
from tollbook_projections.references import read_with
from tollbook_projections.statements import STATEMENT_ROW
from tollbook_projections.views import Position, Query
from tollbook_schemas.errors import (
    CheckFailedError,
    EngineError,
    NotFoundError,
    OptionError,
    UsageError,
)
from tollbook_schemas.gazetteer import Gazetteer
from tollbook_schemas.nearest import nearest
from tollbook_schemas.policy import Policy
from tollbook_schemas.times import end_of
from tollbook_services.collecting import uncollected
from tollbook_services.event_proofs import proofs_of, sequences_used
from tollbook_services.moments import moment_of
from tollbook_services.position import position_of
from tollbook_services.quarantine import waiting_documents
from tollbook_services.wiring import PATIENCE_S, Tollbook

Document = dict[str, Any]

FIGURE_TABLES: Final = ("figure", "act", "incident", "reference", "redaction")
"""What any moment is worked out from; live cells are worked out from the same."""

_CELL_TABLES: Final = (*FIGURE_TABLES, "cell")

_ANSWERS: Final = ("cells", "series", "incidents", "sources", "conflicts", "statements", "steps")
"""Where the documents of the views have what answers a question."""

_ONE: Final = ThreadPoolExecutor(1, "views")

_NAMED_MAX: Final = 8
"""Crises named in one message: what fits a line or two."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it was asked; texts are not looked into yet."""

    measure: str | None = None
    area: str | None = None
    originator: str | None = None
    as_of: str | None = None
    published_as_of: str | None = None
    known_as_of: str | None = None
    policy: str | None = None
    min_position: str | None = None
    persons: bool = False
    fresh: bool = True
    """Whether to wait, for some seconds, until the views have all that the ledger has now."""


async def tolls(book: Tollbook, crisis: str, question: Question) -> Document:
    """The document of CONTRACT, Views: `tolls`.

    Every document has `position`, a token of the place in the ledger that it was made at, and
    `parked`, a count, where the view lacks events that could not be folded.
    """
    asked = await _ask(book, crisis, question, _CELL_TABLES)
    return asked.around(await worked_out(views.toll_document, crisis, *asked.given))


async def displacement(book: Tollbook, crisis: str, question: Question) -> Document:
    """The same shape as `tolls`, of movements and of people sheltering."""
    asked = await _ask(book, crisis, question, _CELL_TABLES)
    return asked.around(await worked_out(views.displacement_document, crisis, *asked.given))


async def revisions(
    book: Tollbook, crisis: str, question: Question, series: str | None = None
) -> Document:
    """The document of CONTRACT, Views: `revisions`.

    Raises:
        UsageError: there is no series with the id asked for.
    """
    asked = await _ask(book, crisis, question)
    rows, query, position, gazetteer, policy = asked.given
    document = await worked_out(
        views.revisions_document, crisis, rows, query, series, position, gazetteer, policy
    )
    if series is not None and not document["series"]:
        raise NotFoundError(f"no series {series!r}: `tollbook revisions {crisis}` prints their ids")
    return asked.around(document)


async def explain(book: Tollbook, crisis: str, question: Question, cell: str) -> Document:
    """How the number of one cell came about, and by which events; each of these can be proved."""
    asked = await _ask(book, crisis, question, _CELL_TABLES)
    rows, query, position, gazetteer, policy = asked.given
    document = await worked_out(
        views.explain_document, crisis, rows, query, cell, position, gazetteer, policy
    )
    known = position.sequence if query.known_as_of is None else query.known_as_of
    used = sequences_used(document, (rows, asked.shared), known)
    proofs = await proofs_of(book.ledger, book.partition_of(crisis), used)
    return asked.around({**document, "proofs": proofs})


async def incidents(book: Tollbook, crisis: str, question: Question) -> Document:
    """Single incidents, their history and their own tolls."""
    asked = await _ask(book, crisis, question)
    return asked.around(await worked_out(views.incidents_document, crisis, *asked.given))


async def sources(book: Tollbook, crisis: str, question: Question) -> Document:
    """Who counted, and how their numbers changed."""
    asked = await _ask(book, crisis, question)
    return asked.around(await worked_out(views.sources_document, crisis, *asked.given))


async def conflicts(book: Tollbook, crisis: str, question: Question) -> Document:
    """What does not fit together."""
    asked = await _ask(book, crisis, question)
    _, query, position, *_ = asked.given
    known, before = position.sequence, None
    partition = book.partition_of(crisis)
    if question.known_as_of is not None and query.known_as_of is not None:
        known = min(known, query.known_as_of)
        before = await _just_after(book, partition, question.known_as_of, query)
    waiting = await waiting_documents(book.ledger, partition, crisis, known, before)
    made = await worked_out(views.conflicts_document, crisis, *asked.given, waiting)
    return asked.around(made)


async def statements(book: Tollbook, crisis: str, question: Question) -> Document:
    """The statements of a crisis."""
    asked = await _ask(book, crisis, question, projection="statements")
    rows, query, position, *_ = asked.given
    made = await worked_out(views.statements_document, crisis, rows, query, position)
    return asked.around(made)


async def read_for(
    book: Tollbook, crisis: str, question: Question
) -> tuple[dict[str, bytes], Query, Position, Gazetteer, Policy]:
    """What views of figures are made from, for those who make more of it than one document.

    Returns:
        Rows, query, position, gazetteer and policy, in the order in which views take them.
    """
    return (await _ask(book, crisis, question)).given


async def worked_out(make: Callable[..., Any], *given: Any) -> Document:
    """A document that takes a while, made beside the event loop, which goes on meanwhile.

    One at a time: two at once would each take twice as long.
    """
    loop = asyncio.get_running_loop()
    made: Any = await loop.run_in_executor(_ONE, partial(_made, make, *given))
    return dict(made)


def _made(make: Callable[..., Any], *given: Any) -> Any:
    """What is made, without looking for cycles: with many figures that takes half the time."""
    with uncollected():
        return make(*given)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a view is made from.

    Attributes:
        given: rows, query, position, gazetteer and policy, in the order in which views take them.
        extra: what every document says beside its own content.
        shared: the references of the partition.
    """

    given: tuple[dict[str, bytes], Query, Position, Gazetteer, Policy]
    extra: Document
    shared: Mapping[str, bytes]

    def around(self, document: Document) -> Document:
        """The document with what every document says.

        Raises:
            UsageError: nothing answers the question, and nobody of the originator's name counted.
        """
        rows, query, *_ = self.given
        if query.originator is not None and not any(document.get(name) for name in _ANSWERS):
            _must_have_counted(query.originator, rows)
        return {"crisis": document["crisis"], **self.extra, **document}


def _must_have_counted(originator: str, rows: Mapping[str, bytes]) -> None:
    prefixes = (FIGURE_ROW, STATEMENT_ROW)
    told = (decode(row) for key, row in rows.items() if key.startswith(prefixes))
    known = sorted({one["originator"] for one in told})
    if originator not in known:
        named = ", ".join(known[:_NAMED_MAX]) or "none"
        more = f" and {len(known) - _NAMED_MAX} more" if len(known) > _NAMED_MAX else ""
        hint = nearest(originator, known)
        raise OptionError(
            "originator",
            f"nobody called {originator!r} counted in this crisis{hint}; known are {named}{more}",
        )


async def _ask(
    book: Tollbook,
    crisis: str,
    question: Question,
    tables: Sequence[str] = FIGURE_TABLES,
    *,
    projection: str = "figures",
) -> _Asked:
    partition = book.partition_of(crisis)
    query = await _query(book, partition, question)
    least = await reached(book, crisis, question)
    wanted = tables if projection == "figures" else None
    rows, sequence, recorded_at, shared, _ = await book.read(partition, projection, crisis, wanted)
    if least > sequence:  # a rebuild was gone back on between waiting and reading
        raise EngineError(f"the view stands at {sequence}, before {least}: ask again")
    if not rows:
        await known_or_refuse(book, crisis, fresh=question.fresh)
    if projection != "figures":  # references lie with the figures
        found = await book.read(partition, "figures", crisis, ("reference",))
        references, shared = found.rows, found.shared
    else:
        references = rows
    gazetteer, policy = read_with(
        references, shared, query.moment, book.gazetteer, book.policy, question.policy
    )
    query = replace(query, area=area_or_refuse(gazetteer, question.area))
    if question.policy is not None and query.known_as_of is None:
        query = replace(query, known_as_of=sequence, known_time=recorded_at)  # not as stored
    parked = await book.readmodels.parked_count(partition, book.projections[projection])
    extra: Document = {"position": book.position(partition, sequence)}
    if parked:
        extra["parked"] = parked
    if redacted := redactions_in(rows):
        extra["redacted"] = redacted
    return _Asked((rows, query, Position(sequence, recorded_at), gazetteer, policy), extra, shared)


async def reached(book: Tollbook, crisis: str, question: Question) -> int:
    """Bring the views as far as a question needs them; the sequence that they have to have.

    Raises:
        OptionError: the position that is asked for is of another ledger, or another partition.
        EngineError: the views did not come there in time.
        CheckFailedError: the ledger does not reach that position any more.
    """
    least = _least(book, crisis, question.min_position)
    await _reach(book, book.partition_of(crisis), least, fresh=question.fresh)
    return least


def _least(book: Tollbook, crisis: str, token: str | None) -> int:
    """The sequence that a view has to have.

    Raises:
        UsageError: the token is of another ledger, or of a partition that does not hold the crisis.
    """
    if token is None:
        return 0
    partition = book.partition_of(crisis)
    try:
        least = position_of(token)
    except UsageError as error:
        raise OptionError("min-position", str(error)) from None
    if least.ledger != book.ledger.id:
        raise OptionError(
            "min-position",
            f"it is of the ledger {least.ledger}, and this is {book.ledger.id}: "
            "ask the ledger that gave it",
        )
    if least.partition != partition:
        raise OptionError(
            "min-position",
            f"it is of partition {least.partition}, but {crisis} lies in partition {partition}: "
            f"give the position of a receipt for {crisis}",
        )
    return least.sequence


async def _reach(book: Tollbook, partition: int, least: int, *, fresh: bool) -> None:
    """Bring the views to the head, and not go on before they have the position asked for."""
    head = await book.ledger.head(partition)
    if least > head:
        raise CheckFailedError(
            f"--min-position is at {least}, but partition {partition} of this ledger ends at "
            f"{head}: events were lost; see `tollbook check`"
        )
    patience_s = book.settings.visible_timeout_s if least else PATIENCE_S if fresh else 0.0
    if not await book.freshen([partition], patience_s=patience_s) and least:
        names = book.projections.values()
        stands = min(await book.readmodels.positions(partition, names))
        if stands < least:
            raise EngineError(
                f"the views of partition {partition} stand at {stands} and did not come to "
                f"{least} within {patience_s:g} s: see `tollbook status`"
            )


async def known_or_refuse(book: Tollbook, crisis: str, *, fresh: bool = True) -> None:
    """A crisis without rows in this view is fine, one that no event names is a mistake.

    Args:
        book: the ledger.
        crisis: a slug.
        fresh: whether to wait until the views have all that the ledger has now.

    Raises:
        NotFoundError: no event names it; the message has those that are there.
    """
    if fresh:
        await book.freshen()
    known = await book.crises()
    if crisis in known:
        return
    if not known:
        raise NotFoundError("the ledger is empty: publish something first, or try `tollbook demo`")
    close = get_close_matches(crisis, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    named = ", ".join(known[:_NAMED_MAX])
    more = f" and {len(known) - _NAMED_MAX} more" if len(known) > _NAMED_MAX else ""
    raise NotFoundError(f"no crisis {crisis!r} in this ledger: {hint}known are {named}{more}")


async def _query(book: Tollbook, partition: int, question: Question) -> Query:
    known_as_of, known_time = await _known_as_of(book, partition, question.known_as_of)
    return Query(
        measure=question.measure,
        originator=question.originator,
        policy=question.policy,
        persons=question.persons,
        as_of=_cut_off("as-of", question.as_of),
        published_as_of=_cut_off("published-as-of", question.published_as_of),
        known_as_of=known_as_of,
        known_time=known_time,
    )


def _cut_off(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return end_of(text)
    except ValueError as error:
        raise OptionError(option, str(error)) from None


async def _known_as_of(
    book: Tollbook, partition: int, text: str | None
) -> tuple[int | None, datetime | None]:
    if text is None:
        return None, None
    moment = await moment_of(book.ledger, partition, text, "known-as-of")
    return moment.sequence, moment.time


async def _just_after(book: Tollbook, partition: int, text: str, query: Query) -> datetime | None:
    """The end of what a moment of knowledge lasted: what is in quarantine has no sequence.

    For a sequence the time of the next event; None where there is none yet.
    """
    sequence = text.rpartition(":")[2]
    if query.known_as_of is not None and sequence.isascii() and sequence.isdigit():
        return await _recorded_at(book, partition, query.known_as_of + 1)
    return None if query.known_time is None else query.known_time + timedelta(microseconds=1)


async def _recorded_at(book: Tollbook, partition: int, sequence: int) -> datetime | None:
    found = await book.ledger.read(partition, after=sequence - 1, count=1) if sequence else []
    return found[0].recorded_at if found else None


def area_or_refuse(gazetteer: Gazetteer, code: str | None) -> str | None:
    """The canonical code of an area; None for none.

    Raises:
        UsageError: there is no such area; names those that are near.
    """
    if code is None:
        return None
    area = gazetteer.resolve(code)
    if area is not None:
        return area.code
    near = ", ".join(f"{found.code} ({found.name})" for found in gazetteer.suggest(code))
    hint = f"did you mean {near}?" if near else "use an ISO 3166 code or a P-code"
    raise OptionError("area", f"no area {code!r}; {hint}")
