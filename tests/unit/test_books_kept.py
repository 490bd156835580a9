"""What books keep between questions is what they would work out anew."""

from hidden_world import true_figures, worlds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tollbook_projections.assignments import own_incident
from tollbook_projections.consolidation.area_map import AreaMap
from tollbook_projections.consolidation.books import Books, Cell, CellKey
from tollbook_projections.consolidation.claim import Claim
from tollbook_projections.consolidation.region import Lattice
from tollbook_projections.consolidation.series import Series
from tollbook_projections.consolidation.span import END
from tollbook_projections.filing import Document
from tollbook_projections.reading import Reading
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy

READING = Reading(default_gazetteer(), default_policy())
LATTICE = Lattice(default_gazetteer())


def file(books: Books, figure: Document) -> None:
    books.replace(figure["id"], READING.filed_claims(figure, own_incident(figure)))


def cells(books: Books) -> dict[CellKey, Cell]:
    return {cell.key: cell for kind in books.kinds() for cell in books.cells(kind)}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_cells_kept_up_to_date_are_those_of_fresh_books(data: st.DataObject) -> None:
    # given: figures of a hidden world that come, and some of which go again
    figures = data.draw(true_figures(data.draw(worlds()), originators=2))
    kept, told = Books(READING.gazetteer, READING.policy), dict[CellKey, Cell]()
    there: dict[str, Document] = {}
    for figure in [*figures, *data.draw(st.lists(st.sampled_from(figures), max_size=3))]:
        # when
        if figure["id"] in there:
            del there[figure["id"]]
            kept.replace(figure["id"], ())
        else:
            there[figure["id"]] = figure
            file(kept, figure)
        for kind in kept.changed_kinds():
            for key, cell in kept.changed_cells(kind).items():
                if cell is None:
                    del told[key]
                else:
                    told[key] = cell

        # then
        fresh = Books(READING.gazetteer, READING.policy)
        for one in there.values():
            file(fresh, one)
        assert told == cells(fresh)


def test_only_the_figures_that_changed_make_changes() -> None:
    books = Books(READING.gazetteer, READING.policy)

    assert books.changed_kinds() == []
    books.settled()
    assert books.members() == {}


def test_area_sets_are_found_inside_around_and_across_others() -> None:
    sets = [("SY",), ("SY-LA",), ("SY-LA", "SY-TA"), ("SY-TA", "SY-HM"), ("LB-AK",)]
    areas = AreaMap(sets, LATTICE)

    assert areas.within(("SY",)) == (("SY",), ("SY-LA",), ("SY-LA", "SY-TA"), ("SY-TA", "SY-HM"))
    assert areas.within(("SY-LA", "SY-TA")) == (("SY-LA",), ("SY-LA", "SY-TA"))
    assert areas.around(("SY0602",)) == (("SY",), ("SY-LA",), ("SY-LA", "SY-TA"))
    assert areas.around(("SY-TA",)) == (("SY",), ("SY-LA", "SY-TA"), ("SY-TA", "SY-HM"))
    assert areas.meeting(("SY-TA",)) == [("SY",), ("SY-LA", "SY-TA"), ("SY-TA", "SY-HM")]
    assert areas.within(("LB",)) == (("LB-AK",),)


def test_areas_that_share_no_place_are_of_different_groups() -> None:
    areas = AreaMap([("SY-LA",), ("SY-LA", "SY-TA"), ("SY-HM",), ("LB-AK",)], LATTICE)

    assert areas.groups(("SY-TA",)) == areas.groups(("SY-LA",))
    assert areas.groups(("SY-HM",)).isdisjoint(areas.groups(("SY-LA",)))
    assert areas.groups(("SY",)) == areas.groups(("SY-LA",)) | areas.groups(("SY-HM",))
    assert areas.groups(("IQ",)) == frozenset()


SERIES_STEP = st.tuples(
    st.integers(1, 6),  # the day of the figure
    st.sampled_from([100, 396, 779]),
    st.booleans(),  # relayed
)


@settings(max_examples=300, deadline=None)
@given(st.lists(SERIES_STEP, min_size=2, max_size=7), st.data())
def test_a_series_that_claims_come_to_and_go_from_is_a_fresh_one(
    values: list[tuple[int, int, bool]], data: st.DataObject
) -> None:
    kept, there = Series(), dict[str, Claim]()
    claims = [claim_of(number, *value) for number, value in enumerate(values)]
    for claim in [*claims, *data.draw(st.lists(st.sampled_from(claims), max_size=3))]:
        # when
        if claim.figure in there:
            kept.remove(there.pop(claim.figure))
        else:
            kept.put(claim)
            there[claim.figure] = claim
        kept.settle()

        # then
        fresh = Series()
        for one in there.values():
            fresh.put(one)
        fresh.settle()
        assert (kept.steps, kept.marks) == (fresh.steps, fresh.marks)
        assert kept.last() == fresh.at(END)


def claim_of(number: int, on: int, value: int, relayed: bool) -> Claim:  # noqa: FBT001
    (claim,) = READING.filed_claims(
        {
            "id": f"https://desk.example/{number}#f",
            "figure": {
                "id": "f",
                "measure": "killed",
                "unit": "person",
                "areas": ["SY-LA"],
                "basis": "cumulative",
                "as_of": f"2025-03-0{on}",
                "quantity": {"qualifier": "exactly", "value": value},
            },
            "originator": "snhr",
            "report_originator": "snhr",
            "relayed_by": "agency" if relayed else None,
            "published_at": f"2025-03-0{on}",
            "url": None,
            "index": 0,
            "crisis": "c",
            "event": f"https://desk.example/{number}",
            "time": "2025-03-09T00:00:00Z",
            "sequence": number + 1,
            "recorded_at": "2025-03-09T00:00:00Z",
        },
        None,
    )
    return claim
