"""Reports as they were written before version 1: flat figures, old names of segments."""

import re
from typing import Any, Final

Document = dict[str, Any]

_SEGMENTS: Final[dict[Any, Document]] = {
    "all": {},
    "civilian": {"status": "civilian"},
    "combatant": {"status": "combatant"},
    "gov_security": {"status": "combatant", "group": "state_security"},
    "pro_assad_fighter": {"status": "combatant", "group": "pro_former_regime"},
}
_GROUPS: Final = {name: said["group"] for name, said in _SEGMENTS.items() if "group" in said}
_MEASURES: Final = {"incident": "incidents"}
_BASES: Final = {"incremental": "increment"}
_QUALIFIERS: Final = {"exact": "exactly"}
_STATUSES: Final = {"claimed": "reported"}
_ROLES: Final = {"stale_relay": "counted"}  # version 1 finds stale relays by itself (R16)

_OF_THE_REPORT: Final = {
    "source": "originator",
    "published_on": "published_at",
    "url": "url",
    "relayed_by": "relayed_by",
}
"""What version 0 repeated on each figure, and its name on the report of version 1."""

_DESCRIBED: Final = ("label", "term", "community")
"""Words for the people counted, the best first: one is `described_as`, the others are kept."""

_OWN_USE: Final = (
    *_DESCRIBED,
    "bulletin",
    "breakdown",
    "nationality",
    "may_overlap",
    "contained_in",
    "incident_count_ref",
)
"""Figure fields that version 1 has no place for; they are kept under `ext`."""

_NO_SECONDS: Final = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(Z|[+-]\d{2}:\d{2})")
_NO_CODE: Final = "?"
"""What stood before the name of a place without a code, among the codes of `scope`."""


def report_from_v0(data: Any) -> Any:
    """The data of `report.filed.v1` for that of `report.filed.v0`.

    Nothing is dropped but nulls: what version 1 knows by another name is renamed, what it has no
    place for goes under `ext`, and a field that neither version knows stays, to be refused by
    validation. So does a page or day of publication that not all figures share. Data that is no
    report at all comes back as it is.
    """
    if not isinstance(data, dict):
        return data
    figures, statements = data.get("figures", []), data.get("statements", [])
    if not _are_objects(figures) or not _are_objects(statements):
        return data
    figures = [_without_nulls(figure) for figure in figures]
    report = {name: value for name, value in data.items() if value is not None}
    _rename(report, {**_OF_THE_REPORT, "about": "note"})
    for old, new in _OF_THE_REPORT.items():
        given = [figure[old] for figure in figures if old in figure]
        if given:
            report.setdefault(new, _with_seconds(given[0]))
    scopes = _scopes(figures)
    report["figures"] = [_figure(figure, report, scopes) for figure in figures]
    if statements:
        report["statements"] = [_statement(_without_nulls(one)) for one in statements]
    return report


def _are_objects(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def _without_nulls(item: Document) -> Document:
    return {name: value for name, value in item.items() if value is not None}


def _figure(old: Document, report: Document, scopes: dict[Any, list[Any]]) -> Document:
    """A figure in its new shape; `old` is used up."""
    new: Document = {
        "measure": _read(_MEASURES, old.pop("measure", None)),
        "segment": _read(_SEGMENTS, old.pop("segment", "all")),
        "quantity": _quantity(old),
        "basis": _read(_BASES, old.pop("basis", None)),
    }
    own: Document = {}
    _take_ground(old, new, scopes)
    _take_times(old, new)
    _take_standing(old, new, own)
    for name, field in _OF_THE_REPORT.items():
        if name in old and _with_seconds(old[name]) == report.get(field):
            del old[name]
    _rename(old, {"figure_id": "id", "source": "originator"})
    own |= {name: old.pop(name) for name in _OWN_USE if name in old}
    if own:
        new["ext"] = own
    return _together(_without_nulls(new), old)


def _together(new: Document, left: Document) -> Document:
    """The new fields and those left over; none hides another of the same name."""
    return {**new, **{f"{name} (twice)" if name in new else name: left[name] for name in left}}


def _quantity(old: Document) -> Document:
    qualifier = _read(_QUALIFIERS, old.pop("qualifier", None))
    value = old.pop("value", None)
    quantity: Document = {"qualifier": qualifier}
    if qualifier == "lexical":
        quantity["word"] = value
    if isinstance(value, str):
        quantity["text"] = value
    else:
        quantity["value"] = value
    return _without_nulls(quantity)


def _scopes(figures: list[Document]) -> dict[Any, list[Any]]:
    """The codes of each figure that has some, by its id."""
    found: dict[Any, list[Any]] = {}
    for figure in figures:
        name, scope = figure.get("figure_id"), figure.get("scope")
        if isinstance(name, str) and isinstance(scope, list) and _are_codes(scope):
            found[name] = scope
    return found


def _are_codes(scope: list[Any]) -> bool:
    return all(isinstance(code, str) and not code.startswith(_NO_CODE) for code in scope)


def _take_ground(old: Document, new: Document, scopes: dict[Any, list[Any]]) -> None:
    """The areas; a place without a code lies in the areas of what the figure is a part of."""
    scope = old.pop("scope", None)
    new["areas"] = scope
    if not isinstance(scope, list) or _are_codes(scope):
        return
    whole = old.get("part_of")
    names = [one for one in scope if isinstance(one, str) and one.startswith(_NO_CODE)]
    codes = [one for one in scope if one not in names]
    new["areas"] = codes or (scopes.get(whole, []) if isinstance(whole, str) else [])
    new["place"] = ", ".join(name.removeprefix(_NO_CODE) for name in names)


def _take_times(old: Document, new: Document) -> None:
    bounds = {"start": old.pop("window_from", None), "end": old.pop("window_to", None)}
    window = {name: _with_seconds(text) for name, text in bounds.items() if text is not None}
    new["window"] = window or None
    new["as_of"] = _with_seconds(old.pop("as_of", None))


def _take_standing(old: Document, new: Document, own: Document) -> None:
    """Status, role, who did it, and how the people are described."""
    for name, table in (("status", _STATUSES), ("role", _ROLES)):
        said = old.pop(name, None)
        new[name] = _read(table, said)
        if new[name] != said:
            own[f"{name}_in_source"] = said
    group = old.pop("perpetrator", None)
    if group is not None:
        new["attribution"] = {"group": _read(_GROUPS, group), "status": "alleged"}
    described = [name for name in _DESCRIBED if name in old]
    if described:
        new["described_as"] = old.pop(described[0])


def _statement(old: Document) -> Document:
    named = [old.get("figures", []), old.get("stance_on", [])]
    _rename(old, {"statement_id": "id", "text_paraphrase": "text"})
    if not all(isinstance(names, list) for names in named):
        return old
    about: list[Any] = []
    for name in (*named[0], *named[1]):
        if name not in about:
            about.append(name)
    left = {name: old[name] for name in old if name not in ("figures", "stance_on")}
    return _together({"about": about} if about else {}, left)


def _rename(document: Document, names: dict[str, str]) -> None:
    """Renames members in place; one that would hide another stays, to be refused."""
    for old, new in names.items():
        if old in document and new not in document:
            document[new] = document.pop(old)


def _read(table: dict[Any, Any], said: Any) -> Any:
    return table.get(said, said) if isinstance(said, str) else said


def _with_seconds(text: Any) -> Any:
    """`2025-03-08T18:00Z` as version 1 wants it; anything else as it is."""
    found = _NO_SECONDS.fullmatch(text) if isinstance(text, str) else None
    return f"{found[1]}:00{found[2]}" if found else text
