"""`serve`, `intake` and `projector`: the processes that run until they are told to stop."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from cyclopts import Parameter

from tollbook_schemas.errors import UsageError
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.intake import run_intake
from tollbook_services.supervisor import serve as supervise
from tollbook_services.wiring import open_tollbook


async def serve(*, common: Common = COMMON) -> int:
    """Run engine, intake and projector together, and start again what dies."""
    settings = common.settings()
    with _stopped_by_signals() as stop:
        return await supervise(settings, stop) or 0


async def intake(*, common: Common = COMMON) -> None:
    """Run one intake worker: inbox to ledger."""
    async with open_tollbook(common.settings(), create=True) as book:
        with _stopped_by_signals() as stop:
            await run_intake(book.url, book.ledger.id, stop)


async def projector(
    *,
    partition: Annotated[
        tuple[int, ...] | None, Parameter(help="Only these partitions; repeat the option.")
    ] = None,
    common: Common = COMMON,
) -> None:
    """Run one projection worker: ledger to read models."""
    async with open_tollbook(common.settings(), create=True) as book:
        wanted = tuple(partition) if partition else tuple(range(book.ledger.partitions))
        for number in wanted:
            if not 0 <= number < book.ledger.partitions:
                raise UsageError(
                    f"--partition: the ledger has 0 to {book.ledger.partitions - 1}, not {number}"
                )
        with _stopped_by_signals() as stop:
            await book.projector().run(wanted, stop)


@contextmanager
def _stopped_by_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
