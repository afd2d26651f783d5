"""The end of a process: who is told of it, how long it may take, and how it leaves."""

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
def heard_signals(on_stop: Callable[[], None]) -> Iterator[None]:
    """Call `on_stop` on the loop when the process is asked to stop, before its server has closed anything.

    The ASGI server's own handlers are called as before; where it has installed none, neither do we. Call from the loop.
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
def stopped_by_signals(stop: Callable[[], None], *, grace_seconds: float, heeds_second: bool) -> Iterator[None]:
    """Call `stop` at the first SIGTERM or SIGINT, and leave when the grace is over, whatever still hangs then.

    Who asks twice does not want to wait: the process ends at once, unless somebody watches over it who does that.
    Call from the main thread.
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
    """End the process, which has closed everything.

    Python would take its modules apart first: 0.6 s of CPU, and seconds on a machine where everything is restarted.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


def _leave_late() -> None:
    logger.warning("the grace time is over: what still runs is given up")
    leave(0)
