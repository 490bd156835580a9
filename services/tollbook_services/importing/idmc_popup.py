"""The fixed phrases of IDMC's texts: who moved how, in which unit, when and where."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from html import unescape
from typing import Final, Literal

from tollbook_services.importing.cells import needed, refused
from tollbook_services.importing.rows import Row

TEXT: Final = "standard_popup_text"


@dataclass(frozen=True, slots=True)
class Term:
    """How IDMC calls a kind of displacement.

    Attributes:
        phrases: what people were, in the sentence.
        measure: of `Figure`.
        basis: people present at a time, or those who moved in the window.
    """

    phrases: frozenset[str]
    measure: Literal["displaced", "sheltering", "homeless"]
    basis: Literal["stock", "flow"]


TERMS: Final[Mapping[str, Term]] = {
    "": Term(frozenset({"displaced"}), "displaced", "flow"),
    "evacuated": Term(frozenset({"evacuated"}), "displaced", "flow"),
    "relocated": Term(frozenset({"relocated"}), "displaced", "flow"),
    "destroyed housing": Term(
        frozenset({"displaced due to destroyed housing"}), "displaced", "flow"
    ),
    "uninhabitable housing": Term(frozenset({"homeless"}), "homeless", "flow"),
    "in relief camp": Term(frozenset({"in relief camp", "in relief camps"}), "sheltering", "stock"),
    "sheltered": Term(frozenset({"sheltered"}), "sheltering", "stock"),
}
"""By the words in brackets behind `displacements`; there are none for plain displacement."""

LEADS: Final[Mapping[str, str]] = {
    "a total of": "total",
    "approximately": "approximately",
    "more than": "more than",
}
"""What stands before the number, and the `qualifier` that goes with it."""

NO_NUMBER: Final = "(Figure)"
NO_UNIT: Final = "(People or Household)"
NO_PLACE: Final = "(Location)"
"""What IDMC left unfilled in its texts."""

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

_HEAD: Final = (
    r"<b>[^:<]+: *[\d,]+ displacements?(?: \((?P<term>[^)<]+)\))?, *"
    r"(?P<start>\d{1,2} [A-Z][a-z]+) *- *(?P<end>\d{1,2} [A-Z][a-z]+) *</b>"
)
_LINK: Final = r'<a href="(?P<url>[^"]*)" *target="_blank">(?P<source>[^<]*)</a>'
_POPUP: Final = re.compile(rf" *{_HEAD} *<br> *(?P<body>[^<]+?) *<br> *(?:{_LINK})? *")

_PHRASES: Final = "|".join(
    sorted((phrase for term in TERMS.values() for phrase in term.phrases), key=len, reverse=True)
)
_COUNT: Final = (
    rf"(?P<lead>{'|'.join(LEADS)}) (?P<number>[\d,]+|{re.escape(NO_NUMBER)}) "
    rf"(?P<unit>person|people|households?|{re.escape(NO_UNIT)})"
)
_DOING: Final = rf"(?P<phrase>{_PHRASES})"
_WHEN: Final = r"(?: on \d{1,2} [a-z]+| between [^,]+)"
_SENTENCES: Final = tuple(
    re.compile(sentence, re.IGNORECASE)
    for sentence in (
        (
            rf"{_COUNT} (?:was|were) {_DOING} due to [^,]+?{_WHEN}? in (?P<place>.+), "
            r"according to (?P<who>.+?)\.?"
        ),
        (
            rf"[^,]+ resulted in {_COUNT} being {_DOING} in (?P<place>.+?){_WHEN}, "
            r"according to (?P<who>.+?)\.?"
        ),
        (
            rf"According to (?P<who>.+), {_COUNT} (?:was|were) {_DOING} in (?P<place>.+) due to "
            rf"[^,]+?{_WHEN}\.?"
        ),
    )
)
"""The three orders in which a text says the same."""


@dataclass(frozen=True, slots=True)
class Popup:
    """What a text says.

    Attributes:
        term: a key of `TERMS`.
        start: its first day, without the year.
        end: its last day, without the year.
        qualifier: as in the column `qualifier`.
        number: None where IDMC left it out.
        households: whether the number is of households.
        place: where, as printed; None where IDMC left it out.
        who: who said it.
        url: the page; empty without one.
        source: the page's name and day; empty without one.
    """

    term: str
    start: str
    end: str
    qualifier: str
    number: int | None
    households: bool
    place: str | None
    who: str
    url: str
    source: str


def popup_of(row: Row) -> Popup:
    """Read the text of a row.

    Raises:
        RowError: it has a phrase that is not one of those that are known.
    """
    text = " ".join(needed(row, TEXT).split())
    popup = _POPUP.fullmatch(text)
    if popup is None:
        wanted = "<b> COUNTRY: N displacements (TERM), DAY - DAY </b> <br> SENTENCE <br> LINK"
        raise refused(TEXT, f"it has not the shape of IDMC's texts, {wanted}")
    term = popup["term"] or ""
    if term not in TERMS:
        known = ", ".join(sorted(TERMS.keys() - {""}))
        raise refused(TEXT, f"{term!r} is not known here: one of {known}")
    said = _sentence(popup["body"], term)
    number, unit, place = said["number"], said["unit"].lower(), said["place"]
    return Popup(
        term=term,
        start=popup["start"],
        end=popup["end"],
        qualifier=LEADS[said["lead"].lower()],
        number=None if number == NO_NUMBER else int(number.replace(",", "")),
        households=unit.startswith("household"),
        place=None if place == NO_PLACE else place,
        who=said["who"],
        url=unescape(popup["url"] or ""),
        source=popup["source"] or "",
    )


def _sentence(body: str, term: str) -> re.Match[str]:
    for sentence in _SENTENCES:
        said = sentence.fullmatch(body)
        if said is None:
            continue
        if said["phrase"].lower() not in TERMS[term].phrases:
            message = f"people are {said['phrase']!r}, but {term!r} says something else"
            raise refused(TEXT, message)
        return said
    message = (
        f"the sentence {body!r} is none of those that are known: it says how many people or "
        f"households were {' or '.join(sorted(TERMS[term].phrases))}, where, when and according "
        "to whom"
    )
    raise refused(TEXT, message)


def day_of(printed: str, column: str, found: date) -> date:
    """The day a text means, by the day in the column, which may be the one before.

    The columns are moments in UTC of days that began in a time zone ahead of it.

    Raises:
        RowError: the text means another day.
    """
    for day in (found, found + timedelta(days=1)):
        if printed == f"{day.day:02} {_MONTHS[day.month - 1]}":
            return day
    raise refused(column, f"it is {found}, but the text says {printed}: they must agree")
