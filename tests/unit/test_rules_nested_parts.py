"""Known parts and what is unallocated make the figure, however scopes nest (R4, R6)."""

from figures_builder import ask, fig, report
from hypothesis import given, settings
from hypothesis import strategies as st

PROVINCES = ("SY-HI", "SY-HM", "SY-LA", "SY-TA")
PAIRS = (("SY-HI", "SY-HM"), ("SY-LA", "SY-TA"))
TOTAL_DAY = 9

DAYS = st.none() | st.integers(TOTAL_DAY - 1, TOTAL_DAY + 1)


@settings(max_examples=300, deadline=None)
@given(
    st.tuples(*[st.integers(0, 60)] * len(PROVINCES)),
    st.tuples(*[DAYS] * len(PROVINCES)),
    st.tuples(*[DAYS] * len(PAIRS)),
)
def test_nested_parts_and_unallocated_rests_make_the_figure(
    numbers: tuple[int, ...],
    province_days: tuple[int | None, ...],
    pair_days: tuple[int | None, ...],
) -> None:
    # given: nobody dies any more; provinces and pairs are counted earlier, with the total, or later
    truth = dict(zip(PROVINCES, numbers, strict=True))
    counted = {(area,): day for area, day in zip(PROVINCES, province_days, strict=True) if day}
    counted |= {pair: day for pair, day in zip(PAIRS, pair_days, strict=True) if day}
    total = report("total", TOTAL_DAY, fig("t", sum(numbers), list(PROVINCES)))
    parts = [
        report("-".join(areas), day, fig("p", sum(truth[area] for area in areas), list(areas)))
        for areas, day in counted.items()
    ]

    # when
    answer = ask(total, *parts)

    # then: a pair older than the total is history; what is in no part is the rest of the total
    live = {areas for areas, day in counted.items() if len(areas) == 1 or day >= TOTAL_DAY}
    known = {area for areas in live for area in areas}
    assert answer.bucket("+".join(PROVINCES))[1] == sum(
        truth[area] for area in PROVINCES if area not in known
    )
    assert answer.of("SY")[1] == sum(numbers)
    for pair in (areas for areas in live if len(areas) > 1):
        loose = [area for area in pair if (area,) not in live]
        assert answer.bucket("+".join(pair))[1] == sum(truth[area] for area in loose)
    assert "conflict" not in answer.flags("SY")
