"""R3 and R12: one ledger per originator, and one answer from several."""

from dataclasses import replace

from figures_builder import ask, at_least, between, day, fig, increment, report

from tollbook_schemas.policy import default_policy

COAST = ["SY-LA", "SY-TA"]
RANKED = replace(default_policy(), source_rank=("a", "b"))


def test_numbers_of_different_originators_are_never_added() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA"), by="a"),
        report("b", 9, increment("i", 40, "SY-LA", 9, 9), by="b"),
    )

    assert answer.of("SY-LA")[0] <= 100
    assert answer.of("SY-LA")[2] == 100


def test_different_provinces_of_different_originators_are_no_sum() -> None:
    answer = ask(
        report("a", 8, fig("x", 50, "SY-LA"), by="a"), report("b", 9, fig("x", 20, "SY-TA"), by="b")
    )

    assert answer.of("SY")[0] < 70
    assert answer.of("SY")[2] == 50
    assert answer.own("a", "SY") == (50, 50, 50)
    assert answer.own("b", "SY") == (20, 20, 20)


def test_a_relay_joins_the_series_of_its_originator() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 9, fig("x", 120, "SY-LA"), relayed_by="Agency"),
    )

    assert answer.of("SY-LA") == (120, 120, 120)
    assert set(answer.cell("SY-LA").originators) == {"sohr"}


def test_a_figure_may_name_its_own_originator() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA"), fig("y", 90, "SY-LA", originator="snhr"), by="sohr")
    )

    assert set(answer.cell("SY-LA").originators) == {"sohr", "snhr"}


def test_the_latest_of_unranked_originators_gives_best() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA"), by="a"),
        report("b", 9, fig("x", 80, "SY-LA"), by="b"),
    )

    assert answer.of("SY-LA") == (80, 80, 100)
    assert answer.cell("SY-LA").merged.supplier == "b"


def test_of_equally_late_originators_the_first_name_gives_best() -> None:
    answer = ask(
        report("b", 9, fig("x", 80, "SY-LA"), by="b"),
        report("a", 9, fig("x", 100, "SY-LA"), by="a"),
    )

    assert answer.of("SY-LA") == (80, 100, 100)


def test_the_rank_of_the_policy_comes_first() -> None:
    events = [
        report("a", 8, fig("x", 100, "SY-LA"), by="a"),
        report("b", 9, fig("x", 110, "SY-LA"), by="b"),
    ]

    assert ask(*events, policy=RANKED).of("SY-LA") == (100, 100, 110)
    assert ask(*events).of("SY-LA") == (100, 110, 110)


def test_a_value_below_the_low_of_a_better_ranked_one_is_no_best() -> None:
    answer = ask(
        report("a", 8, fig("x", between(90, 120), "SY-LA"), by="a"),
        report("b", 9, fig("x", 80, "SY-LA"), by="b"),
        policy=RANKED,
    )

    assert answer.of("SY-LA") == (80, None, 120)
    assert "below_ranked_floor" in answer.flags("SY-LA")


def test_the_next_in_rank_that_is_high_enough_gives_best() -> None:
    answer = ask(
        report("a", 8, fig("x", between(90, 120), "SY-LA"), by="a"),
        report("b", 9, fig("x", 80, "SY-LA"), by="b"),
        report("c", 9, fig("x", 95, "SY-LA"), by="c"),
        policy=RANKED,
    )

    assert answer.of("SY-LA") == (80, 95, 120)
    assert "below_ranked_floor" not in answer.flags("SY-LA")


def test_one_complete_originator_keeps_its_own_low() -> None:
    answer = ask(
        report("a", 8, fig("x", 50, "SY"), by="a"),
        report("b", 9, fig("x", between(60, 70), "SY-LA"), by="b"),
    )

    assert answer.of("SY")[0] == 50


def test_a_partial_floor_of_another_raises_low_and_takes_no_part_in_high() -> None:
    answer = ask(
        report("a", 8, fig("x", between(90, 200), "SY-LA"), by="a"),
        report("b", 9, fig("x", 111, "SY-LA", coverage="partial"), by="ohchr"),
    )

    assert answer.of("SY-LA") == (111, None, 200)
    assert "verified_floor" in answer.flags("SY-LA")


def test_a_floor_above_best_takes_best_away() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA"), by="a"),
        report("b", 9, fig("x", 111, "SY-LA", coverage="partial"), by="ohchr"),
    )

    assert answer.of("SY-LA")[:2] == (111, None)
    assert "floor_above_best" in answer.flags("SY-LA")


def test_low_is_the_least_of_the_complete_ones() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA"), by="a"),
        report("b", 8, fig("x", 60, "SY-LA"), by="b"),
        report("c", 8, fig("x", between(70, 300), "SY-LA"), by="c"),
    )

    assert answer.of("SY-LA")[0] == 60
    assert answer.of("SY-LA")[2] == 300


def test_with_none_comparable_low_is_the_greatest_low() -> None:
    answer = ask(
        report("a", 8, fig("x", "dozens", COAST), by="a"),
        report("b", 9, fig("x", "several", ["SY-LA", "SY-TA", "SY-HM"]), by="b"),
    )

    assert answer.of("SY")[:2] == (12, None)


def test_one_open_high_opens_the_cell() -> None:
    answer = ask(
        report("a", 8, fig("x", at_least(50), "SY-LA"), by="a"),
        report("b", 9, fig("x", 20, "SY-LA"), by="b"),
    )

    assert answer.of("SY-LA") == (20, 20, None)
    assert "open_high" in answer.flags("SY-LA")


def test_every_originator_keeps_its_own_value_beside_the_answer() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA"), by="a"),
        report("b", 9, fig("x", at_least(80), "SY-LA"), by="b"),
    )

    assert answer.own("a", "SY-LA") == (100, 100, 100)
    assert answer.own("b", "SY-LA") == (80, 80, None)


def test_a_question_about_one_originator_hears_no_other() -> None:
    events = [
        report("a", 8, fig("x", 100, "SY-LA"), by="a"),
        report("b", 9, fig("x", 80, "SY-LA"), by="b"),
    ]

    assert ask(*events, originator="a").of("SY-LA") == (100, 100, 100)


def test_an_originators_late_figure_about_an_early_day_does_not_make_it_latest() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA"), by="a"),
        report("b", 12, fig("x", 80, "SY-LA", as_of=day(7)), by="b"),
    )

    assert answer.of("SY-LA")[1] == 100
