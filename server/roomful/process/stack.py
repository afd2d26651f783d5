"""Stack for nested documents: pycrdt deletes nested elements by recursion, which ends a process with too little.

`rooms.protocol.structure` bounds the values in one update; elements may be nested by any number of updates, which no
check counts. The 8 MiB that a process usually has are enough for 40,000 levels; a document of 20 MiB holds 2,300,000.
"""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

STACK_BYTES = 1024 * 1024 * 1024
"""Address space, not memory: recursion takes memory only as deep as it goes."""

T = TypeVar("T")


def make_room() -> bool:
    """Let the main thread's stack grow, as far as the system allows; whether it may grow further than before.

    A process that runs already can use some 128 MiB: the addresses beyond were given away at its start.
    """
    if sys.platform == "win32":
        return False
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    wanted = STACK_BYTES if hard == resource.RLIM_INFINITY else min(STACK_BYTES, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return False
    resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))
    return True


def restart_with_room() -> None:
    """Start this program again with the whole stack, unless it has it. Call it first of all."""
    if make_room():
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def run_with_room(work: Callable[[], T]) -> T:
    """Do work in a thread of its own with as large a stack. Call it from a thread that may wait."""
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as failure:
            done.set_exception(failure)

    before = threading.stack_size(STACK_BYTES)
    try:
        thread = threading.Thread(target=run, name="deep")
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    return done.result()
