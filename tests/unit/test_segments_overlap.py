"""R10: segments that may hold the same people give no point value, whatever is known of both."""

from figures_builder import ask, fig, report

WOMEN, CHILDREN = {"sex": "female"}, {"age_band": "child"}


def test_segments_that_share_a_known_part_are_no_sum() -> None:
    # given: 60 women and girls, 50 children, and 10 girls who are among both
    answer = ask(
        report(
            "a",
            8,
            fig("w", 60, "SY-LA", segment=WOMEN),
            fig("c", 50, "SY-LA", segment=CHILDREN),
            fig("g", 10, "SY-LA", segment=WOMEN | CHILDREN),
        )
    )

    assert answer.of("SY-LA") == (60, None, 110)
