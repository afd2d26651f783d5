"""What a page's main thread has worked, beside a piece of work that every machine does at its own pace.

In processor time, since other programs use these machines, too; the clock's times are for `bench/`.
"""

from typing import Self

from playwright.async_api import CDPSession

from tests.support.browsers import Window

_COUNT_FRAMES = """() => {
  window.frames_shown = 0;
  const frame = () => {
    window.frames_shown += 1;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""

_YARDSTICK = """() => {
  const words = Array.from({ length: 20_000 }, (_, number) => `word ${(number * 7919) % 20_011}`);
  for (let round = 0; round < 5; round += 1) words.slice(round).sort();
  return JSON.stringify(words).length;
}"""


class BusyTime:
    """The main thread's processor time since `of`."""

    def __init__(self, debugger: CDPSession, yardstick: float) -> None:
        self._debugger = debugger
        self._yardstick = yardstick

    @classmethod
    async def of(cls, window: Window) -> Self:
        debugger = await window.page.context.new_cdp_session(window.page)
        await debugger.send("Performance.enable", {"timeDomain": "threadTicks"})
        began = await _seconds(debugger)
        await window.page.evaluate(_YARDSTICK)
        busy = cls(debugger, await _seconds(debugger) - began)
        await busy.restart()
        return busy

    async def restart(self) -> None:
        self._began = await _seconds(self._debugger)

    async def measured(self) -> float:
        """In yardsticks: sorting 20,000 words five times in this page, which takes 30 to 70 ms on small machines."""
        return (await _seconds(self._debugger) - self._began) / self._yardstick


async def count_frames(window: Window) -> None:
    """Count the frames that the page shows from here on, as `window.frames_shown`."""
    await window.page.evaluate(_COUNT_FRAMES)


async def _seconds(debugger: CDPSession) -> float:
    metrics = (await debugger.send("Performance.getMetrics"))["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))
