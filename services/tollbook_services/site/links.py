"""Addresses of pages and of data; they keep the language and the moments of their page."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from fastapi import Request

KEPT: Final[tuple[str, ...]] = (
    "lang",
    "as_of",
    "published_as_of",
    "known_as_of",
    "originator",
    "policy",
)
"""Parameters that a reader takes along from page to page."""

_ASKED: Final[tuple[str, ...]] = ("as_of", "published_as_of", "known_as_of", "originator", "policy")


class Links:
    """Makes the addresses of one page."""

    def __init__(self, request: Request) -> None:
        """Take the request whose moments and language are kept."""
        given = request.query_params
        self._path = request.url.path
        self._host = str(request.base_url).rstrip("/")
        self._kept: dict[str, object] = {name: given[name] for name in KEPT if given.get(name)}
        self._all: dict[str, object] = {name: value for name, value in given.items() if value}

    def home(self) -> str:
        """The list of crises, as of now."""
        return _url("/", {name: self._kept[name] for name in ("lang",) if name in self._kept})

    def crisis(self, crisis: str, **more: object) -> str:
        """The overview of a crisis."""
        return self._to(f"/crises/{crisis}", more)

    def area(self, crisis: str, area: str, **more: object) -> str:
        """One area of a crisis."""
        return self._to(f"/crises/{crisis}/areas/{quote(area, safe='')}", more)

    def of(self, crisis: str, name: str, **more: object) -> str:
        """A page of a crisis by its name: displacement, sources, conflicts, changes..."""
        return self._to(f"/crises/{crisis}/{name}", more)

    def explain(self, crisis: str, cell: str, **more: object) -> str:
        """The derivation of a number."""
        return self._to(f"/crises/{crisis}/explain", {"cell": cell, **more})

    def series(self, crisis: str, series: str) -> str:
        """The revisions of one series."""
        return self._to(f"/crises/{crisis}/series", {"id": series})

    def event(self, partition: int, sequence: int) -> str:
        """An event by its position."""
        return self._to(f"/events/{partition}/{sequence}", {})

    def here(self, **more: object) -> str:
        """This page with other parameters; None takes one away."""
        return _url(self._path, {**self._all, **more})

    def whole(self, **more: object) -> str:
        """The same with the host, for citations."""
        return self._host + self.here(**more)

    def data(self, crisis: str, view: str, kind: str, **more: object) -> str:
        """What is seen, as a file for programs."""
        asked = {name: self._kept[name] for name in _ASKED if name in self._kept}
        return _url(f"/v1/crises/{crisis}/{view}", {**asked, **more, "format": kind})

    def _to(self, path: str, more: Mapping[str, object]) -> str:
        return _url(path, {**self._kept, **more})


def _url(path: str, asked: Mapping[str, object]) -> str:
    given = {name: str(value) for name, value in asked.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path
