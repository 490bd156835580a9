"""R6, R8 and R9: what nobody assigned, what a whole leaves its parts, and scopes that overlap."""

from figures_builder import (
    CIVILIAN,
    COMBATANT,
    FOUR,
    SECURITY,
    ask,
    at_least,
    between,
    day,
    fig,
    increment,
    report,
)

COAST = ["SY-LA", "SY-TA"]
THREE = ["SY-LA", "SY-TA", "SY-HM"]
TARTOUS_HOMS = ["SY-TA", "SY-HM"]
TWELFTH = report(
    "b",
    12,
    fig("civ", 1383, FOUR),
    fig("la", 683, "SY-LA", part_of="civ"),
    fig("ta", 433, "SY-TA", part_of="civ"),
    fig("hm", 255, "SY-HM", part_of="civ"),
    fig("hi", 12, "SY-HI", part_of="civ"),
)


def test_a_figure_of_two_provinces_is_never_split() -> None:
    answer = ask(report("a", 8, fig("x", 745, COAST)))

    assert answer.bucket("SY-LA+SY-TA") == (745, 745, 745)
    assert answer.of("SY-LA") == answer.of("SY-TA") == (0, None, 745)
    assert answer.of("SY") == (745, 745, 745)


def test_the_residual_is_what_the_parts_do_not_explain() -> None:
    answer = ask(report("a", 8, fig("x", 100, COAST), fig("la", 70, "SY-LA")))

    assert answer.bucket("SY-LA+SY-TA") == (30, 30, 30)
    assert answer.of("SY") == (100, 100, 100)


def test_the_residual_has_the_bounds_of_its_parts() -> None:
    # given: a part of 20 to 40 without a point
    answer = ask(report("a", 8, fig("x", 100, COAST), fig("la", between(20, 40), "SY-LA")))

    assert answer.bucket("SY-LA+SY-TA") == (60, 80, 80)


def test_a_part_with_an_open_high_leaves_no_low_for_the_residual() -> None:
    answer = ask(report("a", 8, fig("x", at_least(100), COAST), fig("la", at_least(70), "SY-LA")))

    assert answer.bucket("SY-LA+SY-TA") == (0, 30, None)


def test_a_part_first_known_a_day_later_is_1435_and_no_conflict() -> None:
    # given: 1,383 over four provinces on the 12th, then Latakia alone 735 on the 13th
    answer = ask(TWELFTH, report("c", 13, fig("la", 735, "SY-LA")))

    assert answer.of("SY") == (1435, 1435, 1435)
    assert answer.bucket("SY-HI+SY-HM+SY-LA+SY-TA")[:2] == (0, 0)
    assert "conflict" not in answer.flags("SY")


def test_what_a_part_gained_after_the_total_adds_to_it() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, COAST), fig("la", 60, "SY-LA", part_of="x")),
        report("b", 9, fig("la", 90, "SY-LA")),
    )

    assert answer.of("SY") == (130, 130, 130)
    assert answer.bucket("SY-LA+SY-TA") == (40, 40, 40)


def test_a_part_first_known_after_the_total_comes_out_of_the_residual_first() -> None:
    total = report("a", 8, fig("x", 100, COAST))
    below, above = fig("la", 70, "SY-LA"), fig("la", 130, "SY-LA")

    within = ask(total, report("b", 9, below))
    beyond = ask(total, report("b", 9, above))

    assert within.of("SY")[:2] == (100, 100)
    assert within.bucket("SY-LA+SY-TA")[1] == 30
    assert beyond.of("SY")[:2] == (130, 130)
    assert beyond.bucket("SY-LA+SY-TA")[1] == 0
    assert "part_newer_than_total" in within.flags("SY") & beyond.flags("SY")


def test_a_part_that_was_only_a_floor_then_comes_out_of_the_residual_too() -> None:
    # given: a verified minimum of 20 when the total was struck, 130 a day later
    answer = ask(
        report("a", 8, fig("x", 100, COAST), fig("p", 20, "SY-LA", coverage="partial")),
        report("b", 9, fig("la", 130, "SY-LA")),
    )

    assert answer.of("SY")[:2] == (130, 130)
    assert "part_newer_than_total" in answer.flags("SY")


def test_parts_that_exceeded_the_total_then_are_a_conflict() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, COAST), fig("la", 60, "SY-LA"), fig("ta", 60, "SY-TA"))
    )

    assert answer.of("SY") == (100, 100, 120)
    assert answer.bucket("SY-LA+SY-TA") == (0, 0, 0)
    assert "conflict" in answer.flags("SY")
    assert answer.of("SY-LA") == answer.of("SY-TA") == (60, 60, 60)


def test_a_conflict_rises_to_every_sum_above() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("x", 100, COAST),
            fig("la", 60, "SY-LA"),
            fig("ta", 60, "SY-TA"),
            fig("hm", 10, "SY-HM"),
        )
    )

    assert "conflict" in answer.flags("SY")
    assert answer.of("SY")[:2] == (110, 110)
    assert "conflict" not in answer.flags("SY-HM")


def test_parts_within_the_high_of_a_bounded_total_are_no_conflict() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("x", between(90, 130), COAST),
            fig("la", 60, "SY-LA"),
            fig("ta", 60, "SY-TA"),
        )
    )

    assert "conflict" not in answer.flags("SY")
    assert answer.of("SY")[0] == 120
    assert answer.of("SY")[2] == 130


def test_a_part_has_what_the_whole_leaves_it() -> None:
    answer = ask(report("a", 8, fig("x", 100, COAST), fig("la", 70, "SY-LA")))

    assert answer.of("SY-TA") == (0, None, 30)


def test_an_exact_part_is_not_capped_by_itself() -> None:
    # given: 100 on the coast, of whom 70 in Latakia: a hundred there would still be possible
    answer = ask(report("a", 8, fig("x", 100, COAST), fig("la", 70, "SY-LA")))

    assert answer.of("SY-LA") == (70, 70, 100)


def test_exact_parts_that_exhaust_the_whole_are_closed() -> None:
    answer = ask(TWELFTH)

    assert [answer.of(area) for area in FOUR] == [
        (683, 683, 683),
        (433, 433, 433),
        (255, 255, 255),
        (12, 12, 12),
    ]


def test_a_high_is_open_only_if_all_containing_figures_are_open() -> None:
    open_scope = fig("x", at_least(100), COAST)
    closed_country = fig("y", 500, "SY")

    assert ask(report("a", 8, open_scope)).of("SY-TA") == (0, None, None)
    assert ask(report("a", 8, open_scope, closed_country)).of("SY-TA")[2] == 500


def test_highs_are_possible_and_not_additive() -> None:
    answer = ask(report("a", 8, fig("x", 100, COAST)))
    highs = [answer.of(area)[2] for area in COAST]

    assert highs == [100, 100]
    assert answer.of("SY")[2] == 100


def test_disjoint_scopes_add() -> None:
    answer = ask(report("a", 8, fig("x", 50, COAST), fig("y", 60, ["SY-HM", "SY-HI"])))

    assert answer.of("SY") == (110, 110, 110)


def test_a_scope_inside_a_wider_one_does_not_add() -> None:
    answer = ask(report("a", 8, fig("x", 50, COAST), fig("y", 60, THREE)))

    assert answer.of("SY") == (60, 60, 60)
    assert answer.bucket("SY-HM+SY-LA+SY-TA") == (10, 10, 10)
    assert answer.of("SY-HM") == (0, None, 10)


def test_overlapping_scopes_leave_the_country_between_the_larger_and_the_sum() -> None:
    answer = ask(report("a", 8, fig("x", 100, COAST), fig("y", 50, TARTOUS_HOMS)))

    assert answer.of("SY") == (100, None, 150)


def test_a_known_shared_part_makes_the_buckets_of_overlapping_scopes_disjoint() -> None:
    # given: {L,T} 100, {T,H} 50 and T 30
    answer = ask(
        report("a", 8, fig("x", 100, COAST), fig("y", 50, TARTOUS_HOMS), fig("t", 30, "SY-TA"))
    )

    assert answer.bucket("SY-LA+SY-TA") == (70, 70, 70)
    assert answer.bucket("SY-HM+SY-TA") == (20, 20, 20)
    assert (answer.of("SY")[0], answer.of("SY")[2]) == (120, 120)


def test_three_overlapping_scopes_take_the_heaviest_disjoint_ones() -> None:
    # given: a chain of overlaps L-T, T-M, M-I: the ends are disjoint
    answer = ask(
        report(
            "a",
            8,
            fig("x", 40, COAST),
            fig("y", 70, TARTOUS_HOMS),
            fig("z", 50, ["SY-HM", "SY-HI"]),
        )
    )

    assert answer.of("SY")[0] == 90
    assert answer.of("SY")[1] is None


def test_an_own_figure_and_its_parts_intersect() -> None:
    answer = ask(
        report(
            "a", 8, fig("x", between(50, 200), "SY"), fig("l", 60, "SY-LA"), fig("t", 70, "SY-TA")
        )
    )

    assert answer.of("SY") == (130, None, 200)


def test_a_sum_has_no_best_where_a_summand_has_none() -> None:
    answer = ask(report("a", 8, fig("x", between(50, 80), "SY-LA"), fig("y", 70, "SY-TA")))

    assert answer.of("SY") == (120, None, 150)


def test_districts_lie_in_their_province() -> None:
    answer = ask(report("a", 8, fig("d", 40, "SY0602"), fig("p", 60, "SY-LA")))

    assert answer.of("SY0602") == (40, 40, 60)
    assert answer.of("SY-LA") == (60, 60, 60)


def test_a_scope_across_a_border_closes_neither_country() -> None:
    answer = ask(report("a", 8, fig("x", 100, ["SY-LA", "LB-AK"])))

    # then: what lies in which of the two is not known, and neither is wholly covered
    assert answer.of("SY") == answer.of("LB") == (0, None, None)
    assert answer.of("SY-LA") == answer.of("LB-AK") == (0, None, 100)


def test_the_bucket_grows_by_what_increments_of_its_scope_leave() -> None:
    # given: ten more on the coast on the 9th, of whom four in Latakia
    answer = ask(
        report("a", 8, fig("x", 100, COAST), fig("l", 60, "SY-LA")),
        report("b", 9, increment("i", 10, COAST, 9, 9), increment("j", 4, "SY-LA", 9, 9)),
    )

    assert answer.of("SY")[:2] == (110, 110)
    assert answer.of("SY-LA")[:2] == (64, 64)
    assert answer.bucket("SY-LA+SY-TA")[1] == 46


def test_what_a_whole_counted_in_a_later_window_may_be_in_any_of_its_parts() -> None:
    # given: the coast has 110, so each province may have 110 and not only 100
    answer = ask(
        report("a", 8, fig("x", 100, COAST)), report("b", 9, increment("i", 10, COAST, 9, 9))
    )

    assert answer.of("SY") == (110, 110, 110)
    assert answer.of("SY-LA") == answer.of("SY-TA") == (0, None, 110)


def test_what_increments_leave_unallocated_can_lie_in_the_other_part() -> None:
    # given: 110 on the coast, 64 of them in Latakia, so that 46 may be in Tartous
    answer = ask(
        report("a", 8, fig("x", 100, COAST), fig("l", 60, "SY-LA")),
        report("b", 9, increment("i", 10, COAST, 9, 9), increment("j", 4, "SY-LA", 9, 9)),
    )
    high = answer.of("SY-TA")[2]

    assert high is not None
    assert 46 <= high <= 110


def test_a_part_of_which_only_a_minimum_was_known_takes_from_the_unassigned_first() -> None:
    # R6, "or only a floor then": of the 100, up to 100 may have been in Latakia on the 8th
    answer = ask(
        report("a", 8, fig("x", 100, ["SY-LA", "SY-TA"]), fig("l", at_least(20), "SY-LA")),
        report("b", 9, fig("l", 130, "SY-LA")),
    )

    assert answer.of("SY")[1] == 130
    assert "part_newer_than_total" in answer.flags("SY")


def test_scopes_that_overlap_inside_a_third_are_solved_in_any_order() -> None:
    # given: true figures, each of whose leftovers could be asked for by another's
    three, tartous, homs = ["SY-HI", "SY-HM", "SY-TA"], ["SY-HI", "SY-TA"], ["SY-HI", "SY-HM"]
    figures = [
        fig("all", 72, three, as_of=day(6)),
        fig("civ", 6, "SY-HI", segment=CIVILIAN, as_of=day(4)),
        fig("civ2", at_least(8), tartous, segment=CIVILIAN, as_of=day(3)),
        fig("com", at_least(23), homs, segment=COMBATANT, as_of=day(3)),
        fig("sec", at_least(4), "SY-HI", segment=SECURITY, as_of=day(2)),
    ]
    reports = [report(f"r{number}", 6, one) for number, one in enumerate(figures)]

    # when
    answers = [ask(*reports), ask(*reversed(reports))]

    # then
    assert answers[0].told.cells == answers[1].told.cells
    assert answers[0].of("SY") == (72, 72, 72)
    assert answers[0].of("SY-HI", "civilian")[0] == 6
