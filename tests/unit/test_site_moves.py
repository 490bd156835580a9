"""Tables of movements: order, bars, and the largest number of each way of counting."""

import pytest

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_services.site import moves, overview
from tollbook_services.site.moves import BAR, Bar, bar_of


def cell(area="SY-LA", low=0, best=None, high=None, **more):
    """A cell of a displacement document, as far as pages look at it."""
    made = {
        "kind": "area", "area": area, "low": low, "best": best, "high": high, "segment": "all",
        "measure": "displaced", "unit": "person", "nature": "count", "origin": None,
        "destination": None, **more,
    }  # fmt: skip
    return made | {"id": repr(made)}


@pytest.mark.parametrize(
    ("given", "bar"),
    [
        (cell(low=10, best=20, high=40), Bar(12.0, 48.0, 24.0, open=False)),
        (cell(low=10, high=None), Bar(12.0, BAR, None, open=True)),
        (cell(low=0, best=0, high=0), Bar(0.0, 0.0, 0.0, open=False)),
    ],
)
def test_a_bar_reaches_from_low_to_high_in_the_scale_of_its_table(given, bar):
    assert bar_of(given, 100) == bar


def test_a_table_of_nothing_but_words_has_bars_of_no_length():
    (table,) = moves.tables([cell(high=None)], "all")

    assert table.most == 0
    assert table.rows[0].bar == Bar(0.0, BAR, None, open=True)


def test_persons_and_families_and_people_present_are_tables_of_their_own():
    cells = [
        cell(low=5, best=5, high=5),
        cell(low=2, best=2, high=2, unit="family"),
        cell(low=7, best=7, high=7, nature="stock"),
        cell(low=9, best=9, high=9, destination="LB"),
    ]
    found = moves.tables(cells, "all")

    assert [(one.way, one.flows, one.most) for one in found] == [
        (("displaced", "person", "count"), True, 9),
        (("displaced", "family", "count"), False, 2),
        (("displaced", "person", "count"), False, 5),
        (("displaced", "person", "stock"), False, 7),
    ]


def test_known_numbers_come_first_and_limits_of_parts_after_them():
    cells = [
        cell("SY-LA", high=1791), cell("SY", low=12, high=99), cell("SY", 1791, 1791, 1791),
        cell("SY-TA", high=40), cell("SY-HM", high=None), cell("SY-HI", 0, 0, 0),
    ]  # fmt: skip
    (table,) = moves.tables(cells, "all")

    told = [(row.cell["area"], row.cell["high"], row.bounded) for row in table.rows]
    assert told == [
        ("SY", 1791, False), ("SY", 99, False), ("SY-HI", 0, False),
        ("SY-HM", None, True), ("SY-LA", 1791, True), ("SY-TA", 40, True),
    ]  # fmt: skip


def test_the_headline_is_one_number_of_each_way_and_never_a_sum():
    cells = [
        cell("SY", low=12, high=99, destination="LB", unit="family"),
        cell("SY", 1791, 1791, 1791, destination="LB-AK+LB-AS", unit="family"),
        cell("SY-LA", 1791, 1791, 1791, destination="LB-AK+LB-AS", unit="family"),
        cell("SY-LA+SY-TA", 1900, 1900, 1900, kind="unallocated", unit="family"),
        cell("SY", 8500, 8500, 8500, destination="LB-AK"),
        cell("SY", 9000, 9000, 9000, segment="civilian"),
    ]
    heads = moves.headline(cells, default_gazetteer())

    assert [(one["unit"], one["area"], one["best"]) for one in heads] == [
        ("family", "SY", 1791), ("person", "SY", 8500),
    ]  # fmt: skip


def test_a_segment_that_is_not_there_falls_back_to_all_people():
    cells = [cell(), cell(segment="civilian")]

    assert moves.chosen_segment(cells, "<script>") == ("all", ["all", "civilian"])
    assert moves.chosen_segment(cells, "civilian")[0] == "civilian"
    assert moves.chosen_segment([], None) == ("all", [])


@pytest.mark.parametrize(
    ("asked", "way"),
    [
        ("affected", ("affected", "household", "count")),
        ("affected|person", ("affected", "person", "count")),
        ("affected|person|count", ("affected", "person", "count")),
        ("affect", ("killed", "person", "count")),
        (None, ("killed", "person", "count")),
    ],
)
def test_a_way_of_counting_is_asked_for_by_measure_or_with_its_unit(asked, way):
    known = overview.ways(
        cell(measure=measure, unit=unit)
        for measure, unit in (
            ("affected", "person"), ("affected", "household"), ("killed", "person")
        )
    )  # fmt: skip
    assert overview.chosen_way(known, asked) == way
    assert overview.chosen_way([], asked) is None


def test_what_is_shared_with_other_areas_stands_with_each_of_them_and_not_inside():
    gazetteer = default_gazetteer()
    bucket = cell("SY-LA+SY-TA", 745, 745, 745, kind="unallocated")
    rest = cell("SY-LA", 3, 3, 3, kind="unspecified")
    own, other = cell("SY-LA", 1, 1, 1), cell("SY-HL", 1, 1, 1)
    cells = [bucket, rest, own, other]

    assert overview.shared(cells, "SY-LA", gazetteer) == sorted(
        [rest, bucket], key=lambda one: one["id"]
    )
    assert overview.shared(cells, "SY-TA", gazetteer) == [bucket]
    assert overview.shared(cells, "SY", gazetteer) == []
    assert overview.within(cells, "SY", gazetteer) == cells
    assert overview.of_area(cells, "SY-LA") == [own]
