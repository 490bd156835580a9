"""Addresses that strangers gave: only those of the web are made links."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_ODD: Final = re.compile("[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\\\\]")
"""Controls, blanks, changes of writing direction, and a backslash, which browsers read as `/`."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address that may be a link, and the host it leads to, in ASCII."""

    url: str
    host: str


def web_address(text: str | None) -> WebAddress | None:
    """An address with http or https; None for anything else."""
    if text is None or _ODD.search(text):
        return None
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        return None
    return WebAddress(text, host)
