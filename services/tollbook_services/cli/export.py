"""`export`: the views and the events as files for other programs."""

import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from tollbook_schemas.errors import UsageError
from tollbook_services.cli.common import ASKED, WHERE, Asked, Where
from tollbook_services.cli.views import warn_of_parked
from tollbook_services.exporting.answer import answer
from tollbook_services.exporting.events import wanted_events, write_events
from tollbook_services.exporting.formats import Format, Subject, must_fit, write_answer
from tollbook_services.queries import Question
from tollbook_services.render import console, words
from tollbook_services.wiring import open_tollbook

_FILE = Group("The file", sort_key=70)


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class File:
    """What is written, and where to."""

    format: Annotated[
        Format, Parameter(group=_FILE, help="Which kind; not each export has all of them.")
    ]
    out: Annotated[
        Path | None, Parameter(group=_FILE, help="Its name [default: standard output].")
    ] = None
    licence: Annotated[
        str | None,
        Parameter(
            group=_FILE,
            help="Terms of the data, such as 'CC BY 4.0' [default: what its reports name].",
        ),
    ] = None

    def must_fit(self, subject: Subject) -> None:
        """Refuse a format that the subject has not, and bytes on a terminal.

        Raises:
            UsageError: it says what would be right.
        """
        must_fit(subject, self.format)
        if self.format == "parquet" and self.out is None and sys.stdout.isatty():
            raise UsageError("--format parquet is nothing to read on a terminal: give --out FILE")
        if self.format == "parquet" and self.out is not None and self.out.suffix == ".gz":
            raise UsageError("--out: Parquet is compressed inside already: leave out the .gz")


async def tolls(crisis: str, *, file: File, asked: Asked = ASKED, where: Where = WHERE) -> None:
    """How many, where, according to whom, how sure: csv, json, hxl, geojson or parquet."""
    await _export("tolls", crisis, file, _question(asked), where)


async def displacement(
    crisis: str,
    *,
    file: File,
    persons: Annotated[
        bool, Parameter(help="Say families in persons too, by a rule that is named.", negative="")
    ] = False,
    asked: Asked = ASKED,
    where: Where = WHERE,
) -> None:
    """Who moved or shelters: csv, json, hxl, geojson or parquet."""
    question = replace(_question(asked), persons=persons)
    await _export("displacement", crisis, file, question, where)


async def revisions(crisis: str, *, file: File, asked: Asked = ASKED, where: Where = WHERE) -> None:
    """Each step of every series, with its reason: csv, json, hxl or parquet."""
    await _export("revisions", crisis, file, _question(asked), where)


async def events(
    crisis: Annotated[
        str | None, Parameter(help="Only its events, and what governs it [default: all].")
    ] = None,
    *,
    file: File,
    known_as_of: Annotated[
        str | None,
        Parameter(help="Only what had been recorded by then: a time; with a crisis a sequence."),
    ] = None,
    where: Where = WHERE,
) -> None:
    """The events as they were sent: json (lines that `publish` takes back), csv or parquet."""
    file.must_fit("events")
    async with open_tollbook(where.settings()) as book:
        wanted = await wanted_events(book, crisis, known_as_of, file.licence)
        count = await write_events(book, wanted, file.format, file.out)
    _say(file, "event", count, wanted.metadata.licence)


async def _export(
    subject: Subject, crisis: str, file: File, question: Question, where: Where
) -> None:
    file.must_fit(subject)
    async with open_tollbook(where.settings()) as book:
        given = await answer(book, subject, crisis, question, file.licence)
    warn_of_parked(given.document)
    count = write_answer(given, file.format, file.out)
    _say(file, "step" if subject == "revisions" else "cell", count, given.metadata.licence)


def _say(file: File, what: str, count: int, licence: str) -> None:
    """What was written, on standard error, where it does not go to standard output."""
    if file.out is not None:
        console.note(f"{file.out}: {words.plural(count, what)}, licence: {words.clean(licence)}")


def _question(asked: Asked) -> Question:
    return Question(**{field.name: getattr(asked, field.name) for field in fields(Asked)})
