"""What an editor says, from the command line: figures, incidents and policies, and their effect."""

import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tollbook_services.cli import run

CRISIS = "syria-coast-2025"
STORY = str(resources.files("tollbook_services") / "data" / "coast-2025.jsonl")
DESK = "https://desk.tollbook.example"
LATAKIA = f"{DESK}/sohr-2025-03-12#B7.civ.SY06"

Bounds = tuple[int, int | None, int | None]


@pytest.fixture(autouse=True)
def editor(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TOLLBOOK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TOLLBOOK_SOURCE", "https://editor.example")


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def tollbook(data: Path, *arguments: str) -> Done:
    """A command in this process: starting an interpreter would be most of each test."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([*arguments, "--data", str(data)])
    out.flush()
    return Done(code, out.buffer.getvalue().decode(), err.getvalue())  # type: ignore[attr-defined]


def answered(data: Path, *arguments: str) -> Any:
    done = tollbook(data, *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def said(data: Path, *arguments: str) -> dict[str, Any]:
    """The one receipt of an act that was recorded."""
    done = tollbook(data, *arguments)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    receipt: dict[str, Any] = json.loads(line)
    return receipt


def killed(data: Path, area: str, *arguments: str, crisis: str = CRISIS) -> Bounds:
    """low / best / high of all who were killed in an area; civilians where there are segments."""
    cells = answered(data, "tolls", crisis, "--measure", "killed", *arguments)["cells"]
    wanted = [
        cell
        for cell in cells
        if cell["kind"] == "area" and cell["area"] == area and cell["segment"] != "combatant"
    ]
    cell = min(wanted, key=lambda cell: (cell["segment"] != "civilian", cell["segment"] != "all"))
    return cell["low"], cell["best"], cell["high"]


def behind(data: Path, area: str) -> set[str]:
    """The figures that what SOHR says of civilians in an area rests on."""
    cells = answered(data, "tolls", CRISIS, "--area", area, "--originator", "sohr")["cells"]
    return {
        figure
        for cell in cells
        if cell["area"] == area and cell["segment"] == "civilian"
        for figure in cell["figures"]
    }


@pytest.fixture
def store(tmp_path: Path) -> Path:
    data = tmp_path / "store"
    assert tollbook(data, "publish", STORY).returncode == 0
    return data


def publish(data: Path, *events: dict[str, Any]) -> None:
    file = data.parent / "events.jsonl"
    file.write_text("\n".join(map(json.dumps, events)))
    done = tollbook(data, "publish", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def report(name: str, *figures: dict[str, Any], crisis: str = "strikes") -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "org.tollbook.report.filed.v1",
        "source": DESK,
        "id": name,
        "subject": crisis,
        "time": "2025-05-02T08:00:00Z",
        "data": {"originator": "sohr", "published_at": "2025-05-02", "figures": list(figures)},
    }


def strike(name: str, count: dict[str, Any] | int, **fields: Any) -> dict[str, Any]:
    quantity = {"qualifier": "exactly", "value": count} if isinstance(count, int) else count
    return {
        "id": name,
        "measure": "killed",
        "unit": "person",
        "quantity": quantity,
        "areas": ["SY-TA"],
        "basis": "incident",
        "window": {"start": "2025-05-01", "end": "2025-05-01"},
        "as_of": "2025-05-01",
    } | fields


def test_a_correction_changes_the_number_and_keeps_the_old_one(store: Path) -> None:
    # when
    receipt = said(store, "revise", LATAKIA, "--value", "680", "--reason", "three counted twice")

    # then
    assert receipt["status"] == "appended"
    assert killed(store, "SY-LA", "--originator", "sohr") == (680, 680, 683)  # R8: 1,383 leaves 683
    before = str(receipt["sequence"] - 1)
    assert killed(store, "SY-LA", "--originator", "sohr", "--known-as-of", before)[1] == 683
    series = answered(store, "revisions", CRISIS, "--area", "SY-LA", "--originator", "sohr")
    steps = [step for one in series["series"] for step in one["revisions"]]
    (correction,) = (step for step in steps if step["kind"] == "correction")
    assert correction["reason"] == "three counted twice"
    assert correction["previous"]["value"] == 683


def test_the_changed_cells_are_told_to_the_editor(store: Path) -> None:
    done = tollbook(store, "revise", LATAKIA, "--value", "680", "--reason", "three counted twice")

    assert any(
        line.startswith("SY-LA killed person civilian: 683 / 683 / 683") and "-> 680" in line
        for line in done.stderr.splitlines()
    ), done.stderr


def test_a_dry_run_shows_the_change_and_records_nothing(store: Path) -> None:
    # when
    tried = answered(store, "retract", LATAKIA, "--reason", "in error", "--dry-run")

    # then
    (foreseen,) = tried["events"]
    assert foreseen["event"]["type"] == "org.tollbook.figure.retracted.v1"
    assert not foreseen["recorded"]
    (latakia,) = [
        one
        for one in tried["changes"]
        if (one["cell"]["area"], one["cell"]["segment"]) == ("SY-LA", "civilian")
    ]
    assert (latakia["crisis"], latakia["before"]["best"]) == (CRISIS, 683)
    assert killed(store, "SY-LA", "--originator", "sohr") == (683, 683, 683)
    assert answered(store, "replay")["events"] == 22


def test_the_same_act_twice_is_one_act(store: Path) -> None:
    first = said(store, "retract", LATAKIA, "--reason", "in error")
    again = said(store, "retract", LATAKIA, "--reason", "in error")

    assert (again["status"], again["sequence"]) == ("duplicate", first["sequence"])


def test_a_retraction_that_was_undone_can_be_made_again(store: Path) -> None:
    # given
    said(store, "retract", LATAKIA, "--reason", "in error")
    assert LATAKIA not in behind(store, "SY-LA")
    said(store, "revise", LATAKIA, "--kind", "reinstatement", "--reason", "it was right")
    assert LATAKIA in behind(store, "SY-LA")

    # when
    receipt = said(store, "retract", LATAKIA, "--reason", "in error")

    # then
    assert receipt["status"] == "appended"
    assert LATAKIA not in behind(store, "SY-LA")


def test_a_figure_is_found_by_its_report_where_the_crisis_is_named(store: Path) -> None:
    short = LATAKIA.removeprefix(f"{DESK}/")

    done = answered(
        store, "retract", short, "--crisis", CRISIS, "--reason", "in error", "--dry-run"
    )

    assert done["events"][0]["event"]["data"]["figure"] == LATAKIA


@pytest.mark.parametrize(
    ("figure", "hint"),
    [
        ("B7", "source/report#figure"),
        (f"{DESK}/sohr-2025-03-99#B7", "no report"),
        (f"{DESK}/sohr-2025-03-12#B7.civ.SY07", "B7.civ.SY06"),
    ],
)
def test_a_figure_that_is_not_there_is_refused_with_a_hint(
    store: Path, figure: str, hint: str
) -> None:
    done = tollbook(store, "retract", figure, "--reason", "in error")

    assert done.returncode == 2
    assert hint in done.stderr


def test_a_review_counts_a_held_relay(store: Path) -> None:
    # given: the relay of 10 March that still prints 125
    relay = "wion-2025-03-10#W1.sec"
    series = answered(store, "revisions", CRISIS)["series"]
    steps = [step for one in series for step in one["revisions"] if step["figure"].endswith(relay)]
    assert not any(step["counts"] for step in steps)

    # when
    said(
        store, "review", relay, "--crisis", CRISIS, "--role", "counted", "--reviewer", "A. Person",
        "--reason", "the relay was confirmed by telephone",
    )  # fmt: skip

    # then
    series = answered(store, "revisions", CRISIS)["series"]
    steps = [step for one in series for step in one["revisions"] if step["figure"].endswith(relay)]
    assert any(step["counts"] for step in steps)


def test_a_duplicate_counts_no_more(tmp_path: Path) -> None:
    # given: two reports of one strike, taken for two
    data = tmp_path / "store"
    publish(data, report("r1", strike("a", 12)), report("r2", strike("b", 12)))
    assert killed(data, "SY-TA", crisis="strikes") == (24, 24, 24)

    # when
    said(data, "duplicate", f"{DESK}/r2#b", "--of", f"{DESK}/r1#a", "--reason", "one strike")

    # then
    assert killed(data, "SY-TA", crisis="strikes") == (12, 12, 12)


def test_merged_incidents_are_counted_once_and_split_ones_apart(tmp_path: Path) -> None:
    # given
    data = tmp_path / "store"
    publish(
        data,
        report("r1", strike("a", 12, incident="market")),
        report("r2", strike("b", 15, incident="bazaar", as_of="2025-05-02")),
    )
    assert killed(data, "SY-TA", crisis="strikes") == (27, 27, 27)

    # when
    merged = said(
        data, "incident", "merge", "strikes", "bazaar", "--into", "market", "--reason", "one place"
    )

    # then: the later value of one incident
    assert killed(data, "SY-TA", crisis="strikes") == (15, 15, 15)
    at = str(merged["sequence"] - 1)
    assert killed(data, "SY-TA", "--known-as-of", at, crisis="strikes") == (27, 27, 27)

    # when
    said(
        data, "incident", "split", "strikes", "market", "--part", f"hall={DESK}/r1#a",
        "--reason", "two halls",
    )  # fmt: skip

    # then
    assert killed(data, "SY-TA", crisis="strikes") == (27, 27, 27)


def test_an_incident_is_opened_with_its_figures(tmp_path: Path) -> None:
    data = tmp_path / "store"
    publish(data, report("r1", strike("a", 12)))

    said(
        data, "incident", "open", "strikes", "market", "--title", "The market", "--areas", "SY-TA",
        "--figure", f"{DESK}/r1#a", "--reason", "it has a name now",
    )  # fmt: skip

    (incident,) = answered(data, "incidents", "strikes")["incidents"]
    assert incident["id"] == "market"
    assert incident["title"] == "The market"


POLICY = """
policy = "desk/v2"
source_rank = ["ohchr", "sohr"]

[lexical]
dozens = [24, 60]
"""


def test_a_new_policy_changes_numbers_without_a_report_and_the_old_one_stays(
    tmp_path: Path,
) -> None:
    # given
    data = tmp_path / "store"
    publish(data, report("r1", strike("a", {"qualifier": "lexical", "word": "dozens"})))
    assert killed(data, "SY-TA", crisis="strikes") == (12, None, 99)
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)

    # when
    done = tollbook(data, "policy", "publish", str(file), "--reason", "dozens are two at least")

    # then
    assert done.returncode == 0, done.stderr
    assert killed(data, "SY-TA", crisis="strikes") == (24, None, 60)
    assert killed(data, "SY-TA", "--policy", "default/v1", crisis="strikes") == (12, None, 99)
    assert killed(data, "SY-TA", "--known-as-of", "1", crisis="strikes") == (12, None, 99)
    assert answered(data, "tolls", "strikes")["policy"] == "desk/v2"
    assert answered(data, "policy", "show", "--crisis", "strikes")["policy"] == "desk/v2"
    shown = answered(data, "policy", "show", "default/v1", "--crisis", "strikes")
    assert shown["lexical"]["dozens"] == {"from": 12, "to": 99}


def test_a_policy_of_one_crisis_leaves_the_others_alone(tmp_path: Path) -> None:
    # given
    data = tmp_path / "store"
    word = {"qualifier": "lexical", "word": "dozens"}
    publish(
        data,
        report("r1", strike("a", word)),
        report("r2", strike("b", word), crisis="floods"),
    )
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)

    # when
    done = tollbook(
        data, "policy", "publish", str(file), "--crisis", "floods", "--reason", "floods only"
    )

    # then
    assert done.returncode == 0, done.stderr
    assert killed(data, "SY-TA", crisis="floods") == (24, None, 60)
    assert killed(data, "SY-TA", crisis="strikes") == (12, None, 99)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("policy = 'desk/v2'\nlexical = {dozens = [9, 3]}", "runs backwards"),
        ("policy = 'desk/v2'\nsource_ranks = []", "source_rank"),
        ("policy = ", "not TOML"),
        ("policy = 'default/v1'", "built in"),
    ],
)
def test_a_policy_with_a_fault_is_refused_with_a_hint(
    store: Path, tmp_path: Path, text: str, hint: str
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)

    done = tollbook(store, "policy", "publish", str(file), "--reason", "a try")

    assert done.returncode == 2
    assert hint in done.stderr
    assert answered(store, "replay")["events"] == 22


def test_a_policy_id_stands_for_one_policy(tmp_path: Path) -> None:
    # given a policy that was published
    data, file = tmp_path / "store", tmp_path / "policy.toml"
    publish(data, report("r1", strike("a", {"qualifier": "lexical", "word": "dozens"})))
    file.write_text(POLICY)
    assert tollbook(data, "policy", "publish", str(file), "--reason", "first").returncode == 0

    # when the same id is published with other content, and then with the same
    file.write_text(POLICY.replace("60", "90"))
    other = tollbook(data, "policy", "publish", str(file), "--reason", "second")
    file.write_text(POLICY)
    same = tollbook(data, "policy", "publish", str(file), "--reason", "first")

    # then the first is refused and changes nothing, and the second is known
    assert other.returncode == 2
    assert "desk/v2 is published with other content" in other.stderr
    assert killed(data, "SY-TA", crisis="strikes") == (24, None, 60)
    assert same.returncode == 0
    assert {json.loads(line)["status"] for line in same.stdout.splitlines()} == {"duplicate"}


def test_of_two_policies_of_one_id_from_the_inbox_one_is_in_force(tmp_path: Path) -> None:
    # given two events with one policy id, as only the inbox can bring them
    data = tmp_path / "store"
    publish(data, report("r1", strike("a", {"qualifier": "lexical", "word": "dozens"})))
    for number in (1, 2):
        document = report(f"p{number}")
        document |= {
            "type": "org.tollbook.policy.published.v1",
            "time": f"2025-03-1{number}T00:00:00Z",
        }
        document["data"] = {
            "policy": "desk/v2",
            "lexical": {"dozens": {"from": 10 * number, "to": 99}},
            "reason": "x",
        }
        publish(data, document)

    # when the policies are shown, Then one is in force, the later one
    csv = tollbook(data, "policy", "show", "--crisis", "strikes", "--format", "csv").stdout
    assert [line.split(",")[1] for line in csv.splitlines()[1:]] == ["false", "true"]
    assert killed(data, "SY-TA", "--policy", "desk/v2", crisis="strikes") == (20, None, 99)


@pytest.mark.parametrize(
    "arguments",
    [
        ("incident", "merge", "strikes", "markt", "bazaar", "--into", "market"),
        ("incident", "split", "strikes", "markt", "--part", "one=r1#a"),
    ],
)
def test_an_act_on_an_incident_that_nobody_knows_is_refused_with_one_that_is_near(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    data = tmp_path / "store"
    publish(
        data, report("r1", strike("a", 3, incident="market"), strike("b", 2, incident="bazaar"))
    )

    done = tollbook(data, *arguments, "--reason", "x")

    assert (done.returncode, done.stdout) == (2, "")
    assert "strikes has no incident 'markt'" in done.stderr
    assert "market" in done.stderr.partition("'markt'")[2]


def test_incidents_that_were_opened_or_split_off_are_known(tmp_path: Path) -> None:
    data = tmp_path / "store"
    publish(
        data, report("r1", strike("a", 3, incident="market"), strike("b", 2, incident="market"))
    )
    for arguments in (
        ("incident", "open", "strikes", "raid", "--title", "The raid"),
        ("incident", "split", "strikes", "market", "--part", "second=r1#b"),
        ("incident", "merge", "strikes", "second", "raid", "--into", "market"),
    ):
        done = tollbook(data, *arguments, "--reason", "x")
        assert done.returncode == 0, done.stderr


def test_only_what_was_taken_back_can_be_reinstated(store: Path) -> None:
    again = ("revise", LATAKIA, "--kind", "reinstatement", "--reason", "x")
    never = tollbook(store, *again)
    assert (never.returncode, never.stdout) == (2, "")
    assert "was never retracted" in never.stderr
    assert tollbook(store, "retract", LATAKIA, "--reason", "x").returncode == 0
    assert tollbook(store, *again).returncode == 0
