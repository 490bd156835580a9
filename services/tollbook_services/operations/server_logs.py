"""What uvicorn says, in the form of all other logs."""

import logging

import structlog

_NAME = "uvicorn.error"


class _ToStructlog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger("tollbook.http")
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def take_server_logs() -> None:
    """Have uvicorn log as everything else does; its lines about starting and stopping are left."""
    logger = logging.getLogger(_NAME)
    if not logger.handlers:
        logger.addHandler(_ToStructlog(logging.WARNING))
        logger.propagate = False
