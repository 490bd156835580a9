"""`tollbook keys` as its operator uses it; the private key is never shown."""

import json
import stat
import subprocess
import sys

import pytest

CLI = (sys.executable, "-m", "tollbook_services.cli")


def ran(*args, **more):
    return subprocess.run(
        [*CLI, *map(str, args)], capture_output=True, text=True, check=False, timeout=60, **more
    )


def test_a_key_is_made_used_replaced_and_never_shown(tmp_path):
    data, file = tmp_path / "store", tmp_path / "store" / "keys" / "signing"
    demo = ran("demo", "--data", data)
    assert demo.returncode == 0, demo.stderr
    made = ran("keys", "generate", "log.example.org/coast", "--data", data)
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("log.example.org/coast+")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = file.read_text()

    empty = ran("keys", "show", "--data", data)
    assert (empty.returncode, empty.stdout) == (2, "")
    assert "nothing was sealed yet" in empty.stderr

    rotated = ran("keys", "rotate", "--data", data)
    assert rotated.returncode == 0, rotated.stderr
    shown = ran("keys", "show", "--data", data, "--format", "json")
    document = json.loads(shown.stdout)
    assert [one["in_use"] for one in document["history"]] == [False, True]
    assert document["history"][0]["key"] == made.stdout.strip()
    assert document["history"][1]["key"] == rotated.stdout.strip() == document["key"]
    assert [key.split("+")[0] for key in document["logs"]] == [
        f"log.example.org/coast/{number}" for number in range(4)
    ]
    secrets = {text.split("+", 4)[4].strip() for text in (first, file.read_text())}
    said = "".join(run.stdout + run.stderr for run in (made, empty, rotated, shown))
    assert not any(secret in said for secret in secrets)
    stored = b"".join(path.read_bytes() for path in data.rglob("*.aof"))
    assert b"tollbook log key" in stored
    assert not any(secret.encode() in stored for secret in secrets)


def test_a_key_is_not_written_over_another(tmp_path):
    file = tmp_path / "key"
    assert ran("keys", "generate", "a", "--out", file).returncode == 0
    before = file.read_bytes()
    again = ran("keys", "generate", "b", "--out", file)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("args", "variables", "said"),
    [
        (["generate", "a b", "--out", "key"], {}, "no key name"),
        (["generate", "w", "--witness"], {}, "--out FILE"),
        (["rotate"], {"TOLLBOOK_SIGNING_KEY": "PRIVATE+KEY+x+1+secret"}, "nobody can replace it"),
        (["rotate"], {"TOLLBOOK_REDIS": "redis://localhost:1"}, "TOLLBOOK_SIGNING_KEY_FILE"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(tmp_path, args, variables, said):
    done = ran("keys", *args, cwd=tmp_path, env={"PATH": "", **variables})
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "secret" not in done.stderr
