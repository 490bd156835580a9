"""SDMX observation status of a number: from its flags, and from what its figures say of themselves.

The codes are those of the SDMX code list CL_OBS_STATUS that Eurostat writes in lower case: `p`
provisional, `e` estimated, `b` break in time series, `d` definition differs, `u` low reliability.
A number may have several, or none: then it is a normal value.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from tollbook_projections.selection import Dossier, Version

CODES: Final = {
    "p": "provisional",
    "e": "estimated",
    "b": "break in time series",
    "d": "definition differs",
    "u": "low reliability",
}

OF_FLAGS: Final[Mapping[str, str]] = {
    "ambiguous_series": "u",
    "as_of_assumed": "",
    "below_ranked_floor": "u",
    "bounds_disordered": "u",
    "check_total": "",
    "conflict": "u",
    "duplicate": "",
    "floor_above_best": "u",
    "floor_above_figure": "u",
    "held": "u",
    "held_relay": "u",
    "late": "",
    "mixed_as_of": "e",
    "open_high": "",
    "part_newer_than_total": "u",
    "parts_missing": "d",
    "phases_added": "b",
    "place_floor": "",
    "redacted": "",
    "restates": "e",
    "retracted": "u",
    "segments_missing": "d",
    "series_break": "b",
    "stale_relay": "u",
    "stale_stock": "u",
    "triangulation": "d",
    "unexplained_fall": "u",
    "unquantified": "u",
    "verified_floor": "",
    "window_straddles": "u",
    "withheld": "",
}
"""The codes of every flag of a cell, a revision or a figure; none where the number is normal."""

OF_STATUS: Final[Mapping[str, str]] = {
    "reported": "",
    "alleged": "u",
    "preliminary": "p",
    "verified": "",
    "disputed": "u",
    "denied": "u",
}
"""The codes of the status of a figure."""

OF_QUALIFIER: Final[Mapping[str, str]] = {
    "exactly": "",
    "approximately": "e",
    "at_least": "",
    "more_than": "",
    "up_to": "",
    "less_than": "",
    "between": "e",
    "lexical": "e",
    "unquantified": "u",
    "none_reported": "",
    "unknown": "u",
}
"""The codes of how a quantity was printed; one-sided bounds show in low and high themselves."""

OF_KIND: Final[Mapping[str, str]] = {
    "initial": "",
    "update": "",
    "correction": "",
    "clarification": "",
    "definition_change": "bd",
    "scope_change": "bd",
    "reclassification": "d",
    "rebase": "b",
    "retraction": "u",
    "reinstatement": "",
    "duplicate": "",
    "review": "",
}
"""The codes of the kind of a revision."""


def of_flags(flags: Iterable[str]) -> set[str]:
    """The codes of flags."""
    return {code for flag in flags for code in OF_FLAGS[flag]}


def of_figure(dossier: Dossier, versions: Iterable[Version]) -> set[str]:
    """The codes of one figure: its status, how it was printed, breaks of its series until then.

    Args:
        dossier: the figure after its acts.
        versions: those of its versions that a number rests on.
    """
    found = set(OF_STATUS[dossier.status])
    for version in versions:
        found.update(OF_QUALIFIER[version.body["quantity"]["qualifier"]])
        for one in dossier.versions[: version.number + 1]:
            if one.act is not None:
                found.update(OF_KIND[one.act["act"]])
    return found


def in_order(codes: Collection[str]) -> list[str]:
    """Codes in the order of `CODES`."""
    return [code for code in CODES if code in codes]
