"""R16: relays of old numbers, and what an editor's review does to them."""

from figures_builder import act, ask, day, fig, report

from tollbook_schemas.times import end_of

OWN = [report("a", 8, fig("x", 125, "SY-LA")), report("b", 9, fig("x", 231, "SY-LA"))]


def test_a_relay_of_an_earlier_value_is_stale_and_regresses_nothing() -> None:
    # given: 125, then 231, then a relay that still prints 125
    answer = ask(*OWN, report("c", 10, fig("x", 125, "SY-LA"), relayed_by="WION"))

    assert answer.of("SY-LA") == (231, 231, 231)
    assert answer.marks("c#x") == {"stale_relay"}


def test_a_relay_below_the_current_value_is_held() -> None:
    # given: SNHR's own 779, then a children's agency that relays "SNHR 396"
    answer = ask(
        report("a", 10, fig("x", 779, "SY"), by="snhr"),
        report("b", 11, fig("x", 396, "SY"), by="snhr", relayed_by="A children's agency"),
    )

    assert answer.of("SY") == (779, 779, 779)
    assert answer.marks("b#x") == {"held_relay"}


def test_a_relay_of_the_current_value_is_an_update() -> None:
    answer = ask(*OWN, report("c", 10, fig("x", 231, "SY-LA"), relayed_by="WION"))

    assert answer.of("SY-LA") == (231, 231, 231)
    assert answer.marks("c#x") == set()
    assert answer.cell("SY-LA").merged.as_of == end_of(day(10))


def test_a_relay_of_a_new_higher_value_counts() -> None:
    answer = ask(*OWN, report("c", 10, fig("x", 250, "SY-LA"), relayed_by="WION"))

    assert answer.of("SY-LA") == (250, 250, 250)


def test_an_earlier_value_without_another_in_between_is_not_stale() -> None:
    answer = ask(OWN[0], report("c", 10, fig("x", 125, "SY-LA"), relayed_by="WION"))

    assert answer.marks("c#x") == set()


def test_a_relay_of_an_old_higher_value_after_an_own_fall_is_stale() -> None:
    answer = ask(
        report("a", 8, fig("x", 100, "SY-LA")),
        report("b", 9, fig("x", 90, "SY-LA")),
        report("c", 10, fig("x", 100, "SY-LA"), relayed_by="WION"),
    )

    assert answer.of("SY-LA") == (90, 90, 90)
    assert answer.marks("c#x") == {"stale_relay"}


def test_a_held_relay_changes_nothing_for_the_relays_after_it() -> None:
    # given: 396 is held; a second relay of 396 is not the repetition of a current value
    answer = ask(
        report("a", 10, fig("x", 779, "SY"), by="snhr"),
        report("b", 11, fig("x", 396, "SY"), by="snhr", relayed_by="One"),
        report("c", 12, fig("x", 396, "SY"), by="snhr", relayed_by="Two"),
    )

    assert answer.of("SY") == (779, 779, 779)
    assert answer.marks("c#x") == {"held_relay"}


def test_a_relay_reviewed_as_counted_becomes_current() -> None:
    relay = report("b", 11, fig("x", 396, "SY"), by="snhr", relayed_by="Agency")
    answer = ask(
        report("a", 10, fig("x", 779, "SY"), by="snhr"),
        relay,
        act("reviewed", "c", 12, "b#x", role="counted"),
    )

    assert answer.of("SY") == (396, 396, 396)
    assert "held_relay" not in answer.marks("b#x")


def test_a_review_of_the_status_alone_lifts_nothing() -> None:
    answer = ask(
        report("a", 10, fig("x", 779, "SY"), by="snhr"),
        report("b", 11, fig("x", 396, "SY"), by="snhr", relayed_by="Agency"),
        act("reviewed", "c", 12, "b#x", status="verified"),
    )

    assert answer.of("SY") == (779, 779, 779)


def test_an_originators_own_fall_becomes_current_and_is_flagged() -> None:
    answer = ask(*OWN, report("c", 10, fig("x", 200, "SY-LA")))

    assert answer.of("SY-LA") == (200, 200, 200)
    assert answer.marks("c#x") == {"unexplained_fall"}
    assert "unexplained_fall" in answer.flags("SY-LA") & answer.flags("SY")


def test_a_late_own_value_can_make_a_relay_stale_after_the_fact() -> None:
    # given: 125 and a relay of 125 of the 10th; the 231 of the 9th is recorded last
    events = [OWN[0], report("c", 10, fig("x", 125, "SY-LA"), relayed_by="WION")]

    assert ask(*events).marks("c#x") == set()
    assert ask(*events, OWN[1]).marks("c#x") == {"stale_relay"}
    assert ask(*events, OWN[1]).of("SY-LA") == (231, 231, 231)


def test_a_relay_of_another_series_is_not_compared() -> None:
    answer = ask(*OWN, report("c", 10, fig("x", 20, "SY-TA"), relayed_by="WION"))

    assert answer.of("SY-TA") == (20, 20, 20)


def test_the_relay_rules_follow_as_of_and_not_arrival() -> None:
    relay = report("c", 10, fig("x", 125, "SY-LA", as_of=day(10)), relayed_by="WION")

    assert ask(relay, *reversed(OWN)).of("SY-LA") == (231, 231, 231)
