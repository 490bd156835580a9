"""`docs/verify_tollbook.py`, which auditors run without anything of tollbook on their machine."""

import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from tests.contract.ledger_kit import event, report
from tests.integration.log_folder_kit import write_logs
from tests.unit.tlog_kit import LOG

from tollbook_schemas.gazetteer import default_gazetteer
from tollbook_schemas.parse import ParsedEvent, parse_event
from tollbook_schemas.tlog.bundles import bundle_of, entries_in
from tollbook_services.ledger import Ledger
from tollbook_services.sealing.keyring import new_key
from tollbook_services.sealing.log_keys import LogKeys
from tollbook_services.sealing.receipt import receipt_of
from tollbook_services.sealing.sealer import Sealer

pytestmark = pytest.mark.anyio

PROGRAM = Path(__file__).parents[2] / "docs" / "verify_tollbook.py"
LINES_MAX = 300


def long_event() -> ParsedEvent:
    document = report("long")
    document["data"]["ext"] = {"notes": ["y" * 1_900] * 40}
    found = parse_event(orjson.dumps(document), default_gazetteer())
    assert isinstance(found, ParsedEvent)
    return found


@pytest.fixture
async def folder(redis, tmp_path) -> Path:
    """Two logs of 300 events each, one of them long, with an older checkpoint and two receipts."""
    ledger = await Ledger.open(redis, partitions=2)
    await ledger.append([long_event(), *(event(f"e{n}", crisis=f"c{n % 9}") for n in range(300))])
    await sealed(ledger, LOG)
    await write_logs(ledger, tmp_path / "before")
    key = new_key(LOG.name)
    await LogKeys(ledger).replace(LOG, key)
    await ledger.append([event(f"f{n}", crisis=f"c{n % 9}") for n in range(300)])
    await sealed(ledger, key)
    await write_logs(ledger, tmp_path / "logs")
    for name in ("long", "f7"):
        entry = await ledger.find("https://desk.example.org", name)
        (tmp_path / name).write_bytes((await receipt_of(ledger, entry)).document())
    (tmp_path / "key").write_text(key.verifier.text)
    return tmp_path


async def sealed(ledger, key):
    for number in range(ledger.partitions):
        await Sealer(ledger, key).catch_up(number)


def ran(*args) -> subprocess.CompletedProcess[str]:
    """In a Python that finds `cryptography`, and nothing of tollbook."""
    program = (
        "import runpy, sys\n"
        "import importlib.abc\n"
        "class Refuse(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        assert not name.startswith('tollbook'), name\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", program, str(PROGRAM), *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_is_short_enough_to_be_read():
    assert len(PROGRAM.read_text("utf-8").splitlines()) < LINES_MAX


async def test_a_ledger_as_it_was_published_holds(folder):
    for key in (LOG.verifier.text, (folder / "key").read_text()):
        done = ran(folder / "logs", "--key", key, "--older", folder / "before/0/checkpoint",
                   "--older", folder / "before/1/checkpoint")  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert f"{LOG.name}/0: " in done.stdout
        assert f"{LOG.name}/1: " in done.stdout
    stranger = ran(folder / "logs", "--key", new_key(LOG.name).verifier.text)
    assert (stranger.returncode, stranger.stdout) == (1, "")
    assert "not in the history of keys" in stranger.stderr


@pytest.mark.parametrize("name", ["long", "f7"])
async def test_a_receipt_holds_and_an_altered_one_does_not(folder, name):
    key = (folder / "key").read_text()
    done = ran(folder / name, "--key", key)
    assert (done.returncode, done.stderr) == (0, "")
    assert f'"id":"{name}"' in done.stdout
    receipt = folder / name
    lines = receipt.read_text().split("\n")
    lines[3] = lines[4]
    receipt.write_text("\n".join(lines))
    done = ran(receipt, "--key", key)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not entry" in done.stderr


def changed_event(path: Path) -> None:
    entries = entries_in(path.read_bytes())
    entries[40] = entries[40].replace(b'"sohr"', b'"rohs"')
    path.write_bytes(bundle_of(entries))


def dropped_event(path: Path) -> None:
    path.write_bytes(bundle_of(entries_in(path.read_bytes())[1:]))


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def grown(path: Path) -> None:
    origin, size, *rest = path.read_text("utf-8").split("\n")
    path.write_text("\n".join([origin, str(int(size) + 1), *rest]), "utf-8")


@pytest.mark.parametrize(
    ("path", "alter", "said"),
    [
        ("tile/entries/000", changed_event, "sequence 41: the event is not that of the tree"),
        ("tile/entries/000", dropped_event, "holds 255 whole entries, expected 256"),
        ("tile/entries/000", Path.unlink, "tile/entries/000: the file is missing"),
        ("tile/0/000", flipped, "tile/0/000: the tile is not what the events lead to"),
        ("tile/0/000", Path.unlink, "tile/0/000: the file is missing"),
        ("checkpoint", grown, "is not of this text"),
        ("checkpoint", Path.unlink, "checkpoint: the file is missing"),
    ],
)
async def test_what_was_altered_is_named(folder, path, alter, said):
    busy = max((0, 1), key=lambda n: sum(1 for _ in (folder / "logs" / str(n)).rglob("*")))
    alter(folder / "logs" / str(busy) / path)
    done = ran(folder / "logs", "--key", LOG.verifier.text)
    assert done.returncode == 1
    assert f"ALTERED: {LOG.name}/{busy}: " in done.stderr
    assert said in done.stderr


async def test_a_long_event_that_was_altered_is_named(folder):
    (event_file,) = (folder / "logs").rglob("event/*")
    flipped(event_file)
    done = ran(folder / "logs", "--key", LOG.verifier.text)
    assert done.returncode == 1
    assert f"(event/{event_file.name}): expected " in done.stderr


async def test_another_history_is_told_by_a_checkpoint_that_was_kept(folder, redis):
    await redis.flushall()
    ledger = await Ledger.open(redis, partitions=2)
    await ledger.append([event(f"x{n}", crisis=f"c{n % 9}") for n in range(900)])
    await sealed(ledger, LOG)
    shutil.rmtree(folder / "logs")
    await write_logs(ledger, folder / "logs")
    assert ran(folder / "logs", "--key", LOG.verifier.text).returncode == 0
    older = folder / "before/1/checkpoint"
    done = ran(folder / "logs", "--key", LOG.verifier.text, "--older", older)
    assert done.returncode == 1
    assert "it does not begin with the" in done.stderr
