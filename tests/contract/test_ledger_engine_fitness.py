"""An engine that could lose what it acknowledged is refused, by every engine's own settings."""

import asyncio

import pytest
from redis.asyncio import Redis
from tests.conftest import opened
from tests.server_kit import PASSWORD, served

from tollbook_schemas.errors import EngineError
from tollbook_services.engine import check_engine, connect

pytestmark = pytest.mark.anyio


async def test_an_engine_with_the_right_settings_is_fit(any_redis):
    await check_engine(any_redis)


@pytest.mark.parametrize(
    ("setting", "weak", "right"),
    [
        ("appendfsync", "everysec", "always"),
        ("appendfsync", "no", "always"),
        ("maxmemory-policy", "allkeys-lru", "noeviction"),
        ("maxmemory-policy", "volatile-ttl", "noeviction"),
        ("appendonly", "no", "yes"),
        ("no-appendfsync-on-rewrite", "yes", "no"),
    ],
)
async def test_a_weaker_setting_is_refused_with_what_to_set(any_redis, setting, weak, right):
    await any_redis.config_set(setting, weak)
    try:
        with pytest.raises(EngineError, match=f"{setting} is {weak}, set it to {right}") as refused:
            await check_engine(any_redis)
    finally:
        await any_redis.config_set(setting, right)

    assert refused.value.exit_code == 5


async def test_a_replica_is_refused_although_it_has_every_setting(any_binary, tmp_path):
    async with (
        served(any_binary, tmp_path / "a") as primary,
        served(any_binary, tmp_path / "b") as replica,
    ):
        await replica.redis.config_set("masterauth", PASSWORD)
        await primary.redis.set("here", "1")
        await replica.redis.replicaof("127.0.0.1", primary.port)
        async with asyncio.timeout(20):
            await follows(replica.redis)
        assert await replica.redis.get("here") == b"1"
        await check_engine(primary.redis)
        with pytest.raises(EngineError, match="it is a slave: name the primary"):
            await check_engine(replica.redis)


async def test_a_url_gives_a_password_or_a_user_with_one(any_binary, tmp_path):
    async with served(any_binary, tmp_path) as server:
        await server.redis.acl_setuser(
            "desk",
            enabled=True,
            passwords=["+own:pass/word"],
            keys=["tollbook:*"],
            commands=["+@all"],
        )
        async with opened(server.url("desk:own%3Apass%2Fword@")) as redis:
            assert await redis.acl_whoami() == "desk"
            await check_engine(redis)
        for wrong in ("", ":other@", "nobody:secret@", f"desk:{PASSWORD}@"):
            with pytest.raises(EngineError, match="refuses the user or the password") as refused:
                await connect(server.url(wrong))
            assert PASSWORD not in str(refused.value)
            assert "give redis://user:password@host:port" in str(refused.value)


async def test_an_engine_that_is_too_old_is_refused_by_its_own_version(any_server, monkeypatch):
    async def old(*_sections):
        return {"role": "master", "redis_version": "7.0.15"}

    monkeypatch.setattr(any_server, "info", old)
    with pytest.raises(EngineError, match=r"redis 7\.0\.15 is too old, use 7\.2 or later"):
        await check_engine(any_server)


async def test_a_user_who_may_not_read_the_settings_is_told_what_to_allow(any_server):
    await any_server.acl_setuser("blind", enabled=True, nopass=True, commands=["+info", "+ping"])
    try:
        await any_server.execute_command("AUTH", "blind", "x")
        with pytest.raises(EngineError, match="allow INFO and CONFIG GET"):
            await check_engine(any_server)
        await any_server.connection_pool.disconnect()
    finally:
        await any_server.acl_deluser("blind")


async def follows(replica: Redis) -> None:
    """Wait until a replica has everything of its primary."""
    while (await replica.info("replication"))["master_link_status"] != "up":  # noqa: ASYNC110 - it is another process
        await asyncio.sleep(0.05)
