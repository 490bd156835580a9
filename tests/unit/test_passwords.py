"""A password file joined to the URL of the engine."""

import pytest
from redis.connection import parse_url

from tollbook_schemas.errors import UsageError
from tollbook_services.passwords import PASSWORD_BYTES_MAX, with_password
from tollbook_services.settings import read_settings


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "password"
    file.write_bytes("pä:/@? #%&=ss\n".encode())
    return file


@pytest.mark.parametrize(
    ("url", "user"),
    [
        ("redis://server:6379", None),
        ("redis://server:6379/0", None),
        ("redis://desk@server:6379", "desk"),
        ("redis://[::1]:6379?db=0", None),
        ("unix:///run/engine.sock", None),
        ("unix:///run/engine.sock?db=0", None),
    ],
)
def test_any_password_reaches_the_client_as_it_is_in_the_file(secret, url, user):
    # Given a password with everything in it that means something in a URL
    # When it is joined to a URL and the client reads that
    found = parse_url(with_password(url, secret))
    # Then the client has the password of the file, and all that the URL said before
    before = parse_url(url)
    assert found == before | {"password": "pä:/@? #%&=ss"}
    assert found.get("username") == user


@pytest.mark.parametrize(
    "url", ["redis://:own@server:6379", "redis://server?password=own", "redis://[half"]
)
def test_a_url_with_a_password_of_its_own_or_that_is_none_stays_as_it_is(secret, url):
    # Given a URL with its own password, or one that is none, When it is joined, Then it stays
    assert with_password(url, secret) == url


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "cannot read"),
        (b"\n", "is empty"),
        (b"one\ntwo\n", "is no password"),
        (b"\xff\xfe", "cannot read"),
        (b"x" * (PASSWORD_BYTES_MAX + 1), "is no password"),
    ],
)
def test_a_file_that_holds_no_password_is_refused_with_what_would_be_right(
    tmp_path, content, fault
):
    # Given a file that is missing, empty, of several lines, no text or far too long
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    # When it is to be joined, Then the error names the file, the fault and what it should be
    with pytest.raises(UsageError) as refused:
        with_password("redis://server", file)
    assert str(file) in str(refused.value)
    assert fault in str(refused.value)
    assert "one line of text" in str(refused.value)


def test_the_settings_join_the_password_and_never_show_it(monkeypatch, secret):
    # Given an engine and a password file in the environment
    monkeypatch.setenv("TOLLBOOK_REDIS", "redis://server:6379")
    monkeypatch.setenv("TOLLBOOK_REDIS_PASSWORD_FILE", str(secret))
    # When the settings are read
    settings = read_settings()
    # Then the client gets it, and what is shown of the place has none
    assert parse_url(settings.redis or "")["password"] == "pä:/@? #%&=ss"
    assert settings.place == "redis://server:6379"
