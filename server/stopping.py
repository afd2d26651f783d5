"""Being asked to stop, as the application hears of it: at once, before its server has closed anything."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ASKED_TWICE_EXIT_CODE = 1
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def heard_signals(on_stop: Callable[[], None]) -> Iterator[None]:
    """Call `on_stop` on the loop at the first SIGTERM or SIGINT, and end the process at once at the second.

    The ASGI server's own handlers are called as before; where it has installed none, neither do we. Call from the loop.
    """
    loop = asyncio.get_running_loop()
    before = {
        number: handler
        for number in _SIGNALS
        if callable(handler := signal.getsignal(number)) and handler is not signal.default_int_handler
    }
    count = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count > 1:
            os._exit(ASKED_TWICE_EXIT_CODE)  # whoever asks twice does not want to wait for anything
        loop.call_soon_threadsafe(on_stop)
        before[signal.Signals(number)](number, frame)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_at_second_signal(end: Callable[[], None]) -> None:
    """In a process that only watches over others: call `end` and leave at once when it is asked to stop twice.

    The handlers that are installed now are called as before.
    """
    asked = 0

    def watch(number: signal.Signals) -> None:
        before = signal.getsignal(number)

        def handle(_number: int, frame: FrameType | None) -> None:
            nonlocal asked
            asked += 1
            if asked > 1:
                end()
                os._exit(ASKED_TWICE_EXIT_CODE)
            if callable(before):
                before(number, frame)

        signal.signal(number, handle)

    for number in _SIGNALS:
        watch(number)
