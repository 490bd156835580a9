"""What the OpenAPI document says of answers."""

from collections.abc import Sequence
from typing import Any, Final, NotRequired

from typing_extensions import TypedDict

from tollbook_services.api.formats import MEDIA

Responses = dict[int | str, dict[str, Any]]


class ProblemFault(TypedDict):
    """One thing that is wrong: a JSON pointer into the body, or the name of a parameter."""

    pointer: NotRequired[str]
    parameter: NotRequired[str]
    message: str


class Problem(TypedDict):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[ProblemFault]]


_WHAT: Final = {
    304: "Nothing changed since the answer whose tag was given.",
    400: "The question makes no sense; `errors` names the parameter.",
    401: "There is no token, or it is none, expired or revoked.",
    403: "The role of the token does not allow this.",
    404: "Nothing has this name.",
    406: "No format that is offered will do.",
    409: "Another content was recorded under the same source and id.",
    410: "Changes after this id are not kept any more: read the views again.",
    413: "The body is too long, or the batch too large.",
    415: "The body is of another type than JSON.",
    422: "A parameter or a document has a value that cannot be meant; `errors` says which.",
    429: "Too many requests; `Retry-After` says when to go on.",
    500: "What is stored is not as it was written: an operator has to look.",
    503: "The engine is away, or the feed is full; `Retry-After` says when to try again.",
    507: "The engine is full and takes no events; what is stored can be read.",
}

_ALWAYS: Final = (401, 403, 429, 500, 503)


def problems(*statuses: int) -> Responses:
    """The errors of a route, with those that any route may answer with."""
    return {
        status: {
            "description": _WHAT[status],
            "content": {"application/problem+json": {"schema": {"$ref": PROBLEM_REF}}},
        }
        for status in sorted({*statuses, *_ALWAYS})
    }


PROBLEM_REF: Final = "#/components/schemas/Problem"


def answers(model: Any, formats: Sequence[str] = ("json",), *, tagged: bool = False) -> Responses:
    """The answer of a route in its formats; only the JSON has a schema.

    Args:
        model: of the JSON.
        formats: those it is there in.
        tagged: whether it has an ETag, so that 304 is an answer too.
    """
    beside = {MEDIA[one]: {"schema": {"type": "string"}} for one in formats if one != "json"}
    found: Responses = {200: {"model": model, "description": "The answer.", "content": beside}}
    return found | ({304: {"description": _WHAT[304]}} if tagged else {})


def text_answer(description: str, media: str) -> Responses:
    """The answer of a route that is a file."""
    return {200: {"description": description, "content": {media: {"schema": {"type": "string"}}}}}
