"""An archive in an S3-compatible object store: the same files, and nothing of its credentials."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from moto.server import ThreadedMotoServer
from tests.integration.archive_kit import archived, filled, opened

from tollbook_schemas.errors import EngineError, UsageError
from tollbook_services.archive.place import place_of
from tollbook_services.check import check_events
from tollbook_services.sealing.log_places import open_logs
from tollbook_services.sealing.verification import verify_logs

pytestmark = pytest.mark.anyio

SECRET = "s3cr3t-of-nobody"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of a server on loopback, with credentials in the environment."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "tollbook",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"ledger-{uuid4()}"  # what such a server keeps, it keeps for all of this process
    _make(f"http://{host}:{port}/{name}")
    try:
        yield f"s3://{name}/coast"
    finally:
        server.stop()


def _make(url: str) -> None:
    import urllib.request  # noqa: PLC0415 - only here

    request = urllib.request.Request(url, method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


async def test_events_are_archived_in_a_bucket_trimmed_and_read_from_there(engine_url, bucket):
    async with opened(engine_url) as book:
        await filled(book.ledger, 1_500)
        first = await archived(book.ledger, place_of(bucket))
        again = await archived(book.ledger, place_of(bucket))

        assert all(one.trimmed and one.written for one in first)
        assert not any(one.written for one in again)
        assert all(one.holds for one in await check_events(book.redis))
        logs = await open_logs(bucket)
        assert (await verify_logs(logs, [logs.keys[-1]])).holds


async def test_a_bucket_that_is_away_is_named_without_its_credentials(
    engine_url, bucket, monkeypatch
):
    async with opened(engine_url) as book:
        await filled(book.ledger, 1_000)
        await archived(book.ledger, place_of(bucket))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    async with opened(engine_url) as book:
        with pytest.raises(EngineError) as raised:
            await book.ledger.read(0, 0, 5)

    assert bucket in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["s3://key:secret@ledger/coast", "https://x/y?X-Amz-Signature=secret", "nothing://x"]
)
def test_a_url_with_credentials_or_without_sense_is_refused(url, tmp_path: Path):
    with pytest.raises(UsageError) as raised:
        place_of(url)

    assert "secret" not in str(raised.value)
