"""Runs the engine's server-side functions, as they are in the package, over another store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lupa import lua51

Call = Callable[[Sequence[bytes]], Any]

_PRELUDE: Final = b"""
redis = {}
function redis.register_function(first, second)
  if type(first) == 'table' then
    REGISTER(first.function_name, first.callback, first.flags or {})
  else
    REGISTER(first, second, {})
  end
end
function redis.call(...)
  local reply = CALL(...)
  if type(reply) == 'table' and reply.err then
    error(reply.err, 0)
  end
  return reply
end
"""


class ScriptError(Exception):
    """A command or a function that the engine refuses; its text as the engine tells it."""


class Status(bytes):
    """A reply that is a word of the protocol and not a value: OK."""


@dataclass(frozen=True)
class Function:
    """One function of a library."""

    library: bytes
    call: Any
    flags: frozenset[bytes]


class Library:
    """The functions of one library, in a Lua of their own."""

    def __init__(self, code: bytes, call: Call) -> None:
        """Load the code of a library; `call` is what `redis.call` does."""
        first, _, rest = code.partition(b"\n")
        self.name = first.rpartition(b"name=")[2].strip()
        self.code = code
        self.functions: dict[bytes, Function] = {}
        self._lua = lua51.LuaRuntime(encoding=None, unpack_returned_tuples=True)
        self._call = call
        names = self._lua.globals()
        names[b"REGISTER"] = self._register
        names[b"CALL"] = self._called
        self._lua.execute(_PRELUDE)
        self._lua.execute(rest)

    def run(self, function: Function, keys: Sequence[bytes], args: Sequence[bytes]) -> Any:
        """What a function answers, as the protocol tells it.

        Raises:
            ScriptError: what it called was refused.
        """
        try:
            reply = function.call(self._table(keys), self._table(args))
        except lua51.LuaError as error:
            raise ScriptError(str(error)) from error
        return self._told(reply)

    def _register(self, name: bytes, call: Any, flags: Any) -> None:
        self.functions[name] = Function(self.name, call, frozenset(flags.values()))

    def _called(self, *args: Any) -> Any:
        try:
            return self._value(self._call([_bytes(one) for one in args]))
        except ScriptError as error:
            return self._lua.table_from({b"err": str(error).encode()})

    def _value(self, reply: Any) -> Any:
        """A reply as Lua has it: nothing is false."""
        if reply is None:
            return False
        if isinstance(reply, Status):
            return self._lua.table_from({b"ok": bytes(reply)})
        if isinstance(reply, dict):
            reply = [one for pair in reply.items() for one in pair]
        if isinstance(reply, set):
            reply = sorted(reply)
        if isinstance(reply, (list, tuple)):
            return self._table([self._value(one) for one in reply])
        return reply

    def _table(self, values: Sequence[Any]) -> Any:
        return self._lua.table_from(list(values))

    def _told(self, value: Any) -> Any:
        """A value of Lua's as the protocol tells it: numbers lose their fraction."""
        kind = lua51.lua_type(value)
        if kind == "table":
            ended: list[Any] = []
            while (one := value[len(ended) + 1]) is not None:
                ended.append(self._told(one))
            return ended
        if isinstance(value, bool):
            return 1 if value else None
        if isinstance(value, float):
            return int(value)
        return value


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, float):
        return b"%.17g" % value
    return str(value).encode()
