"""A policy as a file: TOML or JSON in, the data of `policy.published` out."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from tollbook_schemas.errors import UsageError

Document = dict[str, Any]


def read_policy(path: Path) -> Document:
    """The data of a `policy.published` event, without its reason; not validated.

    In TOML a range of words is written `dozens = [12, 99]`; in JSON also as `{"from", "to"}`.

    Raises:
        UsageError: the file cannot be read; the message says where it goes wrong.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    read: Callable[[str], Any] = orjson.loads if path.suffix == ".json" else tomllib.loads
    try:
        document = read(raw.decode())
    except (UnicodeDecodeError, orjson.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise UsageError(f"{path} is not {kind}: {error}") from error
    if not isinstance(document, dict):
        raise UsageError(f"{path}: a policy is an object with `policy`, its id such as desk/v2")
    words = document.get("lexical")
    if isinstance(words, dict):
        document["lexical"] = {word: _range(value) for word, value in words.items()}
    return document


def _range(value: Any) -> Any:
    match value:
        case [low, high]:
            return {"from": low, "to": high}
        case _:
            return value
