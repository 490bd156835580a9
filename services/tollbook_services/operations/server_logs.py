"""What libraries say through `logging`, in the form of all other logs."""

import logging

import structlog


class _ToStructlog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger("tollbook.http")
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def take_server_logs() -> None:
    """Have uvicorn log as everything else does; its lines about starting and stopping are left."""
    take_logs("uvicorn.error")


def take_logs(name: str) -> None:
    """Have a library's logger log as everything else does, from warnings on."""
    logger = logging.getLogger(name)
    if not logger.handlers:
        logger.addHandler(_ToStructlog(logging.WARNING))
        logger.propagate = False
