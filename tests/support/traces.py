"""What a page's thread does, task by task, as the browser's trace has it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Page

TASK = "ThreadControllerImpl::RunTask"
CATEGORIES = ["toplevel", "__metadata"]
DEADLINE_SECONDS = 60


@asynccontextmanager
async def task_times(page: Page) -> AsyncIterator[list[float]]:
    """A list that has each task of the block once it is left: its milliseconds of CPU, whatever it had to wait for.

    The page has to be the busiest of its browser meanwhile. Its work for the debugger, such as a key, is in it.
    """
    debugger = await page.context.new_cdp_session(page)
    events: list[dict[str, Any]] = []
    complete = asyncio.Event()
    debugger.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    debugger.on("Tracing.tracingComplete", lambda _: complete.set())
    await debugger.send("Tracing.start", {"traceConfig": {"includedCategories": CATEGORIES}})
    times: list[float] = []
    yield times
    await debugger.send("Tracing.end")
    async with asyncio.timeout(DEADLINE_SECONDS):
        await complete.wait()
    await debugger.detach()
    times.extend(_busiest(events))


def _busiest(events: Sequence[dict[str, Any]]) -> list[float]:
    """The tasks of the busiest thread that draws pages."""
    names = {_thread(event): event["args"]["name"] for event in events if event["name"] == "thread_name"}
    tasks: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    for event in events:
        if event["name"] == TASK and names.get(_thread(event)) == "CrRendererMain":
            tasks[_thread(event)].append(event.get("tdur", 0) / 1000)
    return max(tasks.values(), key=sum, default=[])


def _thread(event: dict[str, Any]) -> tuple[int, int]:
    return event["pid"], event["tid"]
