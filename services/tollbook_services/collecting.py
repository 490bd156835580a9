"""Garbage collection, kept from visiting all that workers hold again and again."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

OBJECTS_BETWEEN: Final = 100_000
"""Objects that come to stay between two looks for cycles: some three batches of the intake."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Work without looking for cycles: folds make none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Look for cycles only after many objects were made: libraries make few, batches none.

    With the usual threshold of 700 the collector visits every batch in work several times over,
    a tenth of the work of an intake.
    """
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def set_aside() -> None:
    """Look no more at what is in memory now; it is still freed when nothing refers to it."""
    gc.freeze()
