"""Lines of ACL files: publishers come and go, and users of others stay as they are."""

import hashlib

import pytest

from tollbook_schemas.errors import UsageError
from tollbook_services.access.engine_users import EngineUsers

OTHERS = "user monitor on #00 ~other:* +get"


def test_the_first_publisher_brings_the_users_that_are_needed_beside_it():
    users = EngineUsers.read("")
    made = users.add_publishers(["desk"])

    assert list(users.lines) == ["default", "operator", "tollbook", "desk"]
    assert set(made) == {"operator", "tollbook", "desk"}
    assert users.lines["default"].startswith("user default off ")


def test_the_file_has_hashes_and_no_password():
    users = EngineUsers.read("")
    for name, password in users.add_publishers(["desk"]).items():
        assert password not in users.text()
        assert f"#{hashlib.sha256(password.encode()).hexdigest()}" in users.lines[name].split()
        assert len(password) == 64


def test_another_publisher_changes_no_other_user():
    users = EngineUsers.read(OTHERS + "\n")
    first = users.add_publishers(["desk"])
    again = EngineUsers.read(users.text())
    second = again.add_publishers(["field"])

    assert set(second) == {"field"}
    assert {name: again.lines[name] for name in users.lines} == users.lines
    assert again.lines["monitor"] == OTHERS
    assert second["field"] not in first.values()


def test_a_publisher_that_is_there_gets_another_password():
    users = EngineUsers.read("")
    old = users.add_publishers(["desk"])["desk"]
    new = users.add_publishers(["desk"])
    assert set(new) == {"desk"}
    assert new["desk"] != old
    assert users.text().count("user desk ") == 1


def test_a_publisher_is_taken_out():
    users = EngineUsers.read("")
    users.add_publishers(["desk", "field"])
    users.remove(["desk"])
    assert "desk" not in users.lines
    with pytest.raises(UsageError, match="field"):
        users.remove(["desk"])


@pytest.mark.parametrize("name", ["default", "operator", "tollbook", "monitor", "open", "second"])
def test_users_of_another_kind_are_left_alone(name):
    text = f"{OTHERS}\nuser open on nopass allkeys +@all\nuser second on ~a %W~tollbook:inbox\n"
    users = EngineUsers.read(text)
    users.add_publishers(["desk"])
    before = users.text()
    for act in (users.add_publishers, users.remove):
        with pytest.raises(UsageError, match=name):
            act([name])
    assert users.text() == before


@pytest.mark.parametrize(
    "name", ["", "Desk", "a b", "a\nuser x on nopass +@all", "-a", "a" * 65, ">x"]
)
def test_what_is_no_name_makes_no_line(name):
    users = EngineUsers.read("")
    with pytest.raises(UsageError, match="names no user"):
        users.add_publishers(["desk", name])
    assert users.text() == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [("# comment", "line 1"), ("\nuser\n", "line 2"), ("user a on\nuser a off", "names a again")],
)
def test_a_file_that_no_server_starts_with_is_refused(text, said):
    with pytest.raises(UsageError, match=said):
        EngineUsers.read(text)
