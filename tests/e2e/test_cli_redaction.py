"""`withheld` and `redact`, as the desk that published a name and has to take it back uses them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.cli_kit import clean_environment, told, tollbook
from tests.integration.redaction_kit import CRISIS, PLACE, SOURCE, SPEAKER, report

WHY = ("--by", "the desk's lead", "--legal-basis", "GDPR Art. 17", "--reason", "threats")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A store with two reports about one house."""
    with clean_environment(TOLLBOOK_DATA=str(tmp_path / "store")):
        path = tmp_path / "reports.jsonl"
        lines = [json.dumps(report("r1")), json.dumps(report("r2", 6))]
        path.write_text("\n".join(lines), encoding="utf-8")
        told("publish", path)
        yield tmp_path


def test_the_withheld_fields_are_told_with_what_proves_them(store):
    document = json.loads(told("withheld", SOURCE, "r1", "--format", "json"))

    assert [one["at"] for one in document["fields"]] == [
        "/data/ext/witness",
        "/data/figures/0/place",
        "/data/statements/0/speaker",
    ]
    assert document["redacted"] is None
    assert PLACE in told("withheld", SOURCE, "r1")
    assert SPEAKER in told("withheld", SOURCE, "r1", "--format", "csv")


def test_a_dry_run_shows_the_redaction_and_destroys_nothing(store):
    document = json.loads(told("redact", SOURCE, "r1", *WHY, "--dry-run"))

    assert document["data"]["legal_basis"] == "GDPR Art. 17"
    assert PLACE in told("withheld", SOURCE, "r1")


def test_a_redaction_is_recorded_once_and_the_ledger_verifies(store):
    before = json.loads(told("tolls", CRISIS, "--format", "json"))
    receipt = store / "before.tlog-proof"
    told("receipt", SOURCE, "r1", "--out", receipt)

    done = tollbook("redact", SOURCE, "r1", *WHY)
    again = tollbook("redact", SOURCE, "r1", *WHY)

    assert (done.code, again.code) == (0, 0)
    assert json.loads(done.out)["status"] == "appended"
    assert "no copy is left in the engine" in done.err
    assert again.out == ""
    assert "was redacted by the desk's lead" in again.err
    assert "redacted by the desk's lead" in told("withheld", SOURCE, "r1")
    assert json.loads(told("tolls", CRISIS, "--format", "json"))["cells"] == before["cells"]
    assert "[redacted]" in told("statements", CRISIS)
    told("receipt", SOURCE, "r2", "--out", store / "after.tlog-proof")
    told("verify")
    told("check")


def test_what_is_refused_says_what_would_be_right(store):
    for arguments, said in (
        (("redact", SOURCE, "r9", *WHY), "has no event 'r9'"),
        (("redact", SOURCE, "r1", *WHY, "--crisis", "other"), f"is about {CRISIS}"),
        (("withheld", SOURCE, "r9"), "has no event 'r9'"),
    ):
        done = tollbook(*arguments)

        assert done.code == 2
        assert said in done.err


def test_a_refused_report_alone_can_be_redacted_too(store):
    wrong = store / "wrong.json"
    wrong.write_text(json.dumps({**report("r3"), "time": "yesterday"}), encoding="utf-8")
    assert tollbook("publish", wrong).code == 3

    done = tollbook("redact", SOURCE, "r3", *WHY)

    assert done.code == 0, done.err
    assert "deleted 1 refused document" in done.err
    assert "Zedekiah" not in told("rejected", "--format", "json")


def test_what_a_ledger_exports_another_takes_back_and_says_that_it_never_had_the_values(store):
    told("redact", SOURCE, "r1", *WHY)
    exported = store / "events.jsonl"
    told("export", "events", CRISIS, "--format", "json", "--out", exported)
    here = json.loads(told("statements", CRISIS, "--format", "json"))["statements"]

    with clean_environment(TOLLBOOK_DATA=str(store / "other")):
        told("publish", exported)

        there = json.loads(told("statements", CRISIS, "--format", "json"))["statements"]
        assert [one["speaker"] for one in there] == [one["speaker"] for one in here]
        assert [one["speaker"] for one in here] == ["[redacted]", "[withheld]"]
        done = tollbook("withheld", SOURCE, "r2")
        assert (done.code, "never kept here" in done.err) == (2, True)
        told("check")


@pytest.mark.parametrize("wanted", ["csv", "hxl", "json", "geojson"])
def test_every_export_names_the_redacted_report_and_has_none_of_its_values(store, wanted):
    told("redact", SOURCE, "r1", *WHY)

    for subject in ("tolls", "revisions"):
        if (subject, wanted) == ("revisions", "geojson"):
            continue
        text = told("export", subject, CRISIS, "--format", wanted)

        assert "redacted" in text
        assert "Zedekiah" not in text
    rows = told("export", "tolls", CRISIS, "--format", "csv").splitlines()
    assert rows[0].endswith("redacted")
    assert all(row.endswith(f"{SOURCE}/r1") for row in rows[1:])
