"""What series stood at is what the views say, at each moment that they are asked about."""

import pytest
from tests.integration.test_site_events import CRISIS, SERIES, SOURCE, act, dated, filled

from tollbook_projections.series_lines import known_lines, rows_of, series_lines
from tollbook_services import queries
from tollbook_services.queries import Question
from tollbook_services.settings import Settings
from tollbook_services.wiring import open_tollbook

pytestmark = pytest.mark.anyio

EVENTS = [
    dated("b", 40, "2026-03-02"),
    dated("a", 10, "2026-03-01"),
    dated("c", 30, "2026-03-03"),
    act("retracted", "c2", figure=f"{SOURCE}/c#k", reason="counted twice"),
    dated("d", 300, "2026-03-04"),
    act("revised", "d2", figure=f"{SOURCE}/d#k", kind="correction", reason="a digit too many",
        quantity={"qualifier": "exactly", "value": 35}),
    act("retracted", "d3", figure=f"{SOURCE}/d#k", reason="wrong"),
    act("retracted", "b2", figure=f"{SOURCE}/b#k", reason="wrong"),
    act("retracted", "a2", figure=f"{SOURCE}/a#k", reason="wrong"),
    act("revised", "a3", figure=f"{SOURCE}/a#k", kind="reinstatement", reason="right after all"),
    dated("e", 20, "2026-03-02", relayed_by="somebody"),
]  # fmt: skip


@pytest.fixture
def data(tmp_path):
    return filled(tmp_path, EVENTS)


@pytest.fixture
async def book(data):
    async with open_tollbook(Settings(data=data)) as book:
        yield book


async def value_of(book, **asked):
    document = await queries.tolls(book, CRISIS, Question(**asked))
    cells = [one for one in document["cells"] if one["area"] == "SY-LA"]
    return [(one["low"], one["best"], one["high"]) for one in cells]


def bounds(standing):
    one = None if standing is None else standing.interval
    return [] if one is None else [(one.low, one.best, one.high)]


async def test_at_each_sequence_the_line_has_what_the_toll_was(book):
    rows, query, _, *read_with = await queries.read_for(book, CRISIS, Question())
    figures = {f"{SOURCE}/{name}#k" for name in "abcde"}

    found = known_lines(rows_of(rows, figures), query, tuple(read_with), SERIES, range(1, 12))

    for sequence, standing in found:
        assert bounds(standing) == await value_of(book, known_as_of=str(sequence)), sequence
    assert [standing is None for _, standing in found].count(True) == 1


async def test_at_each_cut_off_the_line_has_what_the_toll_was(book):
    rows, query, _, *read_with = await queries.read_for(book, CRISIS, Question(known_as_of="6"))

    lines = series_lines(rows, query, *read_with, {SERIES})

    assert [bounds(one)[0][1] for one in lines[SERIES]] == [10, 40, 35]
    for standing in lines[SERIES]:
        day = standing.as_of.date().isoformat()
        assert bounds(standing) == await value_of(book, known_as_of="6", as_of=day)
