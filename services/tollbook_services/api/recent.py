"""The newest answers, kept: the same question at the same position is worked out once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Values by key, as many as fit; requests that ask for the same at once wait for one of them.

    What fails is not kept, and everybody who waits for it learns of the failure.
    """

    def __init__(self, size_max: int, size_of: Callable[[Value], int]) -> None:
        """Keep values up to a size in all.

        Args:
            size_max: of all that are kept; one that is larger than a quarter of it is not kept.
            size_of: says how large a value is, in the same measure.
        """
        self._size_max = size_max
        self._size_of = size_of
        self._size = 0
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[Value]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Value]]) -> Value:
        """The value of a key, made where it is not there."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        task = self._making.get(key)
        if task is None:
            task = asyncio.ensure_future(_made(make))
            self._making[key] = task
            task.add_done_callback(lambda done: self._keep(key, done))
        return await asyncio.shield(task)

    def put(self, key: Hashable, value: Value) -> None:
        """Keep a value that was made for another reason."""
        size = self._size_of(value)
        if size * 4 > self._size_max or key in self._kept:
            return
        self._kept[key] = value
        self._size += size
        while self._size > self._size_max:
            _, dropped = self._kept.popitem(last=False)
            self._size -= self._size_of(dropped)

    def _keep(self, key: Hashable, done: asyncio.Task[Value]) -> None:
        del self._making[key]
        if not done.cancelled() and done.exception() is None:
            self.put(key, done.result())


async def _made(make: Callable[[], Awaitable[Value]]) -> Value:
    return await make()
