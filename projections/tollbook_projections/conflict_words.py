"""The words of the view `conflicts`: what each kind means, and what would resolve it."""

from collections.abc import Mapping
from typing import Final

CELL_FLAGS: Final[Mapping[str, tuple[str, str]]] = {
    "conflict": (
        "the parts known at a total's own cut-off exceed it",
        "Correct the total or one of its parts with `tollbook revise`, or publish a newer total.",
    ),
    "part_newer_than_total": (
        "a part was first counted after its total, so nobody said whether the total holds it",
        "A newer total, or an earlier figure of the part, says what was already in it.",
    ),
    "floor_above_figure": (
        "a minimum is above the same originator's closed figure of the same people",
        "Correct the figure, or retract or revise the minimum with a reason.",
    ),
    "floor_above_best": (
        "a minimum is above the point value, so there is none",
        "A newer figure of this cell, or a correction of the minimum, gives a point value again.",
    ),
    "below_ranked_floor": (
        "the point value of an originator is below the minimum of a better ranked one",
        "A newer figure of the lower originator, a correction, or another rank in the policy.",
    ),
}
"""Flags of cells that say two things do not fit: what each means, and what would resolve it."""

MARKS: Final[Mapping[str, tuple[str, str]]] = {
    "unexplained_fall": (
        "a cumulative count fell, and nobody said why",
        "Say why with `tollbook revise FIGURE --kind ... --reason ...`, or retract what is wrong.",
    ),
    "stale_relay": (
        "a relay repeats a value that its originator has replaced since",
        "Nothing has to be done; `tollbook review FIGURE --role counted` counts it after all.",
    ),
    "held_relay": (
        "a relay is below what its originator had counted by then",
        "`tollbook review FIGURE --role counted` counts it; otherwise nothing changes.",
    ),
    "ambiguous_series": (
        "one originator gave several values for the same thing at one time",
        "Revise or retract one of them, or say which is `part_of` the other.",
    ),
    "bounds_disordered": (
        "low, best and high of a figure contradict each other as printed",
        "Revise its quantity with `tollbook revise FIGURE --kind correction`.",
    ),
}
"""Marks of figures that ask for a decision: what each means, and what would resolve it."""

CHECK: Final = "Revise or retract the figure that is wrong, or publish the parts that are missing."
WAITS: Final = "Publish the report with this figure, or correct the id the event names."
QUARANTINED: Final = (
    "If both are meant, `tollbook quarantine accept EVENT --reason ...` records the second under "
    "an id of its own; if not, discard it; `tollbook quarantine show EVENT` says where they differ."
)
