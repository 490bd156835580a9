"""R5, R6 and R8: increments around a figure, before it, after it and of a wider area."""

from figures_builder import ask, between, fig, increment, report

COAST = ["SY-LA", "SY-TA"]


def test_a_long_increment_that_a_figure_holds_does_not_hide_a_short_one_after_it() -> None:
    answer = ask(
        report("a", 5, increment("early", 50, "SY-LA", 1, 5)),
        report("b", 8, fig("la", 100, "SY-LA")),
        report("c", 9, increment("late", 7, "SY-LA", 9, 9)),
    )

    assert answer.of("SY-LA") == (107, 107, 107)


def test_an_increment_inside_a_longer_range_is_no_more_than_a_check_of_it() -> None:
    answer = ask(
        report("a", 6, fig("la", 100, "SY-LA")),
        report("b", 10, increment("long", between(15, 30), "SY-LA", 7, 10)),
        report("c", 10, increment("inside", 5, "SY-LA", 8, 9)),
    )

    assert answer.of("SY-LA") == (115, None, 130)


def test_an_increment_inside_a_longer_one_does_not_hide_those_after_both() -> None:
    answer = ask(
        report("a", 12, increment("long", 50, "SY-LA", 8, 12)),
        report("b", 12, increment("inside", 5, "SY-LA", 9, 10)),
        report("c", 14, increment("after", 3, "SY-LA", 14, 14)),
    )

    assert answer.of("SY-LA") == (53, 53, 53)


def test_a_later_increment_of_a_wider_area_may_all_belong_to_a_part() -> None:
    answer = ask(
        report("a", 8, fig("la", 50, "SY-LA")),
        report("b", 9, increment("sy", 20, "SY", 9, 9)),
    )

    assert answer.of("SY-LA")[2] == 70


def test_an_increment_of_a_wider_area_may_all_belong_to_a_part_that_has_increments_alone() -> None:
    answer = ask(
        report("a", 8, increment("la", 5, "SY-LA", 8, 8)),
        report("b", 9, increment("sy", 20, "SY", 9, 9)),
    )

    assert answer.of("SY-LA")[2] == 25


def test_an_increment_without_a_point_takes_the_point_of_what_nobody_assigned() -> None:
    answer = ask(
        report("a", 8, fig("coast", 100, COAST)),
        report("b", 9, increment("more", between(5, 9), COAST, 9, 9)),
    )

    assert answer.bucket("SY-LA+SY-TA") == (105, None, 109)


def test_what_a_part_counted_between_two_increments_of_the_whole_adds_to_both() -> None:
    answer = ask(
        report("a", 8, increment("first", 10, "SY", 8, 8)),
        report("b", 10, increment("la", 5, "SY-LA", 10, 10)),
        report("c", 12, increment("last", 20, "SY", 12, 12)),
    )

    assert answer.of("SY") == (35, 35, 35)


def test_a_part_with_a_minimum_alone_holds_no_more_than_the_least_figure_around_it() -> None:
    answer = ask(
        report(
            "a",
            8,
            fig("coast", 100, COAST),
            fig("south", 40, ["SY-HM", "SY-LA"]),
            fig("la", 5, "SY-LA", coverage="partial"),
        ),
    )

    # at most 40 in Latakia, so at least 60 of the coast's 100 elsewhere
    assert answer.bucket("SY-LA+SY-TA")[0] == 60
