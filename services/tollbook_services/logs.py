"""Logs of the workers on standard error: lines for people on a terminal, JSON elsewhere."""

import logging
import sys
from typing import Any, Final

import structlog

_TRACEBACKS: Final = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
"""Without local variables, among which are tokens and passwords."""


def configure_logs() -> None:
    """Set up structlog for this process, unless it has been set up already."""
    if structlog.is_configured():
        return
    terminal = sys.stderr.isatty()
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer()
    )
    errors = [] if terminal else [_TRACEBACKS]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *errors,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # as it is at that time
    )
