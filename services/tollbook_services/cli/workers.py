"""`serve`, `intake`, `projector`, `sealer`: processes that run until they are told to stop."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from cyclopts import Parameter

from tollbook_schemas.errors import UsageError
from tollbook_services.cli.common import COMMON, Common
from tollbook_services.operations.tracing import tracing
from tollbook_services.sealing.chosen_key import chosen_key, make_missing_key
from tollbook_services.sealing.sealer import Sealer
from tollbook_services.sealing.signed_heads import SignedHeads
from tollbook_services.wiring import open_tollbook

Partitions = Annotated[
    tuple[int, ...] | None, Parameter(help="Only these partitions; repeat the option.")
]


async def serve(
    *,
    api: Annotated[
        bool | None, Parameter(help="Run the HTTP server too, or not [TOLLBOOK_API_SERVE; yes].")
    ] = None,
    common: Common = COMMON,
) -> int:
    """Run engine, workers and HTTP server together, and start again what dies."""
    from tollbook_services.supervisor import serve as supervise  # noqa: PLC0415 - as below

    settings = common.settings()
    with stopped_by_signals() as stop:
        return await supervise(settings, stop, api=api) or 0


async def intake(*, common: Common = COMMON) -> None:
    """Run one intake worker: inbox to ledger."""
    from tollbook_services.intake import run_intake  # noqa: PLC0415 - 0.2 s for other workers

    async with open_tollbook(common.settings(), create=True) as book:
        with tracing("intake"), stopped_by_signals() as stop:
            await run_intake(book.url, book.ledger.id, stop)


async def projector(*, partition: Partitions = None, common: Common = COMMON) -> None:
    """Run one projection worker: ledger to read models."""
    async with open_tollbook(common.settings(), create=True) as book:
        wanted = _wanted(partition, book.ledger.partitions)
        with tracing("projector"), stopped_by_signals() as stop:
            await book.projector().run(wanted, stop)


async def sealer(*, partition: Partitions = None, common: Common = COMMON) -> None:
    """Run one sealing worker: ledger to signed Merkle trees."""
    settings = common.settings()
    async with open_tollbook(settings, create=True) as book:
        wanted = _wanted(partition, book.ledger.partitions)
        make_missing_key(settings, book.ledger.id)
        key = await chosen_key(settings, book.ledger)
        heads = SignedHeads.beside(settings.key_file, book.ledger.id)
        with stopped_by_signals() as stop:
            await Sealer(book.ledger, key, heads).run(wanted, stop)


def _wanted(partition: tuple[int, ...] | None, count: int) -> tuple[int, ...]:
    wanted = tuple(partition) if partition else tuple(range(count))
    for number in wanted:
        if not 0 <= number < count:
            raise UsageError(f"--partition: the ledger has 0 to {count - 1}, not {number}")
    return wanted


@contextmanager
def stopped_by_signals() -> Iterator[asyncio.Event]:
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
