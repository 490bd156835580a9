"""The fixture `tollbook` tells what events come to, and catches folds that depend on pages."""

import re
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from tollbook_projections.projection import Recorded, RowChange
from tollbook_schemas.errors import UsageError
from tollbook_services.testing import (
    duplicate,
    figure,
    gazetteer,
    incident_opened,
    incident_split,
    incidents_merged,
    policy,
    reinstated,
    report,
    retracted,
    reviewed,
    revised,
)
from tollbook_services.testing.given import Bench
from tollbook_services.testing.ways import FoldError, ways

pytest_plugins = ["pytester"]

GUIDE = Path(__file__).parents[2] / "docs" / "testing.md"
TWO = (
    report("r1", figure("dead", 12, "SY-LA")),
    report("r2", figure("dead", 20, "SY-LA"), day="2025-03-02"),
)


class Counter:
    """Counts the events of each crisis; what a user writes."""

    name: ClassVar[str] = "counter"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._changed: set[str] = set()

    def restore(self, crisis, rows) -> None:
        self._counts[crisis] = int(rows["count"])

    def concerns_all(self, recorded: Recorded) -> bool:
        return False

    def apply(self, recorded: Recorded) -> None:
        crisis = recorded.event.crisis
        self._counts[crisis] = self._counts.get(crisis, 0) + 1
        self._changed.add(crisis)

    def drain(self) -> list[RowChange]:
        changed, self._changed = sorted(self._changed), set()
        return [RowChange(one, "count", b"%d" % self._counts[one]) for one in changed]


class Forgetful(Counter):
    """Does not take up its rows."""

    def restore(self, crisis, rows) -> None:
        pass


class Paged(Counter):
    """Counts pages in the place of events."""

    def apply(self, recorded: Recorded) -> None:
        if not self._changed:
            super().apply(recorded)


class Restless(Counter):
    """Gives its rows again with every drain."""

    def drain(self) -> list[RowChange]:
        return [RowChange(one, "count", b"%d" % count) for one, count in self._counts.items()]


class Liar(Counter):
    """Says that something stood where nothing did."""

    def drain(self) -> list[RowChange]:
        return [RowChange(one.crisis, one.key, one.value, b"0") for one in super().drain()]


class Undecided(Counter):
    """Gives other rows each time it is made."""

    made = 0

    def __init__(self) -> None:
        super().__init__()
        Undecided.made += 1
        self._salt = Undecided.made

    def drain(self) -> list[RowChange]:
        changed, self._changed = sorted(self._changed), set()
        return [RowChange(one, "count", b"%d" % self._salt) for one in changed]


class Picky(Counter):
    """Cannot take the second event."""

    def apply(self, recorded: Recorded) -> None:
        if recorded.sequence == 2:
            raise ValueError("not this one")
        super().apply(recorded)


def test_a_report_makes_a_cell_and_a_revision_moves_it(tollbook: Bench) -> None:
    answer = tollbook.given(*TWO, revised("a", "r2#dead", 15)).project()

    assert answer.cell("SY-LA").bounds == (15, 15, 15)
    assert answer.tolls()["cells"][0]["figures"] == ["https://test.example/r2#dead"]


def test_other_moments_can_be_asked_for(tollbook: Bench) -> None:
    answer = tollbook.given(*TWO).project()

    assert answer.tolls(as_of="2025-03-01")["cells"][0]["best"] == 12
    assert answer.tolls(published_as_of="2025-03-01")["cells"][0]["best"] == 12
    assert answer.tolls(known_as_of=1)["cells"][0]["best"] == 12
    assert answer.tolls(originator="nobody")["cells"] == []
    assert answer.tolls(area="SY-TA")["cells"] == []
    assert answer.tolls(measure="injured")["cells"] == []


def test_acts_on_figures_take_away_and_bring_back(tollbook: Bench) -> None:
    begun = (*TWO, retracted("a1", "r2#dead", reason="not so"))

    assert tollbook.given(*begun).project().cell("SY-LA").best == 12
    assert tollbook.given(*begun, reinstated("a2", "r2#dead")).project().cell("SY-LA").best == 20
    held = tollbook.given(*TWO, reviewed("a1", "r2#dead", role="held")).project()
    assert held.cell("SY-LA").best == 12
    twins = (TWO[0], report("r3", figure("dead", 12, "SY-LA"), by="other"))
    once = tollbook.given(*twins, duplicate("a1", "r3#dead", "r1#dead")).project()
    assert [one["originator"] for one in once.cell("SY-LA").document["originators"]] == ["desk"]


def test_acts_on_incidents_move_figures(tollbook: Bench) -> None:
    single = [
        report(f"r{number}", figure("dead", 5, "SY-LA", basis="incident")) for number in (1, 2)
    ]
    opened = incident_opened("o", "bridge", "r1#dead", "r2#dead")

    def total(*acts) -> int | None:
        return tollbook.given(*single, *acts).project().cell("SY-LA").low

    assert total() == 10
    assert total(opened) == 5
    assert total(incidents_merged("m", "bridge", "r1#dead", "r2#dead")) == 5
    apart = incident_split("s", "bridge", {"north": ["r1#dead"], "south": ["r2#dead"]})
    assert total(opened, apart | {"time": "2025-03-02T00:00:00Z"}) == 10


def test_a_policy_of_all_crises_changes_what_a_word_means(tollbook: Bench) -> None:
    words = policy(
        "p",
        "desk/v2",
        lexical={"dozens": {"from": 30, "to": 40}},
        crisis="tollbook-ledger-0",
    )

    answer = tollbook.given(report("r1", figure("dead", "dozens", "SY-LA")), words).project()

    assert answer.tolls()["policy"] == "desk/v2"
    assert (answer.cell("SY-LA").low, answer.cell("SY-LA").high) == (30, 40)
    assert answer.crises == ("crisis",)


def test_areas_of_a_published_gazetteer_can_be_named_afterwards(tollbook: Bench) -> None:
    table = gazetteer(
        "g", "cod-ab-xx/1", "SY", {"code": "SY99", "name": "Nowhere", "level": 1, "parent": None}
    )
    there = report("r1", figure("dead", 3, "SY99"))

    given = tollbook.given(report("r0", figure("dead", 3, "SY99")), table, there)

    assert [one.id for one in given.rejected] == ["r0"]
    assert given.project().cell("SY99").best == 3


def test_what_is_refused_is_told_with_its_faults_and_the_rest_goes_on(tollbook: Bench) -> None:
    wrong = report("bad", figure("dead", 1, "SY-LA", colour="red"))
    other = report("r1", figure("dead", 13, "SY-LA"))

    given = tollbook.given(TWO[0], wrong, b'{"id": ', b"[]", TWO[0], other)

    assert [one.given for one in given.rejected] == [2, 3, 4]
    assert given.rejected[0].errors[0].pointer == "/data/figures/0/colour"
    assert [(one.id, one.first) for one in given.quarantined] == [("r1", 1)]
    assert given.duplicates == 1
    assert [one.event.id for one in given.recorded] == ["r1"]
    (conflict,) = given.project().conflicts()["conflicts"]
    assert conflict["kind"] == "quarantined"


def test_what_was_decided_about_is_no_conflict_any_more(tollbook: Bench) -> None:
    # given: the same id with two other contents, and a decision about one of them
    first, *others = (report("r1", figure("dead", value, "SY-LA")) for value in (12, 13, 14))
    waits = tollbook.given(first, *others).quarantined
    about = {"source": waits[0].source, "id": "r1", "content": waits[0].content}
    decision = first | {
        "type": "org.tollbook.quarantine.discarded.v1",
        "id": "d1",
        "data": about | {"reason": "a typo"},
    }

    # when: the decided one is sent once more
    given = tollbook.given(first, *others, decision, others[0])

    # then
    assert [one.content for one in given.quarantined] == [waits[1].content]
    assert given.duplicates == 1
    assert [one.event.id for one in given.recorded] == ["r1", "d1"]
    assert len(given.project().conflicts()["conflicts"]) == 1


def test_events_can_come_from_a_file_of_json_lines(tollbook: Bench, tmp_path: Path) -> None:
    lines = Path(__file__).parents[2] / "services/tollbook_services/data/coast-2025.jsonl"
    some = tmp_path / "some.jsonl"
    some.write_bytes(b"\n".join(lines.read_bytes().splitlines()[:12]) + b"\n\n")

    given = tollbook.given(some)

    assert not given.rejected
    assert len(given.recorded) == 12
    answer = given.project()
    assert answer.crises == ("syria-coast-2025",)
    assert answer.sources()["sources"]
    assert answer.incidents()["crisis"] == answer.statements()["crisis"] == "syria-coast-2025"
    assert answer.revisions()["series"]


def test_people_on_the_move_have_cells_too(tollbook: Bench) -> None:
    left = figure("left", 400, "SY-LA", measure="displaced", origin=["SY-LA"])

    answer = tollbook.given(report("r1", left)).project()

    cell = answer.cell("SY-LA", measure="displaced", origin="SY-LA")
    assert cell.best == 400
    assert answer.explain(cell.document["id"])["cell"]["id"] == cell.document["id"]
    assert answer.tolls()["cells"] == []


def test_a_cell_that_is_not_there_is_an_error_that_names_those_that_are(tollbook: Bench) -> None:
    answer = tollbook.given(*TWO).project()

    with pytest.raises(AssertionError, match=re.escape("killed|person|count|area|SY-LA|all||")):
        answer.cell("SY-TA")
    with pytest.raises(UsageError):
        answer.tolls(policy="nobody/v1")


def test_a_crisis_is_named_where_there_are_several(tollbook: Bench) -> None:
    both = (TWO[0], report("r9", figure("dead", 1, "SY-LA"), crisis="other"))

    counts = tollbook.given(*both).project(Counter)

    assert counts.json("count", "other") == 1
    with pytest.raises(AssertionError, match="name one crisis of"):
        counts.rows()
    with pytest.raises(AssertionError, match="no row 'sum': there are"):
        counts.row("sum", "other")


def test_no_events_leave_no_rows(tollbook: Bench) -> None:
    assert tollbook.given().project(Counter).crises == ()


@pytest.mark.parametrize(
    ("fold", "told"),
    [
        (Forgetful, r"pages of 1, a fresh fold restored from the rows at each\n(.|\n)*: +1\Z"),
        (Paged, r"the other way: pages of 1\n"),
        (Restless, r"in a second `drain`"),
        (Liar, r"says that 'count' of crisis was b'0' before, but it was None"),
        (Undecided, r"the other way: all at once, again"),
    ],
)
def test_a_fold_whose_rows_depend_on_more_than_the_events_is_caught(
    tollbook: Bench, fold: type[Counter], told: str
) -> None:
    with pytest.raises(FoldError, match=told):
        tollbook.given(*TWO).project(fold)


def test_an_error_of_a_fold_names_the_event(tollbook: Bench) -> None:
    with pytest.raises(ValueError, match="not this one") as caught:
        tollbook.given(*TWO).project(Picky)

    assert caught.value.__notes__[0].startswith("counter cannot take event 2, https://test.ex")


def test_the_cuts_of_a_seed_are_always_the_same_and_lie_between_events() -> None:
    first, again = ways(40, seed=7), ways(40, seed=7)

    assert first == again
    assert first != ways(40, seed=8)
    assert all(0 < place < 40 for way in first for place in way.cuts)
    assert any(way.restored for way in first)


def test_the_seed_of_the_option_is_used_and_a_failure_prints_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from tollbook_services.testing import figure, report
        from tollbook_services.testing.ways import ways

        def test_seed(tollbook):
            assert tollbook.seed == 4711

        def test_printed(tollbook):
            assert any("--tollbook-seed 4711" in way.text for way in ways(9, tollbook.seed))
        """
    )

    result = pytester.runpytest_inprocess("--tollbook-seed", "4711", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=2)


def test_each_test_has_a_seed_of_its_own_that_stays(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "def test_one(tollbook): assert 0, tollbook.seed\n"
        "def test_two(tollbook): assert 0, tollbook.seed\n"
    )

    seeds = [
        re.findall(r"AssertionError: (\d+)", str(pytester.runpytest_inprocess().stdout))
        for _ in range(2)
    ]

    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == 2


def test_the_example_of_the_guide_passes(pytester: pytest.Pytester) -> None:
    examples = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    pytester.makepyfile("\n".join(examples))

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")

    assert result.parseoutcomes().get("passed", 0) >= 2
    result.assert_outcomes(passed=result.parseoutcomes()["passed"])


def test_the_plugin_costs_other_tests_nothing() -> None:
    """Pytest imports it at every start, so it may not import the product."""
    code = (
        "import sys, tollbook_services.testing.plugin;"
        "print(*sorted(name for name in sys.modules"
        " if name.startswith(('tollbook_', 'redis', 'pydantic', 'orjson'))))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == [
        "tollbook_services",
        "tollbook_services.testing",
        "tollbook_services.testing.events",
        "tollbook_services.testing.plugin",
    ]


def test_projecting_needs_no_engine() -> None:
    code = "import sys, tollbook_services.testing.given; print('redis' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
