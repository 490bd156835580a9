"""Tokens in the engine: shown once, kept hashed, taken until they expire or are revoked."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tollbook_schemas.errors import NotFoundError, UsageError
from tollbook_services import keys
from tollbook_services.access import authentication, tokens
from tollbook_services.access.authentication import Authentication, TokenError
from tollbook_services.access.first_token import first_token, is_loopback
from tollbook_services.access.principal import Principal
from tollbook_services.access.roles import Role
from tollbook_services.access.tokens import Tokens

pytestmark = pytest.mark.anyio


class Clock:
    """`datetime`, at a time that a test sets."""

    def __init__(self) -> None:
        self.at = datetime(2026, 5, 1, 12, tzinfo=UTC)

    def now(self, _zone: object) -> datetime:
        return self.at


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    for module in (tokens, authentication):
        monkeypatch.setattr(module, "datetime", made)
    return made


async def fault(asked: Authentication, text: str) -> str:
    with pytest.raises(TokenError) as raised:
        await asked.principal(text)
    assert len(text) < 8 or text not in str(raised.value)
    return raised.value.fault


async def test_a_token_names_its_owner(any_redis):
    made = Tokens(any_redis)
    _, reader = await made.create("ocha", Role.READER)
    token, desk = await made.create("desk", Role.PUBLISHER, ["https://desk.example/*"])
    asked = Authentication(any_redis)

    assert await asked.principal(reader) == Principal("ocha", Role.READER, None, reader[3:11])
    assert await asked.principal(desk) == Principal(
        "desk", Role.PUBLISHER, ("https://desk.example/*",), token.id
    )


async def test_the_engine_has_no_secret(any_redis):
    token, text = await Tokens(any_redis).create("ocha", Role.READER)
    await Authentication(any_redis).principal(text)

    secret = text.removeprefix(f"tb_{token.id}_").encode()
    for name in await any_redis.keys("*"):
        assert secret not in await any_redis.dump(name)
    assert secret.decode() not in str(token.document())


@pytest.mark.parametrize(
    "text",
    ["", "x", "tb_", "tb_abc", "tb_abc_", "tb__x", "Bearer tb_a_b", "tb_ä_b", "tb_\ud800_b"],
)
async def test_what_is_no_token_is_said(any_redis, text):
    assert await fault(Authentication(any_redis), text) == "malformed"


async def test_an_unknown_id_and_a_wrong_secret_are_told_alike(any_redis):
    _, text = await Tokens(any_redis).create("ocha", Role.READER)
    asked = Authentication(any_redis)

    assert await fault(asked, text[:-1] + ("a" if text[-1] != "a" else "b")) == "unknown"
    assert await fault(asked, "tb_aaaaaaaa_" + text[12:]) == "unknown"


async def test_a_token_that_was_revoked_is_refused_within_a_second(any_redis, clock):
    made, asked = Tokens(any_redis), Authentication(any_redis)
    token, text = await made.create("ocha", Role.READER)
    await asked.principal(text)

    await made.revoke("ocha")

    clock.at += timedelta(seconds=1)
    assert await fault(asked, text) == "revoked"
    assert await fault(Authentication(any_redis), text) == "revoked"
    for named in (token.id, "ocha"):
        with pytest.raises(NotFoundError, match=named):
            await made.revoke(named)


async def test_a_token_ends_when_it_was_said_to(any_redis, clock):
    end = clock.at + timedelta(hours=1)
    _, text = await Tokens(any_redis).create("ocha", Role.READER, expires_at=end)
    asked = Authentication(any_redis)

    clock.at = end - timedelta(microseconds=1)
    await asked.principal(text)
    clock.at = end
    assert await fault(asked, text) == "expired"


async def test_the_last_use_is_noted_once_a_minute(any_redis, clock):
    made, asked = Tokens(any_redis), Authentication(any_redis)
    _, text = await made.create("ocha", Role.READER)
    noted = []
    for seconds in (0, 30, 31, 59, 60, 61):
        clock.at = datetime(2026, 5, 1, 12, tzinfo=UTC) + timedelta(seconds=seconds)
        await asked.principal(text)
        (token,) = await made.all()
        noted.append((token.last_used_at - datetime(2026, 5, 1, 12, tzinfo=UTC)).seconds)

    assert noted == [0, 0, 0, 0, 60, 60]


async def test_a_name_is_of_one_token_in_force(any_redis, clock):
    made = Tokens(any_redis)
    await made.create("desk", Role.READER, expires_at=clock.at + timedelta(hours=1))
    with pytest.raises(UsageError, match="revoke it first"):
        await made.create("desk", Role.ADMIN)

    clock.at += timedelta(hours=2)
    await made.create("desk", Role.ADMIN)
    await made.revoke("desk")
    clock.at += timedelta(seconds=1)
    await made.create("desk", Role.EDITOR)
    assert [one.role for one in await made.all()] == [Role.READER, Role.ADMIN, Role.EDITOR]


async def test_of_two_that_take_a_name_at_once_one_gets_it(any_redis):
    made = Tokens(any_redis)
    done = await asyncio.gather(
        *(made.create("desk", Role.READER) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(one, tuple) for one in done) == 1
    assert len(await made.all()) == 1


@pytest.mark.parametrize(
    ("name", "role", "sources", "said"),
    [
        ("", Role.READER, [], "names no token"),
        ("Desk", Role.READER, [], "names no token"),
        ("-a", Role.READER, [], "names no token"),
        ("a" * 65, Role.READER, [], "names no token"),
        ("desk", Role.PUBLISHER, [], "needs a source"),
        ("desk", Role.READER, ["x"], "leave them out"),
        ("desk", Role.PUBLISHER, ["a#b"], "is no source"),
        ("desk", Role.PUBLISHER, ["*"], "is no source"),
        ("desk", Role.PUBLISHER, ["a*/*"], "is no source"),
        ("desk", Role.PUBLISHER, [""], "is no source"),
        ("desk", Role.PUBLISHER, ["x"] * 101, "100 sources at most"),
    ],
)
async def test_a_token_that_makes_no_sense_is_refused(any_redis, name, role, sources, said):
    with pytest.raises(UsageError, match=said):
        await Tokens(any_redis).create(name, role, sources)
    assert await any_redis.exists(keys.TOKENS) == 0


async def test_the_first_token_is_made_once_and_only_for_this_machine(any_redis):
    with pytest.raises(UsageError, match="token create"):
        await first_token(any_redis, "0.0.0.0", open_reading=False)
    assert await first_token(any_redis, "0.0.0.0", open_reading=True) is None
    text = await first_token(any_redis, "127.0.0.1", open_reading=False)
    assert (await Authentication(any_redis).principal(text)).role is Role.ADMIN
    assert await first_token(any_redis, "127.0.0.1", open_reading=False) is None
    assert await first_token(any_redis, "0.0.0.0", open_reading=False) is None


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("example.org", False)],
)  # fmt: skip
async def test_which_addresses_are_of_this_machine_only(host, own):
    assert is_loopback(host) is own
