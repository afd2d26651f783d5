"""An answer that the server has given and a page has not got yet."""

import asyncio
import re

from playwright.async_api import Page, Request, Route

_SEEN = "() => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))"
WAIT_SECONDS = 20.0


class HeldAnswer:
    """The first answer to such a request, held until `arrive`. Answers to later ones come at once."""

    def __init__(self, page: Page, method: str) -> None:
        self._page = page
        self._method = method
        self._request: Request | None = None
        self._is_given = asyncio.Event()
        self._may_arrive = asyncio.Event()

    async def hold(self, route: Route) -> None:
        if self._request is not None or route.request.method != self._method:
            return await route.fallback()
        self._request = route.request
        answer = await route.fetch()
        self._is_given.set()
        await self._may_arrive.wait()
        return await route.fulfill(response=answer)

    async def given(self) -> None:
        """Wait until the server has answered."""
        async with asyncio.timeout(WAIT_SECONDS):
            await self._is_given.wait()

    async def arrive(self) -> None:
        """Let it come, and wait until the page has drawn what it makes of it."""
        await self.given()
        self._may_arrive.set()
        assert self._request is not None
        answer = await self._request.response()
        assert answer is not None
        await answer.finished()
        await self._page.evaluate(_SEEN)


async def hold_first_answer(page: Page, path: str | re.Pattern[str], method: str = "GET") -> HeldAnswer:
    held = HeldAnswer(page, method)
    await page.route(path, held.hold)
    return held
