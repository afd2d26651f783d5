"""A Roomful server that watches its own event loop."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from roomful.app import create_app
from roomful.concurrency.task_scope import TaskScope
from roomful.serve import listen, spare_long_lived_objects, uvicorn_config
from roomful.settings import load_settings

PATH = "/bench/longest-block"
TICK_SECONDS = 0.001


class LoopWatch:
    """The longest time in which the loop did not come round, since it was last asked for."""

    def __init__(self) -> None:
        self._wall = self._cpu = 0.0

    async def run(self) -> None:
        while True:
            wall, cpu = time.perf_counter(), time.thread_time()
            await asyncio.sleep(TICK_SECONDS)
            self._wall = max(self._wall, time.perf_counter() - wall - TICK_SECONDS)
            self._cpu = max(self._cpu, time.thread_time() - cpu)

    async def take(self) -> dict[str, float]:
        """Milliseconds by the clock, and of the loop's own work: what the machine gave to others is not in it."""
        taken = {"wall_ms": self._wall * 1000, "cpu_ms": self._cpu * 1000}
        self._wall = self._cpu = 0.0
        return taken


def create_watched() -> FastAPI:
    app = create_app()
    watch = LoopWatch()
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with TaskScope("loop watch") as task_scope, inner(app):
            task_scope.spawn(watch.run())
            yield

    app.get(PATH)(watch.take)
    app.router.lifespan_context = lifespan
    return app


def main() -> None:
    """`python -m bench.watched PORT`, on what Roomful's settings name."""
    settings = load_settings()
    spare_long_lived_objects()
    with listen("127.0.0.1", int(sys.argv[1])) as listener:
        uvicorn.Server(uvicorn_config(create_watched(), settings)).run(sockets=[listener])


if __name__ == "__main__":
    main()
