"""Sensitive fields are kept apart: repeated, changed, named by policies, checked, carried on."""

import pytest
from redis.asyncio import Redis
from tests.integration.redaction_kit import (
    CRISIS,
    PLACE,
    SECRETS,
    SOURCE,
    SPEAKER,
    WITNESS,
    filed,
    opened,
    parsed,
    policy,
    redacted,
    report,
    stored,
)

from tollbook_schemas.canonical import key_digest
from tollbook_schemas.errors import CheckFailedError, UsageError
from tollbook_services import keys, queries
from tollbook_services.check import check_events
from tollbook_services.quarantine import held_events
from tollbook_services.quarantine_decide import Verdict, decide
from tollbook_services.queries import Question
from tollbook_services.read_again import foresee
from tollbook_services.wiring import Tollbook
from tollbook_services.withheld.checking import check_withheld
from tollbook_services.withheld.disclosure import disclosed
from tollbook_services.withheld.redaction import purge

pytestmark = pytest.mark.anyio


async def values(book: Tollbook, name: str) -> dict[str, str]:
    document = await disclosed(book, SOURCE, name)
    return {one["at"]: one["value"] for one in document["fields"]}


async def numbers(book: Tollbook) -> list[object]:
    document = await queries.tolls(book, CRISIS, Question())
    cells = [{**cell, "figures": None} for cell in document["cells"]]
    return [cells, document["checks"]]


async def everything(redis: Redis) -> bytes:
    """Every key of the engine with its value, as the engine would dump it or say it."""
    found = []
    for key in sorted([one async for one in redis.scan_iter(count=1_000)]):
        kind = await redis.type(key)
        match kind:
            case b"stream":
                found.append(repr(await redis.xrange(key)))
            case b"hash":
                found.append(repr(await redis.hgetall(key)))
            case b"set":
                found.append(repr(await redis.smembers(key)))
            case b"list":
                found.append(repr(await redis.lrange(key, 0, -1)))
            case _:
                found.append(repr(await redis.get(key)))
        found.append(repr(key))
    return "\n".join(found).encode()


async def test_a_report_with_sensitive_fields_is_recorded_once_and_without_them(any_engine_url):
    async with opened(any_engine_url) as book:
        assert await filed(book, report("r1"), report("r1")) == ["appended", "duplicate"]

        assert await values(book, "r1") == {
            "/data/ext/witness": WITNESS,
            "/data/figures/0/place": PLACE,
            "/data/statements/0/speaker": SPEAKER,
        }
        left = await everything(book.redis)
        assert not [secret for secret in SECRETS if secret.encode() in left]


async def test_another_value_of_a_withheld_field_is_other_content(any_engine_url):
    async with opened(any_engine_url) as book:
        changed = report("r1", speaker="Umm Tarek Zedekiah")

        assert await filed(book, report("r1"), changed, changed) == [
            "appended",
            "quarantined",
            "quarantined",
        ]
        assert (await values(book, "r1"))["/data/statements/0/speaker"] == SPEAKER
        assert b"Zedekiah" not in await everything(book.redis)


async def test_what_is_accepted_out_of_quarantine_has_its_own_values(any_engine_url):
    async with opened(any_engine_url) as book:
        await filed(book, report("r1"), report("r1", speaker="Umm Tarek"))
        held = [one async for one in held_events(book.ledger, range(2))]
        verdict = Verdict("accepted", "two women", "urn:desk", "r1.second")

        for _ in range(2):  # the second time says that it was done
            async for done in decide(book.ledger, book.admission, held, verdict):
                assert done.as_ == "r1.second"

        assert (await values(book, "r1.second"))["/data/statements/0/speaker"] == "Umm Tarek"
        assert (await values(book, "r1"))["/data/statements/0/speaker"] == SPEAKER


async def test_tolls_are_those_of_the_same_reports_in_the_open(engine_url, redis8_url):
    """Figures of one house are one series, whether its name can be read or not."""
    found = []
    for url, spots in ((engine_url, None), (redis8_url, ())):
        async with opened(url) as book:
            await book.redis.flushall()
        async with opened(url) as book:
            one = {} if spots is None else {"sensitive": spots}
            await filed(book, *(report(f"r{value}", value, **one) for value in (3, 5, 8)))
            found.append(await numbers(book))

    assert found[0] == found[1]
    assert found[0][0][0]["low"] == 8


async def test_a_policy_withholds_what_is_recorded_from_then_on(any_engine_url):
    names = ["figures.place", "statements.speaker", "ext"]
    async with opened(any_engine_url) as book:
        before = report("r1", sensitive=())
        await filed(book, before, policy("desk/v2", names, time="11T21:00"))

        assert await filed(book, report("r2", 6, sensitive=()), before) == ["appended", "duplicate"]

        assert sorted(await values(book, "r2")) == sorted(
            ["/data/ext", "/data/figures/0/place", "/data/statements/0/speaker"]
        )
        with pytest.raises(UsageError, match="is withheld"):
            await disclosed(book, SOURCE, "r1")


async def test_the_latest_policy_counts_and_what_was_withheld_stays_so(any_engine_url):
    async with opened(any_engine_url) as book:
        await filed(book, policy("desk/v2", ["statements.speaker"], time="11T21:00"))
        sent = report("r1", sensitive=())
        await filed(book, sent, policy("desk/v3", None, time="11T22:00"))

        assert await filed(book, sent, report("r2", 6, sensitive=())) == ["duplicate", "appended"]

        assert await values(book, "r1") == {"/data/statements/0/speaker": SPEAKER}
        assert (await stored(book))[-1]["data"]["statements"][0]["speaker"] == SPEAKER


async def test_a_dry_run_foresees_a_repetition_and_writes_nothing(any_server_url):
    async with opened(any_server_url) as book:
        await filed(book, report("r1"))
        before = await everything(book.redis)
        again, changed, new = await parsed(
            book, report("r1"), report("r1", speaker="Umm Tarek"), report("r2", 6)
        )

        foreseen = [(await foresee(book.ledger, one)).status for one in (again, changed, new)]

        assert foreseen == ["duplicate", "quarantined", "appended"]
        assert await everything(book.redis) == before


async def test_the_same_report_about_another_crisis_shares_its_key(any_engine_url):
    async with opened(any_engine_url) as book:
        crises = ["coast", *(f"other-{number}" for number in range(8))]
        other = next(one for one in crises if book.partition_of(one) != book.partition_of(CRISIS))
        elsewhere = {**report("r1"), "subject": other}

        assert await filed(book, report("r1"), elsewhere) == ["appended", "quarantined"]
        await redacted(book, "r1")
        await purge(book, SOURCE, "r1")

        assert await filed(book, elsewhere) == ["quarantined"]
        assert not await book.redis.hlen(keys.withheld(book.partition_of(other)))


async def test_checks_hold_and_name_what_was_altered_or_lost(any_engine_url):
    async with opened(any_engine_url) as book:
        await filed(book, report("r1"), report("r2", 6))
        partition = book.partition_of(CRISIS)
        (found,) = await check_withheld(book)
        assert (found.checked, found.holds) == (2, True)
        assert all(one.holds for one in await check_events(book.redis))

        # one is altered, the key of the other one is lost
        for about, sealed in (await book.redis.hgetall(keys.withheld(partition))).items():
            if about.startswith(key_digest(SOURCE, "r1")):
                flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
                await book.redis.hset(keys.withheld(partition), about, flipped)
        await book.redis.hdel(keys.secrets(partition), key_digest(SOURCE, "r2"))

        (found,) = await check_withheld(book)
        assert [fault.partition(":")[0] for fault in found.faults] == [
            f"event {sequence} of partition {partition}" for sequence in (1, 2)
        ]
        assert "altered" in found.faults[0]
        assert "its key is gone" in found.faults[1]
        with pytest.raises(CheckFailedError):
            await disclosed(book, SOURCE, "r2")


async def test_a_key_that_came_back_after_a_redaction_is_named(any_engine_url):
    async with opened(any_engine_url) as book:
        await filed(book, report("r1"))
        name, report_key = keys.secrets(book.partition_of(CRISIS)), key_digest(SOURCE, "r1")
        key = await book.redis.hget(name, report_key)
        await redacted(book, "r1")
        await book.redis.hset(name, report_key, key)

        (found,) = await check_withheld(book)

        assert "it was redacted, but" in found.faults[0]
