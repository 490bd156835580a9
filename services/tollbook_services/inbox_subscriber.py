"""The FastStream subscriber of the inbox: batches, a raw parser, manual acknowledgement."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, cast

import structlog
from faststream import AckPolicy
from faststream.redis import RedisBroker, StreamSub
from faststream.redis.message import FAKE_CONSUMER, BatchStreamMessage, RedisBatchStreamMessage

from tollbook_services import keys
from tollbook_services.inbox_entry import InboxEntry

BATCH_MAX: Final = 500
"""Entries per batch: without a limit FastStream pulls the whole backlog into memory."""

POLL_MS: Final = 1_000
"""How long a read waits for entries; well below the 5 s socket timeout of redis-py."""

OnBatch = Callable[[Sequence[InboxEntry]], Awaitable[None]]

_log = structlog.get_logger("tollbook.intake")


def make_broker(url: str, consumer: str, on_batch: OnBatch) -> RedisBroker:
    """The FastStream broker with the one batch subscriber: raw parser, manual acknowledgement."""
    broker = RedisBroker(
        url,
        logger=cast("Any", _FastStreamLog()),
        log_level=logging.DEBUG,
        apply_types=False,
        client_name="tollbook-intake",
    )
    subscriber = broker.subscriber(
        stream=StreamSub(
            keys.INBOX,
            group=keys.INTAKE_GROUP,
            consumer=consumer,
            batch=True,
            max_records=BATCH_MAX,
            polling_interval=POLL_MS,
        ),
        parser=raw_parser,
        decoder=raw_decoder,
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
    )
    subscriber(on_batch)
    return broker


async def raw_parser(message: BatchStreamMessage) -> RedisBatchStreamMessage:
    """Wrap a batch without looking into its entries, so that none can spoil the others."""
    entries = [
        InboxEntry(id_, cast("Any", pairs))
        for id_, pairs in zip(message["message_ids"], message["data"], strict=True)
    ]
    first = message["message_ids"][0].decode()
    return RedisBatchStreamMessage(
        message, entries, consumer=FAKE_CONSUMER, group=None, correlation_id=first
    )


async def raw_decoder(message: RedisBatchStreamMessage) -> Any:
    """Hand the entries on as they are."""
    return message.body


class _FastStreamLog:
    """FastStream's log lines of warning and above, as structlog events."""

    def log(
        self,
        level: int,
        msg: Any,
        /,
        *,
        exc_info: Any = None,
        extra: Mapping[str, Any] | None = None,  # noqa: ARG002 - FastStream gives it
    ) -> None:
        """Pass a line on; what FastStream says of every batch is left out."""
        if level >= logging.WARNING:
            _log.log(level, "faststream", text=str(msg), error=repr(exc_info) if exc_info else None)
