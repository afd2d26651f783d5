"""The API's page, in a browser that enforces its Content-Security-Policy."""

import pytest
from playwright.async_api import expect

from tests.support.api import PASSWORD
from tests.support.browsers import Chromium
from tests.support.server import Server

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_page_signs_in_and_calls(chromium: Chromium, server: Server) -> None:
    ada = await server.api.register("ada")
    page = (await chromium.window(server.url)).page
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    await page.goto(f"{server.url}/docs")
    await page.locator("button.authorize").click()
    await page.locator("#oauth_username").fill(ada.email)
    await page.locator("#oauth_password").fill(PASSWORD)
    await page.locator(".modal-btn.authorize").click()
    await expect(page.locator(".modal-ux button", has_text="Logout")).to_be_visible()
    await page.locator(".btn-done").click()

    operation = page.locator(".opblock-get").filter(has=page.locator('[data-path="/api/v1/auth/me"]'))
    await operation.locator(".opblock-summary-control").click()
    await operation.locator(".try-out__btn").click()
    await operation.locator(".execute").click()
    await expect(operation.locator(".live-responses-table .response").first).to_contain_text(ada.email)
    assert [line for line in said if "Content Security Policy" in line] == []

    await page.goto("about:blank")
    await page.goto(f"{server.url}/docs")  # without the link to an operation, of which Swagger UI complains
    await expect(page.locator("button.authorize.locked")).to_be_visible()  # still signed in
