"""The logs of a role: one shape, on stderr, ours and the libraries' alike."""

import logging
import sys
from typing import Any

import structlog

from bus.settings import Settings


def get_logger() -> structlog.stdlib.BoundLogger:
    """Give the logger of this process; events are constants in lower case, values are bound by name."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger()
    return logger


def setup_logging(role: str, settings: Settings) -> None:
    """Send our logs and the libraries' to stderr in one shape, each line naming the role."""
    last: Any = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last], foreign_pre_chain=shared
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    structlog.contextvars.bind_contextvars(role=role)
