"""Pages as a browser without scripts reads them."""

import re
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "br", "input", "img", "hr", "stop", "col"}

APART = {"small", "li", "p", "dt", "dd", "td", "th", "span", "h1", "h2", "h3"}
"""Elements that a reader sees apart from what stands before them."""


class Seen(HTMLParser):
    """What is in a page: links, texts of table cells, ids, and what must not be there.

    Attributes:
        tables: of each table its rows, of each row the texts of its cells.
        faults: inline code, and elements that are not closed in order.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.headings: list[int] = []
        self.faults: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self._cell = False
        self.feed(text)
        self.faults += [f"{tag} is not closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in APART:
            self.handle_data(" ")
        given: dict[str, Any] = dict(attrs)
        self.faults += [f"{tag} {name}" for name in given if name == "style" or name[:2] == "on"]
        if tag in {"script", "style"} and "src" not in given:
            self.faults.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
            self._cell = True
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"{tag} ends where it is not open")
        if tag in {"td", "th"}:
            self._cell = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._cell:
            self.tables[-1][-1][-1] += data


def words_of(text: str) -> str:
    """A text with single blanks."""
    return " ".join(text.split())


def chart_lines(text: str) -> list[str]:
    """The path of each line of point values in the wide chart of a page."""
    wide = text.partition('class="steps wide"')[2].partition("</svg>")[0]
    return re.findall(r'<path class="best" d="([^"]*)"', wide)
