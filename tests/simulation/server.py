"""One connection to the store, as its server sees it: the protocol, transactions, waiting reads."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import hiredis
from tests.simulation.lua import ScriptError, Status
from tests.simulation.store import OK, Store

_SETUP = frozenset({b"HELLO", b"CLIENT", b"SELECT", b"AUTH"})


class Session:
    """What a server keeps of a connection, and its answers in order."""

    def __init__(
        self, store: Store, answer: Callable[[bytes], None], loop: asyncio.AbstractEventLoop
    ) -> None:
        """Take the store, and what is called with the bytes of each answer."""
        self._store = store
        self._answer = answer
        self._loop = loop
        self._requests = hiredis.Reader()
        self._protocol = 2
        self._queued: list[list[bytes]] | None = None
        self._watched: dict[bytes, Any] = {}
        self._behind: deque[list[bytes]] = deque()
        self._waiting: tuple[list[bytes], asyncio.TimerHandle | None] | None = None
        store.watchers.append(self._stream_changed)

    def close(self) -> None:
        """The connection is gone."""
        if self._stream_changed in self._store.watchers:
            self._store.watchers.remove(self._stream_changed)
        if self._waiting is not None and self._waiting[1] is not None:
            self._waiting[1].cancel()
        self._waiting = None

    def commands(self, data: bytes) -> Iterator[list[bytes]]:
        """The commands that are whole with these bytes."""
        self._requests.feed(data)
        while (command := self._requests.gets()) is not False:
            yield command

    def do(self, command: list[bytes]) -> None:
        """Carry out a command; one behind a read that waits has to wait, too."""
        if self._waiting is not None:
            self._behind.append(command)
            return
        name = command[0].upper()
        if name == b"XREAD" and self._queued is None:
            self._read(command)
            return
        try:
            reply = self._reply(name, command)
        except ScriptError as error:
            reply = error
        self._say(reply)

    def _reply(self, name: bytes, command: list[bytes]) -> Any:
        if name in _SETUP:
            return self._setup(name, command)
        if name == b"MULTI":
            self._queued = []
            return OK
        if name in (b"WATCH", b"UNWATCH"):
            self._watched = {key: self._seen(key) for key in command[1:]}
            return OK
        if name in (b"EXEC", b"DISCARD"):
            return self._end(name)
        if self._queued is not None:
            self._queued.append(command)
            return Status(b"QUEUED")
        return self._store.call(command)

    def _setup(self, name: bytes, command: list[bytes]) -> Any:
        if name == b"HELLO":
            self._protocol = int(command[1]) if len(command) > 1 else 2
            return {b"server": b"valkey", b"proto": self._protocol, b"role": b"master"}
        if name == b"CLIENT" and command[1].upper() not in (b"SETINFO", b"SETNAME"):
            raise ScriptError(f"ERR unknown subcommand '{command[1].decode()}'")
        return OK

    def _end(self, name: bytes) -> Any:
        queued, self._queued = self._queued or [], None
        watched, self._watched = self._watched, {}
        if name == b"DISCARD":
            return OK
        if any(self._seen(key) != before for key, before in watched.items()):
            return None
        replies: list[Any] = []
        for command in queued:
            try:
                replies.append(self._store.call(command))
            except ScriptError as error:
                replies.append(error)
        return replies

    def _seen(self, key: bytes) -> Any:
        return repr(self._store.data.get(key))

    def _read(self, command: list[bytes]) -> None:
        """XREAD, which may wait until there is something, or its time is over."""
        upper = [one.upper() for one in command]
        try:
            found = self._store.call(command)
        except ScriptError as error:
            self._say(error)
            return
        if found is not None or b"BLOCK" not in upper:
            self._say(found)
            return
        block_ms = int(command[upper.index(b"BLOCK") + 1])
        timer = self._loop.call_later(block_ms / 1000, self._in_vain) if block_ms else None
        self._waiting = (command, timer)

    def _stream_changed(self, key: bytes) -> None:
        if self._waiting is not None and key in self._waiting[0]:
            found = self._store.call(self._waiting[0])
            if found is not None:
                self._waited(found)

    def _in_vain(self) -> None:
        if self._waiting is not None:
            self._waited(None)

    def _waited(self, found: Any) -> None:
        if self._waiting is not None and self._waiting[1] is not None:
            self._waiting[1].cancel()
        self._waiting = None
        self._say(found)
        while self._behind and self._waiting is None:
            self.do(self._behind.popleft())

    def _say(self, reply: Any) -> None:
        self._answer(encoded(reply, self._protocol))


def encoded(reply: Any, protocol: int) -> bytes:  # noqa: PLR0911 - one line for each type
    """A reply in the bytes of the protocol."""
    match reply:
        case None:
            return b"_\r\n" if protocol > 2 else b"$-1\r\n"
        case ScriptError():
            return b"-%s\r\n" % str(reply).replace("\r\n", " ").encode()
        case Status():
            return b"+%s\r\n" % reply
        case bytes():
            return b"$%d\r\n%s\r\n" % (len(reply), reply)
        case int():
            return b":%d\r\n" % reply
        case dict():
            lead = b"%%%d\r\n" % len(reply) if protocol > 2 else b"*%d\r\n" % (2 * len(reply))
            return lead + b"".join(encoded(x, protocol) for pair in reply.items() for x in pair)
        case set():
            lead = b"~%d\r\n" if protocol > 2 else b"*%d\r\n"
            return lead % len(reply) + b"".join(encoded(x, protocol) for x in sorted(reply))
        case _:
            return b"*%d\r\n" % len(reply) + b"".join(encoded(x, protocol) for x in reply)
