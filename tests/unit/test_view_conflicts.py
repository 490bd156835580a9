"""The view `conflicts`: what does not fit, with both sides and what would resolve it."""

from figures_builder import act, at_least, between, fig, gid, incident_opened, report
from view_kit import demo_rows, view

from tollbook_projections.filing import Document
from tollbook_projections.query import Query
from tollbook_schemas.policy import Policy


def of_kind(document: Document, kind: str) -> list[Document]:
    return [entry for entry in document["conflicts"] if entry["kind"] == kind]


def points(entry: Document) -> list[object]:
    return [side["value"]["low"] for side in entry["sides"]]


def test_figures_that_fit_together_are_no_conflict() -> None:
    document = view("conflicts", report("a", 8, fig("f", 10, "SY-LA")), more=([],))

    assert document["conflicts"] == []


def test_a_failing_check_shows_what_is_stated_and_what_the_parts_come_to() -> None:
    document = view(
        "conflicts",
        report(
            "a",
            8,
            fig("all", 1476, "SY-LA", role="check_total", components=["one", "two"]),
            fig("one", 40, "SY-LA", place="Here"),
            fig("two", 1184, "SY-LA", place="There"),
        ),
        more=([],),
    )

    (entry,) = of_kind(document, "sum_check")
    assert points(entry) == [1476, 1224]
    assert entry["figures"] == [gid("a#all"), gid("a#one"), gid("a#two")]
    assert entry["resolve"]


def test_an_unexplained_fall_shows_its_series_and_the_values_before_and_after() -> None:
    document = view(
        "conflicts",
        report("a", 8, fig("f", 20, "SY-LA")),
        report("b", 9, fig("f", 15, "SY-LA")),
        more=([],),
    )

    (entry,) = of_kind(document, "unexplained_fall")
    assert points(entry) == [20, 15]
    assert entry["series"] == "sohr|killed|person|all|SY-LA|cumulative"
    assert entry["figures"] == [gid("a#f"), gid("b#f")]
    assert gid("b#f") not in entry["what"]


def test_a_fall_that_was_explained_is_no_conflict() -> None:
    document = view(
        "conflicts",
        report("a", 8, fig("f", 20, "SY-LA")),
        report("b", 9, fig("f", 15, "SY-LA")),
        act("definition_change", "x", 10, "b#f"),
        more=([],),
    )

    assert document["conflicts"] == []


def test_parts_above_their_total_are_told_once_at_the_total_itself() -> None:
    document = view(
        "conflicts",
        report("a", 8, fig("both", 10, ["SY-LA", "SY-TA"]), fig("la", 15, "SY-LA")),
        more=([],),
    )

    entries = of_kind(document, "conflict")
    assert [entry["area"] for entry in entries] == ["SY"]
    assert entries[0]["cells"] == ["killed|person|count|area|SY|all||"]


def test_a_single_area_below_its_parts_shows_its_figure_and_their_sum() -> None:
    document = view(
        "conflicts",
        report("a", 8, fig("sy", 10, "SY"), fig("la", 15, "SY-LA")),
        more=([],),
    )

    (entry,) = of_kind(document, "conflict")
    assert entry["area"] == "SY"
    assert entry["sides"][0]["value"]["best"] == 10
    assert entry["sides"][0]["figures"] == [gid("a#sy")]
    assert entry["sides"][1]["figures"] == [gid("a#la")]


def test_a_point_below_the_minimum_of_a_better_ranked_source_is_shown() -> None:
    document = view(
        "conflicts",
        report("a", 8, fig("f", at_least(50), "SY-LA", coverage="partial"), by="ohchr"),
        report("b", 8, fig("f", 20, "SY-LA")),
        policy=Policy(source_rank=("ohchr", "sohr")),
        more=([],),
    )

    (entry,) = of_kind(document, "below_ranked_floor")
    assert entry["area"] == "SY-LA"
    assert {side["says"] for side in entry["sides"]} == {"ohchr", "sohr"}


def test_two_values_at_one_time_name_each_other() -> None:
    document = view(
        "conflicts", report("a", 8, fig("f", 20, "SY-LA"), fig("g", 25, "SY-LA")), more=([],)
    )

    entries = of_kind(document, "ambiguous_series")
    assert [points(entry) for entry in entries] == [[25, 20], [20, 25]]


def test_bounds_out_of_order_are_shown_as_printed() -> None:
    printed = fig("f", between(10, 30, 40), "SY-LA")

    document = view("conflicts", report("a", 8, printed), more=([],))

    (entry,) = of_kind(document, "bounds_disordered")
    assert entry["sides"][0]["value"] == {"low": 10, "best": 40, "high": 30}


def test_relays_that_change_nothing_stand_beside_the_value_they_would_replace() -> None:
    document = view(
        "conflicts",
        report("a", 7, fig("f", 10, "SY-LA")),
        report("b", 8, fig("f", 20, "SY-LA")),
        report("c", 9, fig("f", 10, "SY-LA"), relayed_by="Old News"),
        more=([],),
    )

    (entry,) = of_kind(document, "stale_relay")
    assert points(entry) == [20, 10]
    assert gid("c#f") in entry["resolve"]


def test_acts_that_wait_for_a_figure_are_shown_until_it_comes() -> None:
    waiting = (
        act("retracted", "t", 9, "late#f"),
        incident_opened("o", 9, "x", [gid("late#f")]),
    )

    before = view("conflicts", *waiting, more=([],))
    after = view("conflicts", *waiting, report("late", 8, fig("f", 3, "SY-LA")), more=([],))

    assert [entry["figures"] for entry in of_kind(before, "waiting_act")] == [[gid("late#f")]] * 2
    assert of_kind(after, "waiting_act") == []


def test_a_quarantined_key_is_shown_with_its_first_position() -> None:
    entry = {
        "source": "https://desk.example",
        "id": "a",
        "recorded_at": "2025-04-02T00:00:00Z",
        "reason": "other content",
        "sequence": 7,
    }

    document = view("conflicts", report("a", 8, fig("f", 1, "SY-LA")), more=([entry],))

    (found,) = of_kind(document, "quarantined")
    assert found["event"] == "https://desk.example/a"
    assert "sequence 7" in found["sides"][0]["says"]


def test_only_what_was_asked_for_is_shown() -> None:
    events = (
        report("a", 8, fig("f", 20, "SY-LA"), fig("g", 20, "SY-TA")),
        report("b", 9, fig("f", 15, "SY-LA"), fig("g", 15, "SY-TA")),
    )

    document = view("conflicts", *events, query=Query(area="SY-TA"), more=([],))

    assert [entry["area"] for entry in document["conflicts"]] == ["SY-TA"]


def test_rows_of_the_demo_crisis_have_all_that_the_view_needs() -> None:
    assert {key.partition("/")[0] for key in demo_rows()} == {"figure", "cell"}
