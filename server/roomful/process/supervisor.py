"""The supervisor of worker processes that share one listening socket."""

import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from types import FrameType

from roomful.process.signals import ASKED_TWICE_EXIT_CODE, SIGNALS

logger = logging.getLogger(__name__)

CANT_START_EXIT_CODE = 3

_spawn = multiprocessing.get_context("spawn")
multiprocessing.allow_connection_pickling()  # to hand the listening socket over


class CantServe(Exception):
    """The server can't start or go on. The message tells the operator why, in one line."""


class Supervisor:
    """Starts workers, replaces dead ones, and stops them all at a stop signal.

    It waits for workers only when it stops, at most for the grace period.
    """

    def __init__(
        self, target: Callable[[], None], *, count: int, grace_seconds: float, listener: socket.socket
    ) -> None:
        self._target = target
        self._count = count
        self._grace_seconds = grace_seconds
        self._listener = listener
        self._workers: list[SpawnProcess] = []
        self._signal_count = 0

    def run(self) -> None:
        """Run until SIGTERM or SIGINT; a second one kills all at once. Raises CantServe. Call from the main thread."""
        with self._awakened_by_signals() as wakener:
            try:
                for _ in range(self._count):
                    self._start_worker()
                while not self._signal_count:
                    connection.wait([wakener, *(worker.sentinel for worker in self._workers)])
                    if not self._signal_count:
                        self._replace_dead()
            finally:
                self._stop()

    def _start_worker(self) -> None:
        worker = _spawn.Process(target=self._target)
        worker.start()
        self._workers.append(worker)

    def _replace_dead(self) -> None:
        for worker in [worker for worker in self._workers if not worker.is_alive()]:
            self._workers.remove(worker)
            if worker.exitcode == CANT_START_EXIT_CODE:
                raise CantServe("a worker could not start; its log lines say why")
            logger.error("a worker died", extra={"worker": worker.pid, "exit_code": worker.exitcode})
            self._start_worker()

    def _stop(self) -> None:
        """Stop listening, then the workers. Connections still queued are refused when the last worker has closed."""
        self._listener.close()
        for worker in self._workers:
            worker.terminate()
        ends_at = time.monotonic() + self._grace_seconds
        for worker in self._workers:
            worker.join(max(0.0, ends_at - time.monotonic()))
            if worker.is_alive():
                logger.error("a worker did not end and was killed", extra={"worker": worker.pid})
                worker.kill()
                worker.join()

    @contextmanager
    def _awakened_by_signals(self) -> Iterator[socket.socket]:
        """A socket that becomes readable at a signal."""
        wakener, waker = socket.socketpair()
        waker.setblocking(False)
        before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        descriptor = signal.set_wakeup_fd(waker.fileno())
        try:
            yield wakener
        finally:
            signal.set_wakeup_fd(descriptor)
            for number, handler in before.items():
                signal.signal(number, handler)
            wakener.close()
            waker.close()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signal_count += 1
        if self._signal_count > 1:
            for worker in self._workers:
                worker.kill()
            os._exit(ASKED_TWICE_EXIT_CODE)
