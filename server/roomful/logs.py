"""Log lines: one event a line, for a person's terminal or as JSON."""

import io
import logging
import logging.config
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Literal, TextIO

import structlog

from roomful.terminal import printable

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request or connection of the running task, a field of every line."""


class Sampler:
    """Bounds the lines of one kind that others can cause at any rate. `clock` gives seconds, from any start."""

    def __init__(self, lines_a_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lines_a_minute = lines_a_minute
        self._clock = clock
        self._minute_began = clock()
        self._written = self._left_out = 0

    def acquire(self) -> int | None:
        """The number of lines left out since the last one, if a line may be written now; else None."""
        now = self._clock()
        if now - self._minute_began >= 60.0:
            self._minute_began, self._written = now, 0
        if self._written >= self._lines_a_minute:
            self._left_out += 1
            return None
        self._written += 1
        left_out, self._left_out = self._left_out, 0
        return left_out


def configure_logging(log_format: Literal["console", "json"], level: str = "info") -> None:
    """Send every logger's lines to standard error in one format.

    `extra={...}` becomes fields. uvicorn's own access lines are off: they would hold tokens from addresses.
    """
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
    ]
    renderers: list[structlog.types.Processor] = (
        # Without local variables, which hold passwords and tokens. The renderer escapes all but ASCII.
        [
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ]
        if log_format == "json"
        else [
            _make_printable,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=_write_printable_traceback
            ),
        ]
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["stderr"], "level": level.upper()},
            "loggers": {
                "uvicorn": {"level": "WARNING", "handlers": [], "propagate": True},
                "uvicorn.error": {"level": "WARNING"},
                "uvicorn.access": {"handlers": [], "propagate": False},
                "alembic": {"level": "WARNING"},
                "websockets": {"level": "WARNING"},
                "httpx": {"level": "WARNING"},
            },
        }
    )


def _make_printable(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Fields hold what strangers sent, such as an origin. What is not a string is shown by its repr()."""
    return {name: printable(value) if isinstance(value, str) else value for name, value in event.items()}


def _write_printable_traceback(output: TextIO, exc_info: structlog.typing.ExcInfo) -> None:
    text = io.StringIO()
    structlog.dev.plain_traceback(text, exc_info)
    output.write("\n".join(map(printable, text.getvalue().split("\n"))))


def _add_request_id(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    current = request_id.get()
    if current is not None:
        event["request_id"] = current
    return event
