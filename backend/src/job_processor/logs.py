"""Log output as JSON lines or text, including that of libraries."""

import logging
import sys
from collections.abc import Sequence

import structlog


def configure_logging(level: str, form: str) -> None:
    """Configure logging. ``level``: such as info; ``form``: json or text.

    Libraries log only warnings, because some log URLs with secrets at lower levels.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*before, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _configure_stdlib_logging(before, renderer)
    # Our database drivers use Python's logging (an index is built, a change stream is down).
    logging.getLogger("job_processor").setLevel(level.upper())


def _configure_stdlib_logging(
    before: Sequence[structlog.typing.Processor], renderer: structlog.typing.Processor
) -> None:
    """Render records of Python's logging in the same format, with the logger's name."""
    as_json = isinstance(renderer, structlog.processors.JSONRenderer)
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *before, *([] if as_json else [_escape_unprintable])],
            processors=[remove_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


def _escape_unprintable(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Escape control characters in a library's message, because structlog's text renderer escapes only values."""
    message = str(event["event"])
    event["event"] = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in message)
    return event
