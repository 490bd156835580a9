"""`tollbook acl`: a file for the server, passwords for its users."""

import csv
import json
from io import StringIO

import pytest
from tests.e2e.cli_kit import told, tollbook


@pytest.fixture
def file(tmp_path):
    return tmp_path / "users.acl"


def test_passwords_are_printed_once_and_the_file_is_for_its_owner(file):
    done = tollbook("acl", "desk", "field", "--out", file, "--format", "json")
    document = json.loads(done.out)

    assert (done.code, done.err) == (0, "")
    assert [one["user"] for one in document["users"]] == ["operator", "tollbook", "desk", "field"]
    assert [one["for"] for one in document["users"]][-2:] == ["publisher", "publisher"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert all(one["password"] not in file.read_text() for one in document["users"])


def test_a_narrow_terminal_cuts_no_password_off(file, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    done = tollbook("acl", "desk", "--out", file)

    assert {len(line.split()[-1]) for line in done.out.splitlines()} == {64}
    assert "not shown again" in done.err
    assert "aclfile" in done.err


def test_csv_has_every_password_as_it_is(file):
    rows = list(csv.DictReader(StringIO(told("acl", "desk", "--out", file, "--format", "csv"))))
    assert [row["user"] for row in rows] == ["operator", "tollbook", "desk"]
    assert {len(row["password"]) for row in rows} == {64}


def test_the_file_keeps_its_mode_and_its_other_users(file):
    told("acl", "desk", "--out", file)
    file.chmod(0o640)
    before = file.read_text()
    told("acl", "field", "--out", file)
    assert file.read_text().startswith(before)
    assert file.stat().st_mode & 0o777 == 0o640
    assert told("acl", "--remove", "field", "--out", file) == ""
    assert file.read_text() == before
    assert [one.name for one in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a publisher"),
        (["tollbook"], "another kind"),
        (["--remove", "nobody"], "not in the ACL file"),
        (["Desk"], "names no user"),
    ],
)
def test_what_makes_no_sense_writes_no_file(file, arguments, said):
    done = tollbook("acl", *arguments, "--out", file)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert not file.exists()


def test_a_file_that_is_none_stays_as_it_is(file):
    file.write_bytes(b"\xff\xfe")
    done = tollbook("acl", "desk", "--out", file)
    assert done.code == 2
    assert str(file) in done.err
    assert file.read_bytes() == b"\xff\xfe"
    missing = file.parent / "nowhere" / "users.acl"
    assert "cannot be written" in tollbook("acl", "desk", "--out", missing).err
