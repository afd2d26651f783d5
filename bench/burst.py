"""A burst of events on a board whose activity is open."""

import asyncio

from playwright.async_api import Page

from bench.figures import Table, milliseconds
from bench.grounds import Ground, roomful
from tests.support.api import Person, Project
from tests.support.browsers import Chromium, build_client, run_browser

EVENTS = 1_500
SECONDS = 20
TASKS = 50
TARGET_TASK_MS = 100
TARGET_LEVEL_MS = 1_000

METHOD = f"""\
One person has the board open, with Activity beside it, while another makes {EVENTS:,} changes in {SECONDS} s, at a
steady pace, in a project of {TASKS} tasks. The longest task is that of the page's main thread, as the browser reports
it; the board is level when its activity shows the last change. The browser and the server share the machine. The target
is never a task above {TARGET_TASK_MS} ms, and level {TARGET_LEVEL_MS / 1000:.0f} s after the last change."""

_WATCH = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: 'longtask' });
}"""
_LEVEL_AT = """(title) => new Promise((seen) => {
  const list = document.querySelector('.feed');
  const look = () => {
    if (!list.firstElementChild?.textContent.includes(title)) return;
    watch.disconnect();
    seen(performance.timeOrigin + performance.now());
  };
  const watch = new MutationObserver(look);
  watch.observe(list, { childList: true, subtree: true, characterData: true });
  look();
})"""


async def measure(ground: Ground) -> Table:
    """Raises browsers.Missing."""
    build_client()
    columns = ("events", "longest task", "tasks above 50 ms", "level after", "")
    table = Table("A burst with the activity open", METHOD, columns)
    async with roomful(ground) as server, run_browser() as browser, Chromium(browser) as chromium:
        ada, bob = await server.api.register("ada"), await server.api.register("bob")
        project = await ada.create_project("Apollo")
        await ada.add_member(project, bob)
        tasks = [(await ada.create_task(project, f"Task {number}"))["id"] for number in range(TASKS)]
        window = await chromium.board_of(server.url, ada, project)
        await window.page.get_by_role("button", name="Activity").click()
        await window.page.locator(".feed li").first.wait_for()
        await window.page.evaluate(_WATCH)
        level_ms = await _burst(window.page, bob, project, tasks)
        long: list[float] = await window.page.evaluate("() => window.longTasks")
    longest = max(long, default=0.0)
    is_met = longest <= TARGET_TASK_MS and level_ms <= TARGET_LEVEL_MS
    slowest = milliseconds(longest) if long else "below 50 ms"
    table.rows.append((f"{EVENTS:,}", slowest, f"{len(long):,}", milliseconds(level_ms), "met" if is_met else "missed"))
    return table


async def _burst(page: Page, person: Person, project: Project, tasks: list[str]) -> float:
    """From the answer to the last change until the page shows it, in milliseconds."""
    last = f"Title {EVENTS - 1}"
    level = await page.evaluate_handle(f"(title) => ({{ at: ({_LEVEL_AT})(title) }})", last)
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as group:
        for number in range(EVENTS - 1):
            await asyncio.sleep(began + number * SECONDS / EVENTS - loop.time())
            path = f"{project.path}/tasks/{tasks[number % len(tasks)]}"
            group.create_task(person.patch(path, {"title": f"Title {number}"}))
    await person.patch(f"{project.path}/tasks/{tasks[0]}", {"title": last})
    answered_at: float = await page.evaluate("() => performance.timeOrigin + performance.now()")
    level_at: float = await level.evaluate("(level) => level.at")
    return max(0.0, level_at - answered_at)
