"""Changes as an Atom feed (RFC 4287), for people and their feed readers."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode
from xml.etree.ElementTree import Element, SubElement, tostring

from tollbook_services.live.filter import Filter
from tollbook_services.live.newest import Told
from tollbook_services.render import words

MEDIA_TYPE: Final = "application/atom+xml"

TAG: Final = "tag:tollbook.org,2026:"
"""What the ids begin with (RFC 4151): they stay the same wherever the feed is read."""

NEVER: Final = "1970-01-01T00:00:00Z"
"""When a feed without entries was changed: RFC 4287 demands a time, and now would never rest."""

_NAMESPACE: Final = "http://www.w3.org/2005/Atom"
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, even escaped."""

_TITLE_MAX: Final = 200
"""Characters of a reason in a title; all of it is in the content."""

_WAYS: Final = (("from", "origin"), ("to", "destination"))

Document = Mapping[str, Any]
Name = Callable[[str], str]


def atom(base: str, ledger: str, wanted: Filter, found: Sequence[Told], name: Name) -> bytes:
    """The feed.

    Args:
        base: address of the server, without a slash at the end.
        ledger: id of the ledger.
        wanted: the filter that it was asked with.
        found: the changes, newest first.
        name: gives the name of an area for its code.
    """
    feed = Element("feed", {"xmlns": _NAMESPACE, "xml:lang": "en"})
    asked = {part: value for part, value in wanted._asdict().items() if value is not None}
    own = f"{base}/v1/feed.atom" + (f"?{urlencode(asked)}" if asked else "")
    parts = [f"{part}={quote(value, safe='')}" for part, value in asked.items()]
    _text(feed, "id", TAG + "/".join(["feed", ledger, *parts]))
    _text(feed, "title", _feed_title(wanted, name))
    _text(feed, "updated", found[0].id.time if found else NEVER)
    _link(feed, "self", own, MEDIA_TYPE)
    page = f"/crises/{quote(wanted.crisis)}" if wanted.crisis else "/"
    _link(feed, "alternate", base + page, "text/html")
    _author(feed, f"tollbook ledger {ledger}")
    _text(feed, "generator", "tollbook")
    for told in found:
        _entry(feed, base, ledger, told, name)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(feed, "unicode")}'.encode()


def title_of(change: Document, name: Name) -> str:
    """`Latakia, killed, civilian: 745 to 830 (sohr), reason`, on one line."""
    cell, cause = change["cell"], _cause_told(change)
    where = " + ".join(name(code) for code in cell["area"].split("+"))
    what = [where, cell["measure"].replace("_", " ")]
    if cell["kind"] != "area":
        what.append(cell["kind"])
    what += [f"{word} {name(cell[end])}" for word, end in _WAYS if cell[end]]
    if cell["unit"] != "person":
        what.append(cell["unit"])
    if cell["segment"] != "all":
        what.append(words.segment(cell["segment"]))
    who = f" ({cause['originator']})" if cause.get("originator") else ""
    why = f", {_shortened(cause['reason'])}" if cause.get("reason") else ""
    return words.clean(f"{', '.join(what)}: {_step(change['before'], change['after'])}{who}{why}")


def _step(before: Document | None, after: Document | None) -> str:
    """`745 \u2192 830`; where the two read the same, what it is that changed."""
    if value(before) != value(after):
        return f"{value(before)} \u2192 {value(after)}"
    if before == after:
        return f"{value(after)} as before, on other figures"
    ends = [[side[end] for end in ("low", "high")] for side in (before, after) if side]
    return f"{value(after)} as before, other {'flags' if ends[0] == ends[-1] else 'bounds'}"


def value(bounds: Document | None) -> str:
    """`745`, `at least 60`, `12 to 99`, `no report`: a cell's numbers for a title."""
    if bounds is None:
        return "no report"
    low, best, high = bounds["low"], bounds["best"], bounds["high"]
    if best is not None:
        return words.number(best)
    if high is None:
        return f"at least {words.number(low)}" if low else "open"
    return f"{words.number(low)} to {words.number(high)}"


def _feed_title(wanted: Filter, name: Name) -> str:
    parts = [wanted.crisis, wanted.area and name(wanted.area)]
    parts += [wanted.measure and wanted.measure.replace("_", " "), wanted.segment]
    return ", ".join(["Changes", *(part for part in parts if part)])


def _entry(feed: Element, base: str, ledger: str, told: Told, name: Name) -> None:
    change, cause = told.document, _cause_told(told.document)
    entry = SubElement(feed, "entry")
    _text(entry, "id", f"{TAG}change/{ledger}/{told.id}")
    _text(entry, "title", title_of(change, name))
    _text(entry, "updated", told.id.time)
    _text(entry, "published", change["recorded_at"])
    _author(entry, cause.get("originator") or f"tollbook ledger {ledger}")
    _link(entry, "alternate", base + explain_page(change), "text/html")
    if cause:
        _link(entry, "related", base + event_address(change, cause), "application/json")
    SubElement(entry, "category", {"term": _clean(change["crisis"])})
    SubElement(entry, "category", {"term": _clean(change["cell"]["measure"])})
    content = SubElement(entry, "content", {"type": "text"})
    content.text = _clean("\n".join(map(words.clean, _lines(change))))


def _lines(change: Document) -> list[str]:
    lines = [
        f"before: {words.three(change['before'])}",
        f"after: {words.three(change['after'])}",
        "(low / best / high)",
    ]
    for cause in change["causes"]:
        kind = cause["type"].rsplit(".", 3)[-3:-1]
        reason = f": {cause['reason']}" if cause["reason"] else ""
        place = f"{change['partition']}:{cause['sequence']}"
        lines.append(f"by {' '.join(kind)} {cause['event']}, position {place}{reason}")
    more = change["causes_total"] - len(change["causes"])
    return [*lines, f"and {words.plural(more, 'event')} more"] if more else lines


def explain_page(change: Document) -> str:
    """The page that says how the number of a cell came about."""
    cell = change["cell"]
    parts = ("measure", "unit", "nature", "kind", "area", "segment", "origin", "destination")
    asked = urlencode({"cell": "|".join(cell[part] or "" for part in parts)})
    return f"/crises/{quote(change['crisis'])}/explain?{asked}"


def event_address(change: Document, cause: Document) -> str:
    """Where the event is that caused a change."""
    sequence = cause["sequence"]
    asked = {"partition": change["partition"], "from": sequence, "to": sequence}
    return f"/v1/events?{urlencode(asked)}"


def _cause_told(change: Document) -> Document:
    """The event that a title names: the latest."""
    causes = change["causes"]
    return causes[-1] if causes else {}


def _shortened(reason: str) -> str:
    return reason if len(reason) <= _TITLE_MAX else f"{reason[:_TITLE_MAX]}\u2026"


def _text(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = _clean(text)


def _author(parent: Element, name: str) -> None:
    _text(SubElement(parent, "author"), "name", name)


def _link(parent: Element, rel: str, href: str, kind: str) -> None:
    SubElement(parent, "link", {"rel": rel, "href": _clean(href), "type": kind})


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
