"""What pages about a crisis share: where they stand, what they cite, and what a browser keeps."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from hashlib import sha256
from importlib.abc import Traversable
from importlib.resources import files
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response

from tollbook_services import queries
from tollbook_services.api.running import Running
from tollbook_services.api.standing import is_known, not_modified, standing_of, validators
from tollbook_services.gazetteers import gazetteer_of
from tollbook_services.queries import Question
from tollbook_services.render import words
from tollbook_services.site.asking import around
from tollbook_services.site.chart.drawing import PATTERNS, Drawing
from tollbook_services.site.chart.shapes import SIGNS, dot_path, sign_paths
from tollbook_services.site.links import Links
from tollbook_services.site.rendering import catalogue, language_of, page
from tollbook_services.site.safe_urls import web_address
from tollbook_services.site.step_rows import REASON_CHARS_MAX, event_key, figure_key

PageNumber = Annotated[int, Query(alias="page", ge=1, le=1_000_000)]
Given = Mapping[str, Any]


@cache
def made_of() -> str:
    """A digest of what pages are made of, so that a browser keeps none that was made of other."""
    found = sha256()
    for folder in ("templates", "words", "static"):
        _take_in(found, files("tollbook_services.site").joinpath(folder))
    return found.hexdigest()[:16]


def _take_in(found: Any, folder: Traversable) -> None:
    for one in sorted(folder.iterdir(), key=lambda item: item.name):
        if one.is_dir():
            _take_in(found, one)
        else:
            found.update(one.name.encode() + one.read_bytes())


def page_kind() -> str:
    """What a page is beside its numbers: how it is drawn, and the day that it cites."""
    return f"html {made_of()} {datetime.now(UTC):%Y-%m-%d}"


def used_marks(drawn: Drawing) -> set[str]:
    """The kinds of marks of a chart."""
    return {mark.kind for line in drawn.lines for mark in line.marks}


def quantity_text(texts: Mapping[str, str], quantity: Given) -> str:
    """A quantity as a newsroom would write it, in the words of a language."""
    text = texts[f"quantity.{quantity['qualifier']}"]
    numbers = {name: words.number(quantity.get(name)) for name in ("value", "from", "to")}
    word = quantity.get("word")
    return text.format(**numbers, word=texts.get(f"word.{word}", word))


def quantities(request: Request) -> Callable[[Given], str]:
    """What writes quantities in the language of a page."""
    return partial(quantity_text, catalogue(language_of(request)))


SHOWN: Final = {
    "patterns": PATTERNS,
    "signs": SIGNS,
    "dot_path": dot_path,
    "sign_paths": sign_paths,
    "web_address": web_address,
    "event_key": event_key,
    "figure_key": figure_key,
    "used_marks": used_marks,
    "reason_max": REASON_CHARS_MAX,
}
"""What every template of these pages may use."""


async def crisis_page(
    request: Request,
    running: Running,
    crisis: str,
    asked: Question,
    template: str,
    make: Callable[[], Awaitable[Given]],
) -> Response:
    """A page about a crisis, or 304 where the browser has it.

    Args:
        request: what is answered.
        running: what answers it.
        crisis: its slug.
        asked: the question, whose position is waited for.
        template: its file.
        make: what it shows; `document` is what the page cites.
    """
    book = running.book
    await queries.reached(book, crisis, asked)
    standing = await standing_of(book, crisis)
    tag = standing.tag(request, page_kind())
    if is_known(request, tag):
        return not_modified(tag, standing.recorded_at)
    given = await make()
    gazetteer = await gazetteer_of(book, crisis)
    link = Links(request)

    def data_links(view: str, kinds: Sequence[str], **asked: object) -> list[tuple[str, str]]:
        return [(kind, link.data(crisis, view, kind, **asked)) for kind in kinds]

    document = {"policy": book.policy.id, "gazetteer": gazetteer.version, **given["document"]}
    shown = {
        **SHOWN,
        **around(request, running, crisis, asked, document),
        "data_links": data_links,
        "quantity_text": quantities(request),
        "partition": standing.partition,
        **given,
        "document": document,
    }
    headers = validators(tag, standing.recorded_at)
    return page(request, template, gazetteer, shown, headers=headers)
