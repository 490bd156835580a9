"""Seals in the process of a command, where no sealer is at work."""

from tollbook_services.sealing.chosen_key import chosen_key, has_key, make_missing_key
from tollbook_services.sealing.sealer import ROLE, Sealer
from tollbook_services.sealing.signed_heads import SignedHeads
from tollbook_services.wiring import Tollbook


async def seal_where_nobody_does(book: Tollbook) -> None:
    """Seal the partitions that no sealer is at work on; none where there is no key to do it with.

    Raises:
        UsageError: the key cannot be read.
        CheckFailedError: it is not the one in use, or the ledger was altered.
    """
    settings = book.settings
    numbers = range(book.ledger.partitions)
    idle = [number for number in numbers if not await book.heartbeats.alive(number, ROLE)]
    if not has_key(settings) or not idle:
        return
    make_missing_key(settings, book.ledger.id)
    key = await chosen_key(settings, book.ledger)
    heads = SignedHeads.beside(settings.key_file, book.ledger.id)
    sealer = Sealer(book.ledger, key, heads)
    for number in idle:
        await sealer.catch_up(number)
