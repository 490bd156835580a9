"""The newest answer to each question, given on for a moment while a newer one is worked out.

A view of a large crisis takes seconds to work out, and under load every event makes the answer an
older one. So where that takes long, whoever asks while another answer is being worked out gets the
one before, if that was the newest less than a few seconds ago; it says at which position it was
made.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from tollbook_services.api.standing import Standing

Value = TypeVar("Value")

STALE_S_MAX: Final = 5.0
"""Seconds for which an answer is given that is known to be the newest no more."""

LONG_S: Final = 0.25
"""Seconds: an answer that took less to work out is waited for."""


@dataclass(slots=True)
class Made(Generic[Value]):
    """An answer, and what it was made from.

    Attributes:
        standing: of the views, when it was asked for: it has at least this much.
        value: the answer.
        newest_at: when it was the newest last, by the loop's clock.
        took_s: seconds that it took.
    """

    standing: Standing
    value: Value
    newest_at: float
    took_s: float

    def will_do(self, now: float) -> bool:
        """Whether it is given on while a newer one is worked out."""
        return self.took_s > LONG_S and now - self.newest_at <= STALE_S_MAX


class Latest(Generic[Value]):
    """Keeps answers by question; each question is worked out once at a time."""

    def __init__(self, size_max: int, size_of: Callable[[Value], int]) -> None:
        """Keep answers up to a size in all.

        Args:
            size_max: of all that are kept; the ones not asked for longest go first.
            size_of: says how large an answer is, in the same measure.
        """
        self._size_max = size_max
        self._size_of = size_of
        self._size = 0
        self._kept: OrderedDict[Hashable, Made[Value]] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[Made[Value]]] = {}

    async def get(
        self,
        question: Hashable,
        standing: Standing,
        make: Callable[[], Awaitable[Value]],
        *,
        exact: bool = False,
    ) -> Made[Value]:
        """The answer to a question.

        Args:
            question: what is asked.
            standing: of the views now.
            make: works the answer out.
            exact: whether it has to have all that the views have now.
        """
        now = asyncio.get_running_loop().time()
        kept = self._kept.get(question)
        if kept is not None:
            self._kept.move_to_end(question)
            if kept.standing.mark == standing.mark:
                kept.newest_at = now
                return kept
        task = self._making.get(question)
        if exact and task is not None:
            await asyncio.wait([task])  # it began before this was asked
            task = self._making.get(question)
        if task is None:
            task = asyncio.create_task(self._make(question, standing, make))
            task.add_done_callback(_looked_at)
            self._making[question] = task
        if kept is not None and not exact and kept.will_do(now):
            return kept
        return await asyncio.shield(task)

    async def _make(
        self, question: Hashable, standing: Standing, make: Callable[[], Awaitable[Value]]
    ) -> Made[Value]:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            value = await make()
            made = Made(standing, value, clock(), clock() - began)
            self._keep(question, made)
            return made
        finally:
            del self._making[question]

    def _keep(self, question: Hashable, made: Made[Value]) -> None:
        before = self._kept.pop(question, None)
        if before is not None:
            self._size -= self._size_of(before.value)
        self._kept[question] = made
        self._size += self._size_of(made.value)
        while self._size > self._size_max and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._size -= self._size_of(dropped.value)


def _looked_at(done: asyncio.Task[Made[Value]]) -> None:
    """A failure that nobody waits for is not complained of: the next who asks meets it."""
    if not done.cancelled():
        done.exception()
