"""Pages out of templates: escaped, in the reader's language, with words for numbers and flags."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from tollbook_schemas.gazetteer import Gazetteer
from tollbook_services.render import words
from tollbook_services.site.area_names import area_name
from tollbook_services.site.links import Links
from tollbook_services.site.static_files import static_url

LANGUAGES: Final = {"en": "ltr", "ar": "rtl"}
"""Languages of the pages, and which way they are written."""

PAGE_BYTES_MAX: Final = 100_000
"""Bytes of a page, not compressed: what a phone on a bad line loads in some seconds."""

NAMES_MAX: Final = 12
"""Areas that are named where a number is about several; the derivation has the codes of all."""


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """The texts of the pages in a language, by key."""
    folder = files("tollbook_services.site").joinpath("words")
    found: dict[str, str] = {}
    for file in sorted(one.name for one in folder.iterdir() if one.name.startswith(language)):
        found |= orjson.loads(folder.joinpath(file).read_bytes())
    return found


def page(
    request: Request,
    template: str,
    gazetteer: Gazetteer,
    given: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page in the language that `?lang=` names.

    Args:
        request: what is answered; links of the page keep its language and its moments.
        template: its file below `templates/`.
        gazetteer: whose names of areas are shown.
        given: what the template shows.
        status: of HTTP.
        headers: beside the content type.
    """
    language = language_of(request)
    texts = catalogue(language)

    def text(key: str, **values: object) -> str:
        return texts[key].format(**values) if values else texts[key]

    def name(codes: str, known: Gazetteer = gazetteer) -> str:
        each = codes.split("+")
        names = (words.clean(area_name(known, code, language)) for code in each[:NAMES_MAX])
        rest = len(each) - NAMES_MAX
        return " + ".join(names) + (f" {text('more', count=rest)}" if rest > 0 else "")

    def word(kind: str, slug: str) -> str:
        return texts.get(f"{kind}.{slug}", words.clean(slug).replace("_", " "))

    def whom(slug: str) -> str:
        whole = texts.get(f"segment.{slug}")
        return whole or texts["sep"].join(word("segment", part) for part in slug.split("/"))

    body = (
        environment()
        .get_template(template)
        .render(
            {
                "request": request,
                "lang": language,
                "dir": LANGUAGES[language],
                "other_lang": "en" if language == "ar" else "ar",
                "t": text,
                "name": name,
                "word": word,
                "whom": whom,
                "link": Links(request),
                **given,
            }
        )
    )
    return HTMLResponse(body, status, dict(headers or {}))


def language_of(request: Request) -> str:
    """The language of a page: by `?lang=`, else English."""
    asked = request.query_params.get("lang", "en")
    return asked if asked in LANGUAGES else "en"


@pass_context
def _apart(context: Context, text: object) -> str:
    """A code or number, set apart where the page runs from right to left: it would turn round."""
    told = words.clean(text)
    return f"\u2066{told}\u2069" if context.get("dir") == "rtl" else told


@pass_context
def _moment(context: Context, text: str | None) -> str:
    """A moment as people write it, set apart like codes: `2025-03-11` would turn round."""
    return _apart(context, words.moment(text))


@cache
def environment() -> Environment:
    """The templates; whatever they show is escaped, and a name that is not given is an error."""
    made = Environment(
        loader=PackageLoader("tollbook_services.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "number": words.number,
        "high": words.high,
        "moment": _moment,
        "apart": _apart,
        "clean": words.clean,
        "segment": words.segment,
        "short": words.short_figure,
        "quantity": words.quantity,
    }
    made.globals |= {"static": static_url, "svg": Markup}
    return made
