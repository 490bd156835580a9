"""An engine that could lose what it acknowledged is refused, by every engine's own settings."""

import pytest

from tollbook_schemas.errors import EngineError
from tollbook_services.engine import check_engine

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


async def test_a_replica_is_refused(any_redis):
    await any_redis.replicaof("127.0.0.1", 1)
    try:
        with pytest.raises(EngineError, match="name the primary"):
            await check_engine(any_redis)
    finally:
        await any_redis.replicaof("NO", "ONE")


async def test_an_engine_that_is_too_old_is_refused_by_its_own_version(any_redis, monkeypatch):
    async def old(*_sections):
        return {"role": "master", "redis_version": "7.0.15"}

    monkeypatch.setattr(any_redis, "info", old)
    with pytest.raises(EngineError, match=r"redis 7\.0\.15 is too old, use 7\.2 or later"):
        await check_engine(any_redis)


async def test_a_user_who_may_not_read_the_settings_is_told_what_to_allow(any_redis):
    await any_redis.acl_setuser("blind", enabled=True, nopass=True, commands=["+info", "+ping"])
    try:
        await any_redis.execute_command("AUTH", "blind", "x")
        with pytest.raises(EngineError, match="allow INFO and CONFIG GET"):
            await check_engine(any_redis)
        await any_redis.connection_pool.disconnect()
    finally:
        await any_redis.acl_deluser("blind")
