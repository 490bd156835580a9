"""Folds names of areas, so that spellings of one name become the same key; see docs/areas.md."""

import html
import re
import unicodedata
from typing import Final

NAME_CHARS_MAX: Final = 200
"""Characters of a text that are read as a name: longer ones are no name of an area."""

_LETTERS: Final = str.maketrans(
    {
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ə": "a",
        "&": " and ",
        "\N{ARABIC LETTER TEH MARBUTA}": "\N{ARABIC LETTER HEH}",
        "\N{ARABIC LETTER ALEF MAKSURA}": "\N{ARABIC LETTER YEH}",
        "\N{ARABIC LETTER FARSI YEH}": "\N{ARABIC LETTER YEH}",
        "\N{ARABIC LETTER KEHEH}": "\N{ARABIC LETTER KAF}",
        "\N{ARABIC LETTER ALEF WASLA}": "\N{ARABIC LETTER ALEF}",
        "\N{ARABIC LETTER HEH GOAL}": "\N{ARABIC LETTER HEH}",
        "\N{ARABIC LETTER HAMZA}": None,
        "\N{ARABIC TATWEEL}": None,
    }
)
"""Letters without a decomposition, and Arabic letters that are written one for the other."""

_JOINERS: Final = frozenset("'`\"\u00b4\u2018\u2019\u201c\u201d\u2032\u02bb\u02bc\u02be\u02bf")
"""Quotes, primes and the signs of ayn and hamza: `Dar'a` and `Dara` are the same."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GENERIC: Final = _words("""
    state states region division province governorate district county prefecture department
    territory oblast municipality
    muhafazat mohafazat muhafazah muhafaza wilayat wilaya wilayah ostan
    gouvernorat departement estado provincia departamento ili vilayeti viloyati
    oblysy oblasty megye obcina
    محافظه ولايه الولايه منطقه اقليم مقاطعه قضا استان
""")
"""Words that say what kind of area is meant, not which."""

_LINKS: Final = _words("of the de del du da e")
"""Words between a generic word and a name: `Governorate of Latakia`."""

_ARTICLES: Final = _words("al el an ar as ash at ad adh az ath ul il")
"""The Arabic article in Latin letters, with and without assimilation."""

_ARABIC_ARTICLE: Final = re.compile("\\b\N{ARABIC LETTER ALEF}\N{ARABIC LETTER LAM}(?=\\w{3})")


def folded(text: str) -> str:
    """Lower case, one space between words, no marks: `Deir-ez-Zor` and `deir ez zor` are one."""
    plain = unicodedata.normalize("NFKD", html.unescape(text)).casefold()
    kept = (_kept(char) for char in unicodedata.normalize("NFKD", plain.translate(_LETTERS)))
    return " ".join("".join(kept).split())


def core(key: str) -> str:
    """A folded name without words such as `state` and `محافظة`; empty if nothing is left."""
    words = key.split()
    rest = [word for word in words if word not in _GENERIC]
    if len(rest) < len(words):
        while rest and rest[0] in _LINKS:
            rest = rest[1:]
        while rest and rest[-1] in _LINKS:
            rest = rest[:-1]
    return " ".join(rest)


def loose(key: str) -> str:
    """A folded name without the Arabic article and spaces: `suwayda`, `naypyitaw`."""
    plain = _ARABIC_ARTICLE.sub("", key)
    rest = [word for word in plain.split() if word not in _ARTICLES]
    return "".join(rest)


def turned(name: str) -> str | None:
    """A name written `Tanzania, United Republic of` in its spoken order; None for others."""
    head, comma, tail = name.partition(", ")
    return f"{tail} {head}" if comma and "," not in tail else None


def _kept(char: str) -> str:
    if char.isalnum():
        return char
    if char in _JOINERS or unicodedata.category(char) in ("Mn", "Cf", "Lm"):
        return ""
    return " "
