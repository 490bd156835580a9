"""How a cell is named where somebody asks for its derivation."""


def cell_asked(cell: str, segment: str | None, kind: str | None) -> str:
    """The id of a cell, with `*` for what was not said.

    Args:
        cell: an id, as views print it, or areas by code.
        segment: with areas: the segment, such as civilian.
        kind: with areas: area, unallocated or unspecified.
    """
    if "|" in cell or (segment is None and kind is None):
        return cell
    return f"*|*|*|{kind or '*'}|{cell}|{segment or '*'}|*|*"
