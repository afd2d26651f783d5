"""Outages that background work waits for: they pass, and the next round does what is left."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from roomful.db.outages import is_outage, outage
from roomful.errors import Unavailable


@contextmanager
def passing_outages(
    logger: logging.Logger, message: str, *, level: int = logging.WARNING, **fields: str
) -> Iterator[None]:
    """Log an outage that ends the block, with its reason and `fields`, and go on; raise every bug.

    In a task that was cancelled it is the end: a driver may raise an outage of its own for the cancellation, and a loop
    that went on would run for ever.
    """
    try:
        yield
    except Exception as error:
        if not will_pass(error):
            raise
        if _is_cancelled():
            raise asyncio.CancelledError from error
        logger.log(level, message, extra={**fields, "reason": outage(error) or type(error).__name__})


def _is_cancelled() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # in a thread
        return False
    return task is not None and task.cancelling() > 0


def will_pass(error: Exception) -> bool:
    """Whether the database, or another service, was out of reach or too slow: a later try may succeed."""
    return is_outage(error) or isinstance(error, (Unavailable, OSError))  # a TimeoutError is an OSError
