"""Which format an answer has: by `?format=`, or by the `Accept` header (RFC 9110, 12.5.1)."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request

from tollbook_services.api.problems import ProblemError

MEDIA: Final = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "hxl": "application/x-hxl+csv",
    "geojson": "application/geo+json",
    "parquet": "application/vnd.apache.parquet",
}
"""The media type of each format. That of HXL is not registered: a sheet of HXL is a CSV file too,
so a client that takes only `text/csv` names it by `?format=hxl`."""

_TEXT: Final = frozenset({"text/csv", "application/x-hxl+csv"})


def chosen_format(request: Request, offered: Sequence[str]) -> str:
    """The format of the answer, one of those offered; the first where anything will do.

    Raises:
        ProblemError: 406 where none of them will do, 400 where `?format=` names another.
    """
    named = request.query_params.get("format")
    if named is not None:
        if named not in offered:
            listed = ", ".join(offered)
            fault = {"parameter": "format", "message": f"{named!r} is none of {listed}"}
            raise ProblemError(400, "usage", f"format: {fault['message']}", errors=[fault])
        return named
    accepted = request.headers.get("accept") or "*/*"
    weighed = [(_weight(MEDIA[one], accepted), -place) for place, one in enumerate(offered)]
    best, place = max(weighed)
    if best <= 0:
        types = ", ".join(MEDIA[one] for one in offered)
        raise ProblemError(406, "not-acceptable", f"this is there as {types}, or by ?format=")
    return offered[-place]


def media_type(chosen: str) -> str:
    """The content type of a format."""
    media = MEDIA[chosen]
    return f"{media}; charset=utf-8" if media in _TEXT else media


def _weight(media: str, accepted: str) -> float:
    """How welcome a media type is, by the most specific range that covers it."""
    found: tuple[int, float] = (-1, 0.0)
    for item in accepted.split(","):
        ranged, *parameters = (part.strip() for part in item.split(";"))
        lead = media.partition("/")[0]
        specific = {media: 2, f"{lead}/*": 1, "*/*": 0}.get(ranged.lower())
        if specific is not None and specific > found[0]:
            found = (specific, _quality(parameters))
    return found[1]


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
