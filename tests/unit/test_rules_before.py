"""What was counted before a total began to count (R5)."""

from figures_builder import Answer, ask, day, fig, increment, report

from tollbook_projections.filing import Document

FROM_THE_8TH = {"start": day(8), "end": day(12)}


def said(*earlier: Document) -> Answer:
    """A total of Latakia from the 8th on, and increments."""
    return ask(report("a", 12, fig("t", 100, "SY-LA", window=FROM_THE_8TH), *earlier))


def test_an_increment_before_a_total_adds_to_it() -> None:
    assert said(increment("i", 10, "SY-LA", 1, 5)).of("SY-LA") == (110, 110, 110)


def test_an_increment_inside_another_before_a_total_adds_nobody() -> None:
    answer = said(increment("i", 10, "SY-LA", 1, 5), increment("j", 4, "SY-LA", 2, 3))

    assert answer.of("SY-LA") == (110, 110, 110)


def test_increments_before_a_total_that_overlap_may_be_the_same_people() -> None:
    answer = said(increment("i", 10, "SY-LA", 1, 5), increment("j", 4, "SY-LA", 4, 6))

    assert answer.of("SY-LA") == (110, None, 114)
    assert "window_straddles" in answer.flags("SY-LA")


def test_what_parts_counted_before_a_total_is_not_added_twice() -> None:
    # given: the increment of the province before its total is all of one district
    answer = said(
        increment("i", 150, "SY-LA", 1, 5),
        increment("j", 150, "SY0602", 1, 5),
    )

    assert answer.of("SY-LA") == (250, 250, 250)


def test_a_part_that_says_no_beginning_began_with_the_total() -> None:
    answer = said(fig("p", 30, "SY0602", as_of=day(5)))

    assert answer.of("SY-LA") == (100, 100, 100)
