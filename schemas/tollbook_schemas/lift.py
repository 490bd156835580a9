"""Lifts documents of older event types to the current ones; what is stored never changes."""

from collections.abc import Callable
from typing import Any, Final

from tollbook_schemas.report_v0 import report_from_v0

Document = dict[str, Any]

_UPCASTERS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "org.tollbook.report.filed.v0": ("org.tollbook.report.filed.v1", report_from_v0),
}
"""By type: the type that came after it, and the pure function that brings `data` there."""

OLD_TYPES: Final = frozenset(_UPCASTERS)
"""The types that are read, but no longer written."""

_REPORT: Final = "org.tollbook.report.filed.v1"


def upcast(document: Document) -> Document:
    """The document under the current type; itself where its type is not an old one.

    Any JSON object may be given: what an upcaster does not know stays where it is, so that
    validation points at it.
    """
    kind = document.get("type")
    while isinstance(kind, str) and kind in OLD_TYPES:
        kind, newer = _UPCASTERS[kind]
        document = {**document, "type": kind, "data": newer(document.get("data"))}
    return document


def lift(document: Document) -> Document:
    """A stored document as the folds read it: current, and said in one way.

    A single reference stands in a list too.
    """
    if document["type"] in OLD_TYPES:
        document = upcast(document)
    if document["type"] == _REPORT:
        for figure in document["data"].get("figures", ()):
            if type(figure.get("restates")) is str:
                return _listed(document)
    return document


def _listed(document: Document) -> Document:
    """A report in which each `restates` is a list."""
    data = document["data"]
    figures = [
        {**figure, "restates": [figure["restates"]]}
        if type(figure.get("restates")) is str
        else figure
        for figure in data["figures"]
    ]
    return {**document, "data": {**data, "figures": figures}}
