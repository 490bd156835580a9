"""Questions that make no sense, or have no answer: what would is said, and nothing is guessed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.cli_kit import clean_environment, told, tollbook

CRISIS = "syria-coast-2025"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The demonstration: 22 events in partition 1."""
    with clean_environment():
        folder = tmp_path_factory.mktemp("questions")
        told("demo", "--data", folder)
        yield folder


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("changes", "--crisis", "nope"), f"no crisis 'nope' in this ledger: known are {CRISIS}"),
        (("tolls", CRISIS, "--originator", "shor"), "did you mean 'sohr'"),
        (("revisions", CRISIS, "--originator", "nobody"), "known are akkar-governor"),
        (("sources", CRISIS, "--originator", "nobody"), "nobody called 'nobody' counted"),
        (("statements", CRISIS, "--originator", "nobody"), "nobody called 'nobody' counted"),
        (("events", "--from", "9", "--to", "3"), "--from comes after --to: 9 and 3"),
        (("incident",), "`tollbook incident` wants a command: open, merge, split"),
        (("policy",), "`tollbook policy` wants a command: show, publish"),
        (("tolls", CRISIS, "--known-as-of", "2:5"), "name a sequence of that one, as 1:5"),
        (("tolls", CRISIS, "--known-as-of", "soon"), "--known-as-of: "),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_what_would(data, arguments, said):
    done = tollbook(*arguments, "--data", data)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_an_originator_who_counted_something_else_is_no_mistake(data):
    done = tollbook("tolls", CRISIS, "--originator", "lb-drm", "--format", "json", "--data", data)
    assert (done.code, json.loads(done.out)["cells"]) == (0, [])


@pytest.mark.parametrize("moment", ["5", "1:5"])
def test_a_moment_is_a_sequence_with_or_without_its_partition(data, moment):
    done = tollbook("tolls", CRISIS, "--known-as-of", moment, "--format", "json", "--data", data)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["known_as_of"]["sequence"] == 5


@pytest.mark.parametrize("moment", ["99", "1:99"])
def test_a_moment_that_has_not_come_is_answered_and_said(data, moment):
    done = tollbook("tolls", CRISIS, "--known-as-of", moment, "--format", "json", "--data", data)
    assert done.code == 0
    assert json.loads(done.out)["known_as_of"]["sequence"] == 22
    assert f"--known-as-of {moment} has not come: the partition has 22 events" in done.err


def test_the_checks_of_an_answer_are_of_the_area_that_was_asked_for(data):
    def checks(*more: str) -> list[str]:
        done = tollbook("tolls", CRISIS, *more, "--format", "json", "--data", data)
        return [check["figure"] for check in json.loads(done.out)["checks"]]

    everywhere, coast, elsewhere = checks(), checks("--area", "SY-LA"), checks("--area", "SY-DI")
    assert elsewhere == []
    assert coast
    assert set(coast) <= set(everywhere)
