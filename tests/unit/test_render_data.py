"""Answers for programs: JSON and CSV that a program, and a spreadsheet, can trust."""

import csv
import io
import json

import pytest

from tollbook_services.render import data


def test_csv_leaves_what_nobody_gave_empty_and_keeps_zero(
    capsys: pytest.CaptureFixture[str],
) -> None:
    data.write_csv(("low", "best", "flags"), [{"low": 0, "best": None, "flags": ["a", "b"]}])

    assert capsys.readouterr().out == "low,best,flags\n0,,a b\n"


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_csv_never_hands_a_formula_to_a_spreadsheet(
    evil: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data.write_csv(("reason",), [{"reason": evil}])

    _, (field,) = csv.reader(io.StringIO(capsys.readouterr().out))
    assert field == f"'{evil}"


def test_csv_keeps_commas_quotes_and_lines_inside_one_field(
    capsys: pytest.CaptureFixture[str],
) -> None:
    data.write_csv(("text",), [{"text": 'a, "b"\nc'}])

    _, (field,) = csv.reader(io.StringIO(capsys.readouterr().out))
    assert field == 'a, "b"\nc'


def test_a_json_line_is_one_line_and_a_document_is_the_same_value(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = {"status": "rejected", "errors": [{"pointer": "/data", "message": "nötig\n"}]}

    data.write_json_line(document)
    line = capsys.readouterr().out
    data.write_json(document)

    assert line.count("\n") == 1
    assert json.loads(line) == json.loads(capsys.readouterr().out) == document
