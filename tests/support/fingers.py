"""A finger on the screen, for tests: it may rest, as fingers do, and the browser takes its moves for real ones."""

import asyncio
from dataclasses import dataclass
from typing import Self

from playwright.async_api import CDPSession

from tests.support.browsers import Window

_WANDER_PX = 54
_STEP_PX = 6
_PAUSE_SECONDS = 0.02


@dataclass(slots=True)
class Finger:
    _debugger: CDPSession
    x: float = 0
    y: float = 0

    @classmethod
    async def on(cls, window: Window) -> Self:
        return cls(await window.page.context.new_cdp_session(window.page))

    async def down(self, x: float, y: float) -> None:
        self.x, self.y = x, y
        await self._send("touchStart")

    async def move(self, x: float, y: float, *, steps: int = 8) -> None:
        from_x, from_y = self.x, self.y
        for step in range(1, steps + 1):
            self.x = from_x + (x - from_x) * step / steps
            self.y = from_y + (y - from_y) * step / steps
            await self._send("touchMove")

    async def rest(self, seconds: float) -> None:
        """Stay where it is and move a little, as fingers do. A browser that pans instead cancels the pointer."""
        home = self.y
        until = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < until:
            for step in range(0, _WANDER_PX + 1, _STEP_PX):
                self.y = home + step
                await self._send("touchMove")
                await asyncio.sleep(_PAUSE_SECONDS)
        self.y = home

    async def up(self) -> None:
        await self._debugger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    async def _send(self, kind: str) -> None:
        points = [{"x": self.x, "y": self.y}]
        await self._debugger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
