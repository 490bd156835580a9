"""docs/runbooks.md has a section for whatever can be shown, and commands that parse."""

import ast
import re
import shlex
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import yaml
from tests.unit.test_health import FINE, WELL, changed

from tollbook_schemas.views import AlarmStatus, State
from tollbook_services.cli import build_app, shared_last
from tollbook_services.operations.readiness import away, readiness

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
RULES = yaml.safe_load((ROOT / "docs" / "grafana" / "alerts.yaml").read_text(encoding="utf-8"))
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
PARTS = ("Means:", "Look:", "Do:", "Do not:")


def chapters() -> dict[str, dict[str, str]]:
    """The sections of each chapter, by their headings."""
    found = {}
    for chapter in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]:
        title, *sections = re.split(r"^### ", chapter, flags=re.MULTILINE)
        pairs = (section.partition("\n") for section in sections)
        found[title.partition("\n")[0]] = {heading: body for heading, _, body in pairs}
    return found


def readiness_checks() -> set[str]:
    most = changed({"engine.memory_max": 2**30})
    documents = [readiness(most, FINE, stopping=False), away("it does not answer")]
    assert len(documents[0]["checks"]) > len(readiness(WELL, FINE, stopping=False)["checks"])
    return {check["name"] for document in documents for check in document["checks"]}


def invariants() -> set[str]:
    """The names that `check` prints: of each tally, and of each look that may break off."""
    names = set()
    for file in (ROOT / "services" / "tollbook_services").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name("Tally"), args=[ast.Constant(value=name), *_]):
                    names.add(name)
                case ast.Call(func=ast.Name("Tally"), args=[ast.JoinedStr(values=values), *_]):
                    texts = (one.value if isinstance(one, ast.Constant) else "n" for one in values)
                    names.add("".join(str(text) for text in texts))
                case ast.Tuple(elts=[ast.Constant(value=name), ast.Call(func=ast.Name("partial"))]):
                    names.add(name)
    return names


def commands() -> list[str]:
    lines = re.findall(r"^    (tollbook .*)$", TEXT, flags=re.MULTILINE)
    return sorted({*lines, *re.findall(r"`(tollbook [^`]*)`", TEXT)})


def anchor(heading: str) -> str:
    """What a heading is linked by."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize(
    ("chapter", "names"),
    [
        ("Alerts", {rule["alert"] for rule in ALERTS}),
        ("Alarms of status", set(get_args(get_type_hints(AlarmStatus)["kind"]))),
        ("States of status", {*get_args(State)} - {"healthy"}),
        ("Checks of /readyz", readiness_checks()),
        ("Invariants of check", invariants()),
    ],
)
def test_each_name_that_can_be_shown_has_a_section_and_no_other(
    chapter: str, names: set[str]
) -> None:
    assert names
    assert set(chapters()[chapter]) == names


def test_each_section_says_what_it_means_where_to_look_and_what_to_do_and_not_to_do() -> None:
    for sections in chapters().values():
        for heading, body in sections.items():
            begun = re.findall(r"^(Means:|Look:|Do:|Do not:)", body, flags=re.MULTILINE)
            assert tuple(begun) == PARTS, heading


@pytest.mark.parametrize("rule", ALERTS, ids=[rule["alert"] for rule in ALERTS])
def test_each_alert_links_to_its_section(rule: dict[str, dict[str, str]]) -> None:
    assert rule["annotations"]["runbook"] == f"docs/runbooks.md#{anchor(str(rule['alert']))}"


def test_links_within_the_runbooks_and_into_operations_lead_somewhere() -> None:
    for file, anchors in re.findall(r"\]\(([\w./-]*)#([^)]+)\)", TEXT):
        other = (ROOT / "docs" / file).read_text(encoding="utf-8") if file else TEXT
        headings = re.findall(r"^#+ (.*)$", other, flags=re.MULTILINE)
        assert anchors in {anchor(heading) for heading in headings}, f"{file}#{anchors}"


@pytest.mark.parametrize("command", commands())
def test_each_command_is_one_that_the_command_line_takes(command: str) -> None:
    _, *words = shlex.split(command, comments=True)

    build_app().parse_args(shared_last(words), print_error=False, exit_on_error=False)


def test_a_command_that_is_not_there_would_be_noticed() -> None:
    with pytest.raises(Exception, match="repair"):
        build_app().parse_args(["check", "--repair"], print_error=False, exit_on_error=False)
