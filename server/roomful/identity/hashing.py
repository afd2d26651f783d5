"""Threads that hash passwords; addresses take turns at them."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from roomful.errors import Unavailable

WAIT_SECONDS = 2.5
"""For a thread. With the time of a hash and of the database, an answer comes within 3 s."""
MAX_WAITING = 1_000
MAX_WAITING_OF_ONE = 100

_BUSY = "Too many people sign in at this moment; try again soon."

Result = TypeVar("Result")


class HashingThreads:
    """At most `count` hashes at a time: each takes 19 MiB and a core. The others wait for a bounded time.

    Addresses take turns, so one that floods this queue delays itself, and others by a single hash. Raises Unavailable
    for work that has waited too long, or would wait behind too many.
    """

    def __init__(self, name: str, *, count: int) -> None:
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._idle = count
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._waiting_count = 0

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, address: str, work: Callable[[], Result]) -> Result:
        """The result of `work`, done on one of the threads. Raises Unavailable."""
        await self._acquire(address)
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        running.add_done_callback(self._release)
        return await asyncio.shield(running)  # a caller that stops waiting leaves the thread busy

    async def _acquire(self, address: str) -> None:
        if self._idle:
            self._idle -= 1
            return
        mine = self._waiting.get(address, ())
        if len(mine) >= MAX_WAITING_OF_ONE or self._waiting_count >= MAX_WAITING:
            raise Unavailable(_BUSY)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(address, deque()).append(turn)
        self._waiting_count += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await turn
        except BaseException as error:
            if turn.cancelled():
                self._forget(address, turn)
            else:
                self._pass_on()  # the turn came at the same moment
            if isinstance(error, TimeoutError):
                raise Unavailable(_BUSY) from None
            raise

    def _release(self, running: "asyncio.Future[Result]") -> None:
        if not running.cancelled():
            running.exception()  # retrieved, even if nobody waits for it any more
        self._pass_on()

    def _pass_on(self) -> None:
        """Give a thread to the address that has waited longest for its turn."""
        while self._waiting:
            address = next(iter(self._waiting))
            mine = self._waiting.pop(address)
            turn = mine.popleft()
            self._waiting_count -= 1
            if mine:
                self._waiting[address] = mine  # behind the others
            if not turn.done():
                turn.set_result(None)
                return
        self._idle += 1

    def _forget(self, address: str, turn: "asyncio.Future[None]") -> None:
        mine = self._waiting.get(address)
        if mine is None or turn not in mine:
            return  # passed over already
        mine.remove(turn)
        self._waiting_count -= 1
        if not mine:
            del self._waiting[address]
