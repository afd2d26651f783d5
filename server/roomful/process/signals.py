"""Stop signals, and the exit of a process."""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

logger = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
ASKED_TWICE_EXIT_CODE = 1


@contextmanager
def on_stop_signal(on_stop: Callable[[], None]) -> Iterator[None]:
    """Call `on_stop` on the loop at a stop signal, before the ASGI server has closed anything.

    Then the ASGI server's own handler runs. Without such a handler the signal keeps its meaning. Call from the loop.
    """
    loop = asyncio.get_running_loop()
    before = {
        number: handler
        for number in SIGNALS
        if callable(handler := signal.getsignal(number)) and handler is not signal.default_int_handler
    }

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(on_stop)
        before[signal.Signals(number)](number, frame)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stopped_on_signal(stop: Callable[[], None], *, grace_seconds: float, heeds_second: bool) -> Iterator[None]:
    """Call `stop` at the first SIGTERM or SIGINT, and exit after the grace period, whatever still runs then.

    A second signal stops at once if `heeds_second`; a worker leaves that to its supervisor. Call from the main thread.
    """
    count = 0

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count == 1:
            deadline = threading.Timer(grace_seconds, _leave_late)
            deadline.daemon = True
            deadline.start()
            stop()
        elif heeds_second:
            os._exit(ASKED_TWICE_EXIT_CODE)

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave(exit_code: int) -> NoReturn:
    """Exit at once, after everything has been closed.

    Python's own exit takes modules apart: 0.6 s of CPU, and seconds on a machine where everything restarts.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


def _leave_late() -> None:
    logger.warning("the grace period is over: unfinished work is dropped")
    leave(0)
