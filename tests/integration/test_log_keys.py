"""Key files, the key in use, and its replacement, also by a process that is killed meanwhile."""

import asyncio
import stat
import sys

import pytest
from tests.contract.ledger_kit import events
from tests.unit.tlog_kit import LOG

from tollbook_schemas.errors import CheckFailedError, UsageError
from tollbook_services import keys
from tollbook_services.ledger import Ledger
from tollbook_services.sealing import log_keys as module
from tollbook_services.sealing.keyring import new_key, next_file, read_key_file, write_key_file
from tollbook_services.sealing.log_keys import LogKeys, rotated, settle
from tollbook_services.sealing.sealer import Sealer

pytestmark = pytest.mark.anyio


class Killed(BaseException):
    """Stands for the end of the process."""


async def keys_of(redis) -> LogKeys:
    """The key history of the ledger in an engine, made with one partition if there is none."""
    return LogKeys(await Ledger.open(redis, partitions=1))


@pytest.fixture
def path(tmp_path):
    """A file with a key."""
    file = tmp_path / "keys" / "signing"
    write_key_file(file, LOG)
    return file


def test_a_key_comes_back_from_its_file_which_only_its_owner_can_read(path):
    key = read_key_file(path)
    assert (key.name, key.secret_text) == (LOG.name, LOG.secret_text)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_is_never_written_over_another(path):
    with pytest.raises(UsageError, match="is there already"):
        write_key_file(path, new_key("other.example.org"))
    assert read_key_file(path).name == LOG.name


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(path, mode):
    path.chmod(mode)
    with pytest.raises(UsageError, match=f"chmod 600 {path}"):
        read_key_file(path)


@pytest.mark.parametrize("text", ["", "PRIVATE+KEY+x", LOG.verifier.text, LOG.secret_text[:-6]])
def test_a_file_without_a_key_is_refused_and_its_text_is_not_shown(path, text):
    path.write_text(text)
    with pytest.raises(UsageError, match=str(path)) as refused:
        read_key_file(path)
    assert not text or text not in str(refused.value)


def test_a_name_that_no_key_can_have_is_refused():
    with pytest.raises(UsageError, match="is no key name"):
        new_key("the coast")


async def test_the_first_key_is_written_down_and_another_one_is_refused(redis):
    log_keys = await keys_of(redis)
    await asyncio.gather(*(log_keys.use(LOG) for _ in range(5)))
    assert [note.key for note in await log_keys.history()] == [LOG.verifier]
    with pytest.raises(CheckFailedError, match=r"is sealed with the key .* `tollbook keys rotate`"):
        await log_keys.use(new_key(LOG.name))


async def test_a_replacement_keeps_the_name_and_is_signed_by_both(redis, path):
    log_keys = await keys_of(redis)
    new = await rotated(log_keys, path)
    first, second = await log_keys.history()
    assert (first.key, second.replaces, second.key) == (LOG.verifier, LOG.verifier, new.verifier)
    assert new.name == LOG.name
    assert read_key_file(path).verifier == new.verifier
    assert LOG.secret_text not in "".join(
        file.read_text() for file in path.parent.iterdir() if file.is_file()
    )
    assert not next_file(path).exists()


STEPS = ["write_key_file", "replace", "_settle"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_replacement_that_is_killed_is_finished_or_undone(
    redis, path, monkeypatch, step, when
):
    log_keys = await keys_of(redis)
    await log_keys.use(LOG)
    with monkeypatch.context() as patch:
        killed_at(patch, step, when)
        with pytest.raises(Killed):
            await rotated(log_keys, path)
    await settle(log_keys, path)
    key, history = read_key_file(path), await log_keys.history()
    assert key.verifier == history[-1].key
    assert not next_file(path).exists()
    await log_keys.use(key)
    again = await rotated(log_keys, path)
    assert (await log_keys.history())[-1].key == again.verifier


def killed_at(patch, step, when):
    """Ends the process at a step; the first settling of a replacement is not meant."""
    place = LogKeys if step == "replace" else module
    real, calls = getattr(place, step), []

    def dies(*args):
        calls.append(args)
        if step == "_settle" and len(calls) == 1:
            return real(*args)
        return die_later(real, args) if step != "write_key_file" else die_now(real, args)

    def die_now(real, args):
        if when == "after":
            real(*args)
        raise Killed

    async def die_later(real, args):
        if when == "after":
            await real(*args)
        raise Killed

    patch.setattr(place, step, dies)


async def test_two_replacements_at_once_come_one_after_the_other(redis, engine_url, path):
    log_keys = await keys_of(redis)
    await log_keys.use(LOG)
    program = (
        "import asyncio, pathlib, sys\n"
        "from tollbook_services.engine import connect\n"
        "from tollbook_services.ledger import Ledger\n"
        "from tollbook_services.sealing.log_keys import LogKeys, rotated\n"
        "async def main():\n"
        "    redis = await connect(sys.argv[1])\n"
        "    ledger = await Ledger.open(redis)\n"
        "    await rotated(LogKeys(ledger), pathlib.Path(sys.argv[2]))\n"
        "    await redis.aclose()\n"
        "asyncio.run(main())\n"
    )
    runs = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, engine_url, str(path))
        for _ in range(4)
    ]
    assert [await run.wait() for run in runs] == [0, 0, 0, 0]
    history = await log_keys.history()
    assert len(history) == 5
    assert read_key_file(path).verifier == history[-1].key


async def test_a_log_goes_on_under_its_new_key(redis, path):
    ledger = await Ledger.open(redis, partitions=1)
    await ledger.append(events(3))
    await Sealer(ledger, read_key_file(path)).catch_up(0)
    new = await rotated(await keys_of(redis), path)
    await ledger.append(events(3, "more"))
    assert await Sealer(ledger, new).catch_up(0) == 6


async def test_a_history_that_was_altered_is_noticed(redis, path):
    log_keys = await keys_of(redis)
    await rotated(log_keys, path)
    await redis.lpop(keys.LOG_KEYS)
    with pytest.raises(CheckFailedError, match="does not follow the one before"):
        await log_keys.history()
