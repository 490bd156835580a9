"""The observation status of exported numbers: every flag has its codes."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import hidden_world
import pytest
from export_kit import answer_of, csv_rows, written
from figures_builder import about, act, day, fig, report
from hypothesis import given, settings
from hypothesis import strategies as st

import tollbook_projections
from tollbook_projections.conflict_words import CELL_FLAGS, MARKS
from tollbook_projections.consolidation.consolidate import consolidate
from tollbook_projections.selection import NOW, admit
from tollbook_schemas.editorial import RevisionKind
from tollbook_schemas.figure import Role, Status
from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.policy import default_policy
from tollbook_schemas.quantity import Quantity
from tollbook_services.exporting import obs_status

SOURCES = Path(tollbook_projections.__file__).parent
DOCS = Path(__file__).parents[2] / "docs" / "exporting.md"
NO_FLAGS = {
    "age_band",
    "at_least",
    "less_than",
    "more_than",
    "none_reported",
    "up_to",
    "part_of",
    "dated_by",
    "relayed_by",
}
"""Words with an underscore in the rules that are no flags: fields and qualifiers."""


def words_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def flags_added(path: Path) -> Iterator[str]:
    """Texts in calls such as `draft.flags.add("conflict")`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("flags.add"):
            for one in node.args:
                if isinstance(one, ast.Constant):
                    yield str(one.value)


def test_every_flag_that_the_projections_set_has_its_codes() -> None:
    consolidation = [*(SOURCES / "consolidation").glob("*.py"), SOURCES / "reading.py"]
    named = {
        word
        for path in consolidation
        for word in words_of(path)
        if "_" in word and word.replace("_", "").isalpha() and word.islower()
    }
    added = {flag for path in SOURCES.rglob("*.py") for flag in flags_added(path)}
    roles = set(get_args(Role)) - {"counted"}
    known = set(obs_status.OF_FLAGS)

    assert {"conflict", "late", "open_high"} <= added
    assert (named - NO_FLAGS) | added | roles | {*CELL_FLAGS, *MARKS} <= known
    assert {"retracted", "duplicate", "unquantified"} <= known


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_every_flag_of_any_hidden_world_has_its_codes(data: st.DataObject) -> None:
    world = data.draw(hidden_world.worlds())
    figures = data.draw(hidden_world.true_figures(world))

    told = consolidate(admit(figures, (), NOW).dossiers, default_gazetteer(), default_policy())

    for cell in told.cells:
        for value in (cell.merged, *cell.originators.values()):
            assert set(value.flags) <= set(obs_status.OF_FLAGS)


def test_the_documentation_has_each_flag_in_the_row_of_its_codes() -> None:
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    rows = [line.split("|") for line in lines if "|" in line]
    told = {cells[1].strip().strip("`"): cells[3] for cells in rows if len(cells) == 6}

    for flag, codes in obs_status.OF_FLAGS.items():
        places = {code for code, flags in told.items() if f"`{flag}`" in flags}
        assert places == (set(codes) or {"none"}), flag


def test_every_status_qualifier_and_kind_of_the_contract_has_its_codes() -> None:
    qualifiers = set(get_args(Quantity.model_fields["qualifier"].annotation))

    assert set(obs_status.OF_STATUS) == set(get_args(Status))
    assert set(obs_status.OF_QUALIFIER) == qualifiers
    assert set(obs_status.OF_KIND) >= {*get_args(RevisionKind), "review"}


def test_only_the_five_codes_are_used() -> None:
    tables = (
        obs_status.OF_FLAGS,
        obs_status.OF_STATUS,
        obs_status.OF_QUALIFIER,
        obs_status.OF_KIND,
    )

    used = {code for table in tables for codes in table.values() for code in codes}
    assert used == set("pebdu") == set(obs_status.CODES)


@pytest.mark.parametrize(
    ("figure", "codes"),
    [
        (fig("f", 7, "SY-LA"), ""),
        (fig("f", 7, "SY-LA", status="preliminary"), "p"),
        (fig("f", about(7), "SY-LA"), "e"),
        (fig("f", "dozens", "SY-LA", status="alleged"), "e u"),
        (fig("f", 7, "SY-LA", phase=1), ""),
    ],
)
def test_a_number_has_the_codes_of_what_its_figure_says_of_itself(
    figure: dict[str, object], codes: str, tmp_path: Path
) -> None:
    answer = answer_of("tolls", report("a", 8, figure))

    rows = csv_rows(written(answer, "csv", tmp_path))

    (found,) = [row for row in rows if row["area"] == "SY-LA" and not row["originator"]]
    assert found["obs_status"] == codes


def test_a_changed_definition_is_a_break_in_cells_and_in_revisions(tmp_path: Path) -> None:
    story = (
        report("a", 8, fig("f", 100, "SY-LA")),
        act(
            "definition_change",
            "only-civilians",
            9,
            "a#f",
            quantity={
                "qualifier": "exactly",
                "value": 80,
            },
        ),
    )

    cells = csv_rows(written(answer_of("tolls", *story), "csv", tmp_path))
    steps = csv_rows(written(answer_of("revisions", *story), "csv", tmp_path))

    (cell,) = [row for row in cells if row["area"] == "SY-LA" and not row["originator"]]
    assert cell["obs_status"] == "b d"
    assert [step["obs_status"] for step in steps] == ["", "b d"]


def test_a_fall_that_nobody_explained_is_unreliable(tmp_path: Path) -> None:
    answer = answer_of(
        "revisions",
        report("a", 8, fig("f", 100, "SY-LA")),
        report("b", 9, fig("f", 80, "SY-LA")),
    )

    steps = csv_rows(written(answer, "csv", tmp_path))

    assert [step["obs_status"] for step in steps] == ["", "u"]


def test_a_sum_of_many_incidents_has_the_codes_of_all_of_them(tmp_path: Path) -> None:
    said: dict[int, tuple[int | str, dict[str, str]]] = {
        1: (3, {"status": "preliminary"}),
        2: ("dozens", {}),
    }
    story = []
    for number in range(1, 151):
        value, more = said.get(number, (1, {}))
        window = {"start": day(1 + number // 15), "end": day(1 + number // 15)}
        incident = fig("f", value, "SY-LA", basis="incident", window=window, **more)
        story.append(report(f"r{number}", 20, incident))

    rows = csv_rows(written(answer_of("tolls", *story), "csv", tmp_path))

    cells = {row["area"]: row for row in rows if not row["originator"]}
    assert {cells[area]["obs_status"] for area in ("SY", "SY-LA")} == {"p e"}
    assert cells["SY-LA"]["figures_total"] == "150"
    assert len(cells["SY-LA"]["figures"].split()) == 100


def test_a_figure_of_two_values_gives_each_place_the_codes_of_its_own(tmp_path: Path) -> None:
    moved = act(
        "scope_change", "elsewhere", 9, "a#f", areas=["SY-TA"], quantity=about(80), as_of=day(9)
    )
    answer = answer_of("tolls", report("a", 8, fig("f", 100, "SY-LA")), moved)

    rows = csv_rows(written(answer, "csv", tmp_path))

    codes = {row["area"]: row["obs_status"] for row in rows if not row["originator"]}
    assert codes["SY-LA"] == ""
    assert codes["SY-TA"] == "e b d"


def test_a_step_has_the_phase_of_its_own_value(tmp_path: Path) -> None:
    anew = act("rebase", "anew", 9, "a#f", phase=1, as_of=day(9))
    answer = answer_of("revisions", report("a", 8, fig("f", 100, "SY-LA")), anew)

    steps = csv_rows(written(answer, "csv", tmp_path))

    assert {step["kind"]: step["phase"] for step in steps} == {"initial": "0", "rebase": "1"}
