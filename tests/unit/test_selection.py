"""Selection: which figures and acts a question admits, and the claims they make."""

from datetime import UTC, datetime
from typing import Any

import pytest
from figures_builder import act, ask, day, documents, fig, gid, quantity, recorded, report

from tollbook_projections.consolidation.claim import Claim
from tollbook_projections.filing import Document
from tollbook_projections.reading import Reading, segment_pairs
from tollbook_projections.selection import (
    NOW,
    Dossier,
    Moment,
    admit,
    cut_off,
)
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy
from tollbook_schemas.times import end_of


def dossier(*events: Document, figure: str = "a#x", moment: Moment = NOW) -> Dossier:
    """The dossier of a figure after some events."""
    return admit(*documents(recorded(events)), moment).dossiers[gid(figure)]


def claims(*events: Document, figure: str = "a#x") -> tuple[Claim, ...]:
    """The claims of a figure after some events."""
    reading = Reading(default_gazetteer(), default_policy())
    return reading.claims(dossier(*events, figure=figure))


FILED = report("a", 8, fig("x", 100, "SY-LA"))


def test_an_act_without_its_figure_waits() -> None:
    figures, acts = documents(recorded([act("retracted", "b", 9, "a#x")]))
    admitted = admit(figures, acts, NOW)

    assert not admitted.dossiers
    assert [one["figure"] for one in admitted.waiting] == [gid("a#x")]


def test_an_act_recorded_later_neither_applies_nor_waits() -> None:
    figures, acts = documents(recorded([FILED, act("retracted", "b", 9, "a#x")]))

    assert admit(figures, acts, Moment(known_as_of=1)).dossiers[gid("a#x")].excluded is None
    assert admit(figures, acts, Moment(known_as_of=2)).dossiers[gid("a#x")].excluded == "retracted"


@pytest.mark.parametrize(
    ("acts", "excluded"),
    [
        ((), None),
        (("retracted",), "retracted"),
        (("marked_duplicate",), "duplicate"),
        (("retracted", "reinstatement"), None),
        (("retracted", "reinstatement", "retracted"), "retracted"),
    ],
)
def test_what_was_done_last_decides_whether_a_figure_counts(
    acts: tuple[str, ...], excluded: str | None
) -> None:
    events = [
        act(kind, f"e{number}", 9 + number, "a#x", **({"of": "z#x"} if "dup" in kind else {}))
        for number, kind in enumerate(acts)
    ]

    found = dossier(FILED, *reversed(events))

    assert found.excluded == excluded
    assert bool(claims(FILED, *events)) == (excluded is None)


def test_a_review_sets_role_and_status_and_forces_only_as_counted() -> None:
    held = dossier(FILED, act("reviewed", "b", 9, "a#x", role="held", status="disputed"))
    counted = dossier(FILED, act("reviewed", "b", 9, "a#x", role="counted"))

    assert (held.role, held.status, held.forced) == ("held", "disputed", False)
    assert (counted.role, counted.status, counted.forced) == ("counted", "reported", True)


def test_a_held_figure_makes_no_claim_and_a_check_total_does() -> None:
    held = report("a", 8, fig("x", 100, "SY-LA", role="held"))
    total = report("a", 8, fig("x", 100, "SY-LA", role="check_total"))

    assert claims(held) == ()
    assert [claim.role for claim in claims(total)] == ["check_total"]


def test_a_corrected_value_replaces_the_filed_one() -> None:
    (claim,) = claims(FILED, act("correction", "b", 9, "a#x", quantity=quantity(70)))

    assert claim.interval is not None
    assert claim.interval.best == 70
    assert claim.event == gid("b")


def test_a_break_with_its_own_as_of_adds_a_claim() -> None:
    rebase = act("rebase", "b", 9, "a#x", quantity=quantity(40), as_of=day(9))

    assert [claim.as_of.day for claim in claims(FILED, rebase)] == [8, 9]
    assert [claim.explained for claim in claims(FILED, rebase)] == [False, True]


def test_mode_each_makes_a_claim_for_each_area() -> None:
    found = claims(report("a", 8, fig("x", 5, ["SY-LA", "SY-TA"], mode="each")))

    assert [claim.region.areas for claim in found] == [("SY-LA",), ("SY-TA",)]


def test_areas_are_canonical_sorted_and_without_repetition() -> None:
    (claim,) = claims(report("a", 8, fig("x", 5, ["SY-TA", "SY06"])))

    assert claim.region.areas == ("SY-LA", "SY-TA")


@pytest.mark.parametrize(
    ("fields", "text", "assumed"),
    [
        ({"as_of": day(7)}, day(7), False),
        ({"as_of": None, "window": {"start": day(5), "end": day(6)}}, day(6), True),
        ({"as_of": None, "window": {"start": day(5)}}, day(8), True),
        ({"as_of": None}, day(8), True),
    ],
)
def test_the_cut_off_is_as_of_else_the_windows_end_else_the_publication(
    fields: dict[str, Any], text: str, *, assumed: bool
) -> None:
    found = dossier(report("a", 8, fig("x", 5, "SY-LA", **fields)))

    assert cut_off(found, found.versions[-1]) == (end_of(text), text, assumed)


def test_a_date_ends_its_day_and_a_window_starts_it() -> None:
    window = {"start": day(6), "end": day(8)}
    (claim,) = claims(report("a", 9, fig("x", 5, "SY-LA", basis="increment", window=window)))

    assert claim.start == datetime(2025, 3, 6, tzinfo=UTC)
    assert claim.end == datetime(2025, 3, 8, 23, 59, 59, tzinfo=UTC)


def test_pairs_stand_in_the_order_of_the_slug_and_any_constrains_nothing() -> None:
    assert segment_pairs({"sex": "female", "status": "civilian"}) == (
        ("status", "civilian"),
        ("sex", "female"),
    )
    assert segment_pairs({"status": "any"}) == ()


@pytest.mark.parametrize(
    ("band", "name"),
    [
        ("0-17", "child"),
        ("00-04", "infant"),
        ("18", "adult"),
        ("60-999", "elderly"),
        ("05-17", "5-17"),
        ("65", "65"),
        ("teenager", "teenager"),
    ],
)
def test_a_band_of_ages_has_one_name(band: str, name: str) -> None:
    assert segment_pairs({"age_band": band}) == (("age_band", name),)


def test_an_area_inside_another_of_the_same_scope_adds_nothing_to_it() -> None:
    nested = fig("x", 5, ["SY06", "SY", "LB-BI"], origin=["SY-LA", "SY"], destination=["LB-BI"])
    (claim,) = claims(report("a", 9, nested))

    assert claim.series.region.areas == ("LB-BI", "SY")
    assert claim.series.region.flow == (("SY",), ("LB-BI",))


def test_one_scope_said_in_two_ways_is_one_cell() -> None:
    """Two regions that lie in each other would each wait for the other's low for ever."""
    said = ask(
        report("a", 8, fig("x", 24, ["SY06", "SY"]), fig("y", 13, "SY-LA")),
        report("b", 9, fig("z", 30, "SY")),
        report("c", 9, fig("kids", 3, "SY", segment={"age_band": "child"})),
        report("d", 9, fig("kids", 4, "SY", segment={"age_band": "0-17", "sex": "female"})),
    )

    assert said.of("SY") == (30, 30, 30)
    assert not said.has("SY+SY-LA")


def test_a_local_part_of_becomes_global_and_a_global_one_stays() -> None:
    local = report("a", 8, fig("w", 9, "SY-LA"), fig("x", 5, "SY-LA", place="P", part_of="w"))
    remote = report("a", 8, fig("x", 5, "SY-LA", place="P", part_of=gid("z#w")))

    assert [claim.part_of for claim in claims(local)] == [gid("a#w")]
    assert [claim.part_of for claim in claims(remote)] == [gid("z#w")]
