"""Redaction: the key goes with the event that says so, and nothing is left anywhere."""

import asyncio
from pathlib import Path

import orjson
import pytest
from tests.integration.redaction_kit import (
    CRISIS,
    PLACE,
    SECRETS,
    SOURCE,
    filed,
    opened,
    redacted,
    report,
)
from tests.integration.test_withheld_fields import everything, numbers, values

from tollbook_schemas.errors import Fault, UsageError
from tollbook_services import keys, queries
from tollbook_services.check_views import check_folds
from tollbook_services.queries import Question
from tollbook_services.settings import Settings
from tollbook_services.wiring import Tollbook, open_tollbook
from tollbook_services.withheld.disclosure import disclosed
from tollbook_services.withheld.redaction import purge, withheld_event

pytestmark = pytest.mark.anyio

GONE_S_MAX = 20.0
LOOK_S = 0.1


async def test_a_redacted_report_counts_as_before_and_every_view_says_so(any_engine_url):
    async with opened(any_engine_url) as book:
        await filed(book, report("r1"), report("r2", 6))
        before = await numbers(book)

        await redacted(book, "r1")
        await book.catch_up()

        assert await numbers(book) == before
        for view in (queries.tolls, queries.displacement, queries.revisions, queries.incidents):
            (note,) = (await view(book, CRISIS, Question()))["redacted"]
            assert note["event"] == f"{SOURCE}/r1"
            assert note["legal_basis"] == "GDPR Art. 17"
        (series,) = (await queries.revisions(book, CRISIS, Question()))["series"]
        assert [one["flags"] for one in series["revisions"]] == [["redacted"], ["withheld"]]
        statements = (await queries.statements(book, CRISIS, Question()))["statements"]
        assert [one["speaker"] for one in statements] == ["[redacted]", "[withheld]"]
        assert statements[0]["redacted"] == ["speaker"]


async def test_the_key_goes_in_the_call_that_records_the_redaction(any_engine_url):
    """So a crash behind it leaves nothing that anybody could read."""
    async with opened(any_engine_url) as book:
        await filed(book, report("r1"), report("r2", 6))

        await redacted(book, "r1")

        found = await disclosed(book, SOURCE, "r1")
        assert found["fields"] == []
        assert found["redacted"]["by"] == "the desk's lead"
        assert await book.redis.hlen(keys.secrets(book.partition_of(CRISIS))) == 1
        assert len(await values(book, "r2")) == 3


async def test_a_redacted_report_that_is_sent_again_leaves_nothing(any_engine_url):
    async with opened(any_engine_url) as book:
        await filed(book, report("r1"))
        await redacted(book, "r1")
        await purge(book, SOURCE, "r1")
        before = await everything(book.redis)

        again = await filed(book, report("r1"), report("r1", speaker="Umm Tarek Zedekiah"))

        assert again == ["duplicate", "duplicate"]
        assert await everything(book.redis) == before
        assert await filed(book, report("r1", 7)) == ["quarantined"]
        assert b"Zedekiah" not in await everything(book.redis)
        assert not await book.redis.hlen(keys.secrets(book.partition_of(CRISIS)))


async def test_the_name_of_a_place_goes_with_the_last_report_that_speaks_of_it(any_engine_url):
    async with opened(any_engine_url) as book:
        await filed(book, report("r1"), report("r2", 6))
        places = keys.places(book.partition_of(CRISIS))
        for name, left in (("r1", 1), ("r2", 0)):
            await redacted(book, name)
            await purge(book, SOURCE, name)

            assert await book.redis.hlen(places) == left


async def test_purging_again_finds_nothing_and_folding_again_the_same(any_engine_url):
    async with opened(any_engine_url) as book:
        await filed(book, report("r1"), report("r2", 6))
        await redacted(book, "r1")
        await purge(book, SOURCE, "r1")
        done = await purge(book, SOURCE, "r1")

        assert (done.refused, done.inbox_empty, done.rewritten) == (0, True, True)
        assert all(one.holds for one in await check_folds(book, [1, 500], lambda *_: None))


async def test_what_is_not_withheld_cannot_be_redacted(any_engine_url):
    async with opened(any_engine_url) as book:
        await filed(book, report("r1", sensitive=()))

        with pytest.raises(UsageError, match="cannot be taken out without breaking the proofs"):
            await withheld_event(book, SOURCE, "r1")
        with pytest.raises(UsageError, match="no event 'r9'"):
            await withheld_event(book, SOURCE, "r9")


async def test_refused_documents_of_the_same_id_go_and_the_others_stay(any_engine_url):
    async with opened(any_engine_url) as book:
        await filed(book, report("r1"))
        wrong = [orjson.dumps({**report(name), "time": "yesterday"}) for name in ("r1", "r2")]
        cut = orjson.dumps(report("r1"))[:-2]
        for number, raw in enumerate((wrong[1], *wrong, cut, wrong[1])):
            await book.ledger.reject(raw, [Fault("/time", "no time")], f"test:{number}")
        kept = (await book.ledger.read_rejected())[0]

        await redacted(book, "r1")
        done = await purge(book, SOURCE, "r1")

        left = await book.ledger.read_rejected()
        assert done.refused == 2
        assert [one.origin for one in left] == ["test:0", "test:2", "test:4"]
        assert left[0] == kept


async def test_no_file_has_the_values_once_the_append_only_file_was_rewritten(tmp_path: Path):
    """Texts lie in files as they are: compression is off, and the test first finds them there."""
    settings = Settings(data=tmp_path / "store", partitions=2)
    async with open_tollbook(settings, create=True) as book:
        await book.redis.config_set("rdbcompression", "no")
        await _everywhere(book)
        assert _files_with(tmp_path) == {"appendonly"}, "the test would find nothing"

        await redacted(book, "r1")
        await purge(book, SOURCE, "r1")

        await _nothing_left(tmp_path)
        left = await everything(book.redis)
        assert not [secret for secret in SECRETS if secret.encode() in left]


async def _nothing_left(folder: Path) -> None:
    """Wait until no file has the values: old ones are deleted behind a rewrite."""
    for _ in range(round(GONE_S_MAX / LOOK_S)):
        if not (found := _files_with(folder)):
            return
        await asyncio.sleep(LOOK_S)
    pytest.fail(f"left in {found}")


async def _everywhere(book: Tollbook) -> None:
    """The values in each place where a report may lie on its way: inbox, refused, recorded."""
    for number in range(40):
        name = "r1" if number == 20 else f"refused-{number}"
        raw = orjson.dumps({**report(name), "time": "yesterday"})
        told = raw if name == "r1" else raw.replace(b"Zedekiah", b"Somebody")
        await book.ledger.reject(told, [Fault("/time", "no time")], "test")
    sent = orjson.dumps(report("r1"))
    entry = await book.redis.xadd(keys.INBOX, {"event": sent})
    await filed(book, report("r1"), report("r1", speaker="Umm Tarek Zedekiah"))
    await book.redis.xdel(keys.INBOX, entry)
    await book.catch_up()


def _files_with(folder: Path) -> set[str]:
    """The beginnings of the names of files that have one of the values, in whatever form."""
    secrets = [secret.encode() for secret in (*SECRETS, "Zedekiah", PLACE.replace(" ", "+"))]
    return {
        path.name.split(".")[0]
        for path in folder.rglob("*")
        if path.is_file() and any(secret in path.read_bytes() for secret in secrets)
    }
