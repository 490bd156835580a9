"""Tokens that are guessed, shared and revoked: what is hashed, who is held up, what ends."""

import asyncio
import gc
import json
from types import SimpleNamespace

import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError
from tests.integration.feed_kit import served, until
from tests.integration.projector_kit import empty_store

from tollbook_services.access import authentication
from tollbook_services.access.authentication import Authentication, TokenError
from tollbook_services.access.roles import Role
from tollbook_services.access.tokens import Tokens
from tollbook_services.api import feed_tokens
from tollbook_services.api.problems import ProblemError
from tollbook_services.api.rates import REFUSED_PER_MINUTE, Rates, network_of
from tollbook_services.api.security import owner_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def redis(engine_url):
    made = Redis.from_url(engine_url)
    yield made
    await made.aclose()


@pytest.fixture
def running(redis):
    """As much of a running server as knows tokens."""
    return SimpleNamespace(authentication=Authentication(redis), rates=Rates(600))


@pytest.fixture
def hashed(monkeypatch):
    """Secrets that were hashed to be compared."""
    found, real = [], authentication.is_secret

    def counted(*given: object) -> bool:
        found.append(given[0])
        return real(*given)

    monkeypatch.setattr(authentication, "is_secret", counted)
    return found


async def test_of_many_guesses_at_once_few_are_hashed(running, hashed):

    async def guess(number: int) -> str:
        try:
            await owner_of(running, f"tb_aaaaaaaa_{number}", "10.0.0.1")
        except TokenError:
            return "refused"
        except ProblemError as error:
            return str(error.status)
        return "taken"

    told = await asyncio.gather(*(guess(number) for number in range(200)))
    assert len(hashed) == REFUSED_PER_MINUTE
    assert told.count("refused") == REFUSED_PER_MINUTE
    assert told.count("429") == 200 - REFUSED_PER_MINUTE


async def test_who_guesses_locks_nobody_out_who_was_taken_before(running, redis):
    _, text = await Tokens(redis).create("ocha", Role.READER)
    await owner_of(running, text, "10.0.0.1")
    for number in range(REFUSED_PER_MINUTE + 5):
        with pytest.raises((TokenError, ProblemError)):
            await owner_of(running, f"tb_aaaaaaaa_{number}", "10.0.0.1")

    assert (await owner_of(running, text, "10.0.0.1")).name == "ocha"
    assert (await owner_of(running, text, "10.0.0.2")).name == "ocha"


async def test_a_token_that_was_revoked_is_limited_too(running, redis):
    _, text = await Tokens(redis).create("ocha", Role.READER)
    await Tokens(redis).revoke("ocha")
    for _ in range(REFUSED_PER_MINUTE):
        with pytest.raises(TokenError):
            await owner_of(running, text, "10.0.0.1")
    with pytest.raises(ProblemError, match="too many tokens"):
        await owner_of(running, text, "10.0.0.1")


async def test_one_token_that_many_send_at_once_is_hashed_once(redis, hashed):
    rates = Rates(600)
    _, text = await Tokens(redis).create("ocha", Role.READER)
    asked = Authentication(redis)
    found = await asyncio.gather(
        *(asked.principal(text, rates.trying("10.0.0.1")) for _ in range(50))
    )
    assert {one.name for one in found} == {"ocha"}
    assert len(hashed) == 1
    gc.collect()
    assert len(rates._turns) == 0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_counts_as_its_network(address, network):
    assert network_of(address) == network


async def test_a_full_engine_lets_readers_in(redis, monkeypatch):
    _, text = await Tokens(redis).create("ocha", Role.READER)
    asked = Authentication(redis)

    async def full(*_: object) -> None:
        raise OutOfMemoryError("OOM")

    monkeypatch.setattr(asked._tokens, "used", full)
    assert (await asked.principal(text)).name == "ocha"


async def test_a_stream_ends_when_its_token_is_revoked(engine_url, monkeypatch):
    monkeypatch.setattr(feed_tokens, "LOOK_S", 0.05)
    async with empty_store(engine_url) as store, served(engine_url) as api:
        tokens = Tokens(store.redis)
        _, one = await tokens.create("ocha", Role.READER)
        _, other = await tokens.create("desk", Role.READER)
        async with (
            api.follow(headers={"Authorization": f"Bearer {one}"}) as reader,
            api.follow(headers={"Authorization": f"Bearer {other}"}),
            api.follow(),
        ):
            await until(lambda: len(api.hub.readers) == 3, "all read")
            await tokens.revoke("ocha")
            event = await reader.event()
            assert event.event == "cut"
            assert json.loads(event.data)["code"] == "token-ended"
            await until(lambda: len(api.hub.readers) == 2, "it has gone")
            assert all(each.ending is None for each in api.hub.readers)
