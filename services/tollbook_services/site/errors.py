"""Problems as pages, for browsers: the same words, with a way on."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request, Response

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services.site.rendering import page

_DATA: Final = "/v1/"


def wants_page(request: Request) -> bool:
    """Whether a person asks: a browser, for a page and not for data."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and not request.url.path.startswith(_DATA)


def problem_page(
    request: Request, problem: Mapping[str, Any], headers: Mapping[str, str]
) -> Response:
    """A problem document as a page."""
    return page(
        request,
        "error.html",
        default_gazetteer(),
        {"problem": problem},
        status=problem["status"],
        headers=headers,
    )
