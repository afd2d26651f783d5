"""Tasks that have an owner."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from itertools import chain, islice
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

logger = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Crew:
    """Owns the short tasks of one part of the process, such as the commands of its sockets.

    A task that fails is logged once, with its traceback, and does not disturb the others: this is the boundary for
    faults of one session. Leaving the block cancels what still runs and waits for it.
    """

    _loop: asyncio.AbstractEventLoop

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()  # to find it takes a system call each time
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start work now; the task is kept from the garbage collector until it ends. Call from the loop."""
        if self._closed:
            work.close()
            raise RuntimeError(f"{self._name} is closed")
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def drain(self, seconds: float) -> None:
        """Wait until the running tasks have ended, at most this long."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a task failed", extra={"crew": self._name}, exc_info=error)


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do work that must not stop half-way, even when the caller is cancelled meanwhile: the cancellation waits for it.

    The work has to bound itself.
    """
    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class Loops:
    """Owns the loops that run as long as the process.

    A loop deals with the outages it expects. Any other exception is a bug that has left a part of the server dead, so
    the whole process is asked to end (SIGTERM, exit code 1): whoever watches over it starts a new one, and clients come
    back to what is in the log. A server that goes on answering without its sweep would be worse.
    """

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], str] = {}
        self.has_failed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def run(self, name: str, loop: Coroutine[Any, Any, None]) -> None:
        """Run a loop until this block is left. Call from the event loop."""
        task = asyncio.get_running_loop().create_task(loop, name=name)
        self._tasks[task] = name
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self.has_failed:
            return
        self.has_failed = True
        logger.critical("a background loop ended", extra={"loop": self._tasks[task]}, exc_info=task.exception())
        signal.raise_signal(signal.SIGTERM)


class SharedCalls:
    """Runs one call for all who ask for the same thing at the same time."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._running: dict[Hashable, asyncio.Future[Any]] = {}

    async def call(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The outcome of `work`, which begins only if no call with this key is under way.

        A caller that is cancelled leaves the call running for the others.
        """
        outcome: asyncio.Future[T] | None = self._running.get(key)
        if outcome is None:
            outcome = asyncio.get_running_loop().create_future()
            outcome.add_done_callback(_retrieve)
            self._running[key] = outcome
            self._crew.spawn(self._run(key, work, outcome))
        return await asyncio.shield(outcome)

    async def _run(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]], outcome: asyncio.Future[T]) -> None:
        try:
            result = await work()
        except asyncio.CancelledError:
            outcome.cancel()
            raise
        except Exception as error:  # handed on to everybody who waits
            if not outcome.done():
                outcome.set_exception(error)
        else:
            if not outcome.done():
                outcome.set_result(result)
        finally:
            self._running.pop(key, None)


class GatheredCalls(Generic[K, T]):
    """Asks once for all who ask the same kind of question at the same time, about one key each.

    A question is part of an asking that begins after it, never of one that is under way: the answer is about the
    present moment. One asking runs at a time, so whoever comes meanwhile waits for it, and they share the next.
    """

    def __init__(self, crew: Crew, ask: Callable[[Sequence[K]], Coroutine[Any, Any, Mapping[K, T]]], *, most: int):
        self._crew = crew
        self._ask = ask
        self._most = most
        self._waiting: dict[K, list[asyncio.Future[T | None]]] = {}
        self._is_running = False

    async def call(self, key: K) -> T | None:
        """What `ask` answers about this key; None where it has no answer. Raises what `ask` raises."""
        # Each caller has an outcome of its own: one that is cancelled takes nothing from the others.
        outcome: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(outcome)
        if not self._is_running:
            self._is_running = True
            self._crew.spawn(self._run())
        return await outcome

    async def _run(self) -> None:
        try:
            while self._waiting:
                asked = dict(islice(self._waiting.items(), self._most))
                for key in asked:
                    del self._waiting[key]
                await self._answer(asked)
        finally:
            self._is_running = False

    async def _answer(self, asked: "dict[K, list[asyncio.Future[T | None]]]") -> None:
        try:
            answers = await self._ask(list(asked))
        except asyncio.CancelledError:
            for outcome in chain(*asked.values(), *self._waiting.values()):
                outcome.cancel()
            self._waiting.clear()
            raise
        except Exception as error:  # handed on to everybody who waits
            for outcome in chain(*asked.values()):
                if not outcome.done():
                    outcome.set_exception(error)
        else:
            for key, outcomes in asked.items():
                for outcome in outcomes:
                    if not outcome.done():
                        outcome.set_result(answers.get(key))


def _retrieve(outcome: "asyncio.Future[Any]") -> None:
    """Mark the exception as seen: those who waited for it may all have been cancelled."""
    if not outcome.cancelled():
        outcome.exception()
