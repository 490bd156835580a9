"""A store in memory that answers the commands which ledger, projectors and sealers send.

It keeps what it was told and forgets nothing; what a network loses is not its business. What it
answers is compared with real engines in `test_store_like_engines.py`.
"""

import fnmatch
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from tests.simulation.lua import Library, ScriptError, Status

Entry = tuple[tuple[int, int], list[bytes]]
Args = Sequence[bytes]

OK: Final = Status(b"OK")
_LAST: Final = (2**64 - 1, 2**64 - 1)
_SETTINGS: Final = {
    b"appendonly": b"yes",
    b"appendfsync": b"always",
    b"no-appendfsync-on-rewrite": b"no",
    b"maxmemory-policy": b"noeviction",
}
_INFO: Final = (
    b"# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.0.0\r\n"
    b"run_id:%(run)s\r\n"
    b"# Replication\r\nrole:master\r\nconnected_slaves:0\r\n"
    b"# Cluster\r\ncluster_enabled:0\r\n"
    b"# Persistence\r\nloading:0\r\naof_enabled:1\r\naof_last_write_status:ok\r\n"
    b"# Memory\r\nused_memory:1000000\r\nmaxmemory:0\r\n"
)


class Stream:
    """Entries in the order of their ids."""

    def __init__(self) -> None:
        """Begin with none."""
        self.entries: list[Entry] = []
        self.last = (0, 0)
        self.added = 0

    def between(self, low: tuple[int, int], high: tuple[int, int]) -> list[Entry]:
        """Those from one id to another, both included."""
        begin = bisect_left(self.entries, low, key=_entry_id)
        return self.entries[begin : bisect_right(self.entries, high, key=_entry_id)]

    def add(self, wanted: bytes, fields: list[bytes], now_ms: int) -> bytes:
        """Append an entry; its id."""
        if wanted == b"*":
            ms = max(now_ms, self.last[0])
            made = (ms, self.last[1] + 1 if ms == self.last[0] else 0)
        else:
            made = _stream_id(wanted, 0)
        if made <= self.last:
            raise ScriptError(
                "ERR The ID specified in XADD is equal or smaller than the target stream top item"
            )
        self.entries.append((made, fields))
        self.last = made
        self.added += 1
        return _id_text(made)


class Store:
    """What an engine holds, and its answers.

    Attributes:
        data: the value of each key: a dict is a hash, a list a list, a set a set.
        watchers: called with the name of each stream that got an entry.
    """

    def __init__(self, clock_us: Callable[[], int]) -> None:
        """Begin empty; the clock tells microseconds since 1970."""
        self.data: dict[bytes, Any] = {}
        self.libraries: dict[bytes, Library] = {}
        self.watchers: list[Callable[[bytes], None]] = []
        self._clock_us = clock_us

    def call(self, args: Args) -> Any:
        """What the engine answers to a command.

        Raises:
            ScriptError: it is refused.
        """
        name = args[0].upper()
        found = getattr(self, f"_{name.decode().lower()}", None)
        if found is None:
            raise ScriptError(f"ERR unknown command '{name.decode()}'")
        return found(*args[1:])

    def _typed(self, key: bytes, kind: type, *, make: bool = False) -> Any:
        found = self.data.get(key)
        if found is None:
            found = kind()
            if make:
                self.data[key] = found
        if not isinstance(found, kind):
            raise ScriptError("WRONGTYPE Operation against a key holding the wrong kind of value")
        return found

    def _tidy(self, key: bytes) -> None:
        """A collection without members is no key; a stream is."""
        found = self.data.get(key)
        if found is not None and not isinstance(found, Stream) and not found:
            del self.data[key]

    # The server itself.

    def _ping(self) -> Status:
        return Status(b"PONG")

    def _time(self) -> list[bytes]:
        now = self._clock_us()
        return [b"%d" % (now // 1_000_000), b"%d" % (now % 1_000_000)]

    def _info(self, *_: bytes) -> bytes:
        return _INFO % {b"run": b"0" * 40}

    def _config(self, verb: bytes, *patterns: bytes) -> dict[bytes, bytes]:
        if verb.upper() != b"GET":
            raise ScriptError("ERR only CONFIG GET is simulated")
        return {
            name: value
            for name, value in _SETTINGS.items()
            if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
        }

    def _waitaof(self, *_: bytes) -> list[int]:
        return [1, 0]

    # Keys.

    def _exists(self, *keys: bytes) -> int:
        return sum(key in self.data for key in keys)

    def _del(self, *keys: bytes) -> int:
        return sum(self.data.pop(key, None) is not None for key in keys)

    def _rename(self, old: bytes, new: bytes) -> Status:
        if old not in self.data:
            raise ScriptError("ERR no such key")
        self.data[new] = self.data.pop(old)
        return OK

    def _type(self, key: bytes) -> Status:
        kinds = {dict: b"hash", list: b"list", set: b"set", Stream: b"stream"}
        return Status(kinds.get(type(self.data.get(key)), b"none"))

    def _scan(self, _: bytes, *options: bytes) -> list[Any]:
        pattern = _option(options, b"MATCH", b"*")
        return [b"0", [key for key in self.data if fnmatch.fnmatchcase(key, pattern)]]

    # Hashes.

    def _hget(self, key: bytes, field: bytes) -> bytes | None:
        found: bytes | None = self._typed(key, dict).get(field)
        return found

    def _hmget(self, key: bytes, *fields: bytes) -> list[bytes | None]:
        found = self._typed(key, dict)
        return [found.get(field) for field in fields]

    def _hset(self, key: bytes, *pairs: bytes) -> int:
        if not pairs or len(pairs) % 2:
            raise ScriptError("ERR wrong number of arguments for 'hset' command")
        found = self._typed(key, dict, make=True)
        before = len(found)
        found.update(zip(pairs[::2], pairs[1::2], strict=True))
        return len(found) - before

    def _hsetnx(self, key: bytes, field: bytes, value: bytes) -> int:
        found = self._typed(key, dict, make=True)
        if field in found:
            return 0
        found[field] = value
        return 1

    def _hdel(self, key: bytes, *fields: bytes) -> int:
        found = self._typed(key, dict)
        gone = sum(found.pop(field, None) is not None for field in fields)
        self._tidy(key)
        return gone

    def _hlen(self, key: bytes) -> int:
        return len(self._typed(key, dict))

    def _hexists(self, key: bytes, field: bytes) -> int:
        return int(field in self._typed(key, dict))

    def _hkeys(self, key: bytes) -> list[bytes]:
        return list(self._typed(key, dict))

    def _hgetall(self, key: bytes) -> dict[bytes, bytes]:
        return dict(self._typed(key, dict))

    def _hscan(self, key: bytes, _: bytes, *options: bytes) -> list[Any]:
        pattern = _option(options, b"MATCH", b"*")
        found = self._typed(key, dict).items()
        return [b"0", [x for pair in found if fnmatch.fnmatchcase(pair[0], pattern) for x in pair]]

    def _hincrby(self, key: bytes, field: bytes, by: bytes) -> int:
        found = self._typed(key, dict, make=True)
        value = int(found.get(field, b"0")) + int(by)
        found[field] = b"%d" % value
        return value

    # Sets and lists.

    def _sadd(self, key: bytes, *members: bytes) -> int:
        found = self._typed(key, set, make=True)
        before = len(found)
        found.update(members)
        return len(found) - before

    def _srem(self, key: bytes, *members: bytes) -> int:
        found = self._typed(key, set)
        gone = len(found.intersection(members))
        found.difference_update(members)
        self._tidy(key)
        return gone

    def _smembers(self, key: bytes) -> set[bytes]:
        return set(self._typed(key, set))

    def _smismember(self, key: bytes, *members: bytes) -> list[int]:
        found = self._typed(key, set)
        return [int(member in found) for member in members]

    def _rpush(self, key: bytes, *values: bytes) -> int:
        found = self._typed(key, list, make=True)
        found += values
        return len(found)

    def _llen(self, key: bytes) -> int:
        return len(self._typed(key, list))

    def _lrange(self, key: bytes, first: bytes, last: bytes) -> list[bytes]:
        found = self._typed(key, list)
        low, high = (int(at) + len(found) if int(at) < 0 else int(at) for at in (first, last))
        return list(found[max(low, 0) : high + 1])

    # Streams.

    def _xadd(self, key: bytes, *rest: bytes) -> bytes:
        options = list(rest)
        most = None
        if options[0].upper() == b"MAXLEN":
            most = int(options[2] if options[1] in (b"~", b"=") else options[1])
            del options[: 3 if options[1] in (b"~", b"=") else 2]
        stream: Stream = self._typed(key, Stream, make=True)
        made = stream.add(options[0], options[1:], self._clock_us() // 1000)
        if most is not None and rest[1] != b"~":
            del stream.entries[: max(0, len(stream.entries) - most)]
        for watcher in tuple(self.watchers):
            watcher(key)
        return made

    def _xlen(self, key: bytes) -> int:
        return len(self._typed(key, Stream).entries)

    def _xrange(self, key: bytes, low: bytes, high: bytes, *options: bytes) -> list[Any]:
        found = self._typed(key, Stream).between(_bound(low, 0), _bound(high, 1))
        return _told(found[: _count(options)])

    def _xrevrange(self, key: bytes, high: bytes, low: bytes, *options: bytes) -> list[Any]:
        found = self._typed(key, Stream).between(_bound(low, 0), _bound(high, 1))
        return _told(found[::-1][: _count(options)])

    def _xdel(self, key: bytes, *ids: bytes) -> int:
        stream: Stream = self._typed(key, Stream)
        gone = {_stream_id(one, 0) for one in ids}
        before = len(stream.entries)
        stream.entries = [entry for entry in stream.entries if entry[0] not in gone]
        return before - len(stream.entries)

    def _xtrim(self, key: bytes, how: bytes, *rest: bytes) -> int:
        stream: Stream = self._typed(key, Stream)
        limit = rest[1] if rest[0] in (b"~", b"=") else rest[0]
        before = len(stream.entries)
        if how.upper() == b"MINID":
            first = _stream_id(limit, 0)
            stream.entries = [entry for entry in stream.entries if entry[0] >= first]
        else:
            del stream.entries[: max(0, before - int(limit))]
        return before - len(stream.entries)

    def _xread(self, *args: bytes) -> dict[bytes, list[Any]] | None:
        at = next(at for at, one in enumerate(args) if one.upper() == b"STREAMS")
        names = args[at + 1 :]
        half = len(names) // 2
        found = {}
        for key, after in zip(names[:half], names[half:], strict=True):
            stream: Stream = self._typed(key, Stream)
            ms, sequence = _stream_id(after, 0)
            entries = stream.between((ms, sequence + 1), _LAST)[: _count(args[:at])]
            if entries:
                found[key] = _told(entries)
        return found or None

    # Functions.

    def _function(self, verb: bytes, *rest: bytes) -> Any:
        if verb.upper() == b"LOAD":
            library = Library(rest[-1], self.call)
            if library.name in self.libraries and b"REPLACE" not in rest:
                raise ScriptError(f"ERR Library '{library.name.decode()}' already exists")
            self.libraries[library.name] = library
            return library.name
        wanted = _option(rest, b"LIBRARYNAME", b"*")
        return [
            {
                b"library_name": library.name,
                b"engine": b"LUA",
                b"functions": [],
                **({b"library_code": library.code} if b"WITHCODE" in rest else {}),
            }
            for library in self.libraries.values()
            if fnmatch.fnmatchcase(library.name, wanted)
        ]

    def _fcall(self, name: bytes, keys_count: bytes, *rest: bytes) -> Any:
        for library in self.libraries.values():
            function = library.functions.get(name)
            if function is not None:
                count = int(keys_count)
                return library.run(function, rest[:count], rest[count:])
        raise ScriptError("ERR Function not found")

    _fcall_ro = _fcall


def _entry_id(entry: Entry) -> tuple[int, int]:
    return entry[0]


def _id_text(made: tuple[int, int]) -> bytes:
    return b"%d-%d" % made


def _stream_id(text: bytes, sequence: int) -> tuple[int, int]:
    ms, dash, rest = text.partition(b"-")
    return int(ms), int(rest) if dash else sequence


def _bound(text: bytes, end: int) -> tuple[int, int]:
    """An end of a range: `-`, `+`, an id, or an id that is not part of it."""
    if text in (b"-", b"+"):
        return (0, 0) if text == b"-" else _LAST
    ms, sequence = _stream_id(text.lstrip(b"("), 2**64 - 1 if end else 0)
    if text.startswith(b"("):
        if (ms, sequence) == (0, 0) and end:
            raise ScriptError("ERR invalid end ID for the interval")
        return (ms, sequence - 1) if end else (ms, sequence + 1)
    return ms, sequence


def _count(options: Args) -> int | None:
    count = _option(options, b"COUNT", b"")
    return int(count) if count else None


def _option(options: Args, name: bytes, default: bytes) -> bytes:
    for at, one in enumerate(options[:-1]):
        if one.upper() == name:
            return options[at + 1]
    return default


def _told(entries: Iterable[Entry]) -> list[Any]:
    return [[_id_text(made), list(fields)] for made, fields in entries]
