"""Which key a process seals with, and which it makes itself."""

import pytest

from tollbook_schemas.errors import UsageError
from tollbook_services.sealing.chosen_key import has_key, make_missing_key, read_key
from tollbook_services.sealing.keyring import new_key, write_key_file
from tollbook_services.settings import Settings

LEDGER = "0123456789abcdef0123456789abcdef"


def test_an_embedded_store_makes_its_own_key_once_and_says_so(tmp_path, capsys):
    settings = Settings(data=tmp_path)
    make_missing_key(settings, LEDGER)
    key = read_key(settings)
    assert key.name == "tollbook-0123456789abcdef"
    assert key.verifier.text in capsys.readouterr().err
    make_missing_key(settings, LEDGER)
    assert read_key(settings).verifier == key.verifier
    assert capsys.readouterr().err == ""


def test_a_key_that_was_given_a_name_is_made_in_its_file(tmp_path):
    file = tmp_path / "there" / "key"
    settings = Settings(
        redis="redis://x", signing_key_file=file, signing_key_name="log.example.org"
    )
    make_missing_key(settings, LEDGER)
    assert read_key(settings).name == "log.example.org"


def test_a_file_that_was_only_named_is_not_made(tmp_path):
    settings = Settings(redis="redis://x", signing_key_file=tmp_path / "away" / "key")
    make_missing_key(settings, LEDGER)
    assert has_key(settings)
    with pytest.raises(UsageError, match="is not there"):
        read_key(settings)


def test_an_outside_engine_has_no_key_of_its_own():
    settings = Settings(redis="redis://x", signing_key_name="log.example.org")
    make_missing_key(settings, LEDGER)
    assert not has_key(settings)
    with pytest.raises(UsageError, match="there is no key to seal with"):
        read_key(settings)


def test_a_key_given_as_text_wins_and_is_shown_nowhere(tmp_path):
    given = new_key("given.example.org")
    write_key_file(tmp_path / "key", new_key("file.example.org"))
    settings = Settings(signing_key=given.secret_text, signing_key_file=tmp_path / "key")
    assert read_key(settings).verifier == given.verifier
    secret = given.secret_text.split("+", 4)[4]
    assert secret not in repr(settings)
    assert secret not in settings.model_dump_json()
    broken = Settings(signing_key=given.secret_text[:-8])
    with pytest.raises(UsageError, match="TOLLBOOK_SIGNING_KEY") as refused:
        read_key(broken)
    assert secret[:20] not in str(refused.value)
