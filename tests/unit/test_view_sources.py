"""The view `sources`: who counted, and how their numbers changed."""

from figures_builder import act, at_least, fig, gid, report
from view_kit import view

from tollbook_projections.filing import Document
from tollbook_projections.query import Query
from tollbook_schemas.policy import Policy


def sources(document: Document) -> dict[str, Document]:
    return {entry["originator"]: entry for entry in document["sources"]}


def test_a_source_has_its_first_and_last_day_and_counts_reports_not_figures() -> None:
    document = view(
        "sources",
        report("b", 9, fig("f", 20, "SY-LA"), fig("g", 5, "SY-TA")),
        report("a", 8, fig("f", 10, "SY-LA")),
    )

    entry = sources(document)["sohr"]
    assert (entry["first_published"], entry["last_published"]) == ("2025-03-08", "2025-03-09")
    assert (entry["reports"], entry["figures"], entry["series"]) == (2, 3, 2)
    assert entry["areas"] == ["SY-LA", "SY-TA"]


def test_rises_falls_and_unexplained_falls_are_counted_apart() -> None:
    document = view(
        "sources",
        report("a", 6, fig("f", 10, "SY-LA")),
        report("b", 7, fig("f", 30, "SY-LA")),
        report("c", 8, fig("f", 20, "SY-LA")),
        report("d", 9, fig("f", 15, "SY-LA")),
        act("correction", "x", 10, "d#f", quantity={"qualifier": "exactly", "value": 14}),
    )

    entry = sources(document)["sohr"]
    assert (entry["revisions_up"], entry["revisions_down"]) == (1, 2)
    assert entry["unexplained_falls"] == 1
    assert [(one["figure"], one["reason"]) for one in entry["corrections"]] == [
        (gid("d#f"), "said so")
    ]


def test_retractions_are_listed_with_their_reason_and_count_no_more() -> None:
    document = view(
        "sources",
        report("a", 8, fig("f", 10, "SY-LA")),
        act("retracted", "t", 9, "a#f", reason="counted twice"),
    )

    entry = sources(document)["sohr"]
    assert [one["reason"] for one in entry["retractions"]] == ["counted twice"]
    assert (entry["figures"], entry["series"], entry["cells"]) == (1, 0, 0)


def test_relays_are_counted_with_who_printed_them() -> None:
    document = view(
        "sources",
        report("a", 7, fig("f", 10, "SY-LA")),
        report("b", 8, fig("f", 20, "SY-LA")),
        report("c", 9, fig("f", 10, "SY-LA"), relayed_by="Old News"),
        report("d", 10, fig("f", 12, "SY-LA"), relayed_by="Old News"),
    )

    entry = sources(document)["sohr"]
    assert (entry["stale_relays"], entry["held_relays"]) == (1, 1)
    assert entry["relayed_by"] == [{"name": "Old News", "reports": 2}]


def test_the_source_that_gives_best_is_counted_and_so_is_its_rank() -> None:
    events = (
        report("a", 8, fig("f", 10, "SY-LA")),
        report("b", 9, fig("f", 12, "SY-LA"), by="snhr"),
        report("c", 9, fig("f", at_least(3), "SY-LA", coverage="partial"), by="ohchr"),
    )

    ranked = Policy(id="desk/v1", source_rank=("sohr",))
    found = sources(view("sources", *events, policy=ranked))

    assert (found["sohr"]["rank"], found["snhr"]["rank"]) == (1, None)
    assert (found["sohr"]["supplies_best"], found["sohr"]["cells"]) == (2, 2)
    assert (found["snhr"]["supplies_best"], found["snhr"]["cells"]) == (0, 2)


def test_only_figures_asked_for_are_counted() -> None:
    events = (
        report("a", 8, fig("f", 10, "SY-LA"), fig("g", 5, "SY-LA", measure="injured")),
        report("b", 9, fig("f", 12, "SY-TA"), by="snhr"),
    )

    found = sources(view("sources", *events, query=Query(area="SY-LA", measure="injured")))

    assert set(found) == {"sohr"}
    assert (found["sohr"]["figures"], found["sohr"]["cells"]) == (1, 1)
