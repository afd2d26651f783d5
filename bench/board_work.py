"""What people do on a full board: open, carry, search, select, sort."""

import statistics
from dataclasses import asdict, dataclass

from playwright.async_api import Page, expect

from bench.boards import PEOPLE, TASKS, Boards
from bench.figures import TARGET_MARKS, Table, median_and_spread, percentile
from tests.support.browsers import Chromium, middle, run_browser

TEXT = "task 1999"
"""Its last letters hide hundreds of cards each, and to delete it shows them all again."""
CARRY_STEPS = 40
REST_MS = 1_000
"""What a key has begun is done by then."""

OPENING = "a task opens"
CARRYING = "frames of a card that is carried, 95th percentile"
KEY = "a key in the search, the slowest"
TASK = "longest task of the search"
MOST_MS = {OPENING: 100, CARRYING: 20, KEY: 50, TASK: 50}

METHOD = f"""\
On a board with {TASKS:,} tasks and {PEOPLE} people, all connected. A click is timed until the frame that shows its
effect is drawn. A key in the search is timed until the browser has drawn what follows (Event Timing, in steps of 8 ms):
the slowest of “{TEXT}” and of deleting it. The longest task is the longest time that the page's thread was not free
meanwhile and in the second after it (Long Tasks; 0 if none took over 50 ms). Frames are those in which a card is
carried by the mouse over three columns, each with the time since the one before; a screen draws one every 16.7 ms."""

# Resolves with the time from the act until the next frame is drawn, once what it should show is there.
_TIMED = """({ selector, text, shown }) => new Promise((done) => {
  const from = performance.now();
  [...document.querySelectorAll(selector)].find((each) => each.textContent.includes(text)).click();
  const look = () => requestAnimationFrame(() => {
    const drawn = new MessageChannel();
    drawn.port1.onmessage = () => document.querySelector(shown) ? done(performance.now() - from) : look();
    drawn.port2.postMessage(null);
  });
  look();
})"""
_WATCH = """() => {
  window.slowest = { key: 0, task: 0 };
  const watch = (type, more, each) => new PerformanceObserver((list) => list.getEntries().forEach(each))
    .observe({ type, ...more });
  watch('event', { durationThreshold: 16 }, ({ name, duration }) => {
    if (['keydown', 'input'].includes(name)) window.slowest.key = Math.max(window.slowest.key, duration);
  });
  watch('longtask', {}, ({ duration }) => { window.slowest.task = Math.max(window.slowest.task, duration); });
}"""
_FRAMES = """() => {
  window.frames = [];
  let last = 0;
  const frame = (at) => {
    if (!window.frames) return;
    if (last) window.frames.push(at - last);
    last = at;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""


@dataclass(frozen=True, slots=True)
class Click:
    """On the first element that the selector finds with this text in it; then `shown` finds something."""

    selector: str
    text: str
    shown: str


OPEN = Click(".board .slot:nth-child(5) .card", "", ".task-panel")
PALETTE = Click('[title^="Find or do anything"]', "", "dialog.palette")
CLICKS = {
    "all tasks of a column selected": Click(".column-menu .menu-item", "Select all tasks", ".slot.selected"),
    "a column sorted": Click(".column-menu .menu-item", "By title", ".sort-sign"),
    "a column collapsed": Click(".column-menu .menu-item", "Collapse", ".column.collapsed"),
    "the tasks shown as a list": Click(".segments button", "List", ".list tbody tr"),
}


async def measure(boards: Boards, *, rounds: int) -> Table:
    """Each round in a new browser."""
    found = [await _round(boards) for _ in range(rounds)]
    table = Table(f"Work on a board of {TASKS:,} tasks", METHOD, ("", "target, ms", "reached, ms", ""))
    for name in found[0]:
        values = [times[name] for times in found]
        most = MOST_MS.get(name)
        target, mark = ("", "") if most is None else (f"≤ {most}", TARGET_MARKS[statistics.median(values) <= most])
        table.rows.append((name, target, median_and_spread(values), mark))
    return table


async def _round(boards: Boards) -> dict[str, float]:
    """Milliseconds of each figure."""
    async with run_browser() as browser, Chromium(browser) as chromium:
        window = await chromium.board_of(boards.server.url, boards.ada, boards.full)
        page = window.page
        await expect(page.locator(".board .slot")).to_have_count(TASKS, timeout=120_000)
        await page.wait_for_timeout(REST_MS)
        found = {OPENING: await _closed_again(page, OPEN), CARRYING: await _carry(page)}
        found[KEY], found[TASK] = await _type(page)
        await _closed_again(page, PALETTE)  # loads it
        found["the palette opens"] = await _closed_again(page, PALETTE)
        for name, click in CLICKS.items():
            found[name] = await _timed(page, click)
        return found


async def _timed(page: Page, click: Click) -> float:
    took: float = await page.evaluate(_TIMED, asdict(click))
    return took


async def _closed_again(page: Page, click: Click) -> float:
    took = await _timed(page, click)
    await page.keyboard.press("Escape")
    await expect(page.locator(click.shown)).to_have_count(0)
    return took


async def _carry(page: Page) -> float:
    """The card ends where it was, so that each round has the same board."""
    x, y = await middle(page.locator(".board .card").nth(1))
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 12, y + 4, steps=3)
    await expect(page.locator(".ghost-card")).to_have_count(1)
    await page.evaluate(_FRAMES)
    for column in (1, 2, 0):
        box = await page.locator(".board .cards").nth(column).bounding_box()
        assert box is not None
        across = box["x"] + box["width"] / 2
        await page.mouse.move(across, box["y"] + box["height"] * 0.3, steps=CARRY_STEPS)
        await page.mouse.move(across, box["y"] + box["height"] * 0.7, steps=CARRY_STEPS)
    frames = await page.evaluate("() => { const { frames } = window; window.frames = null; return frames; }")
    await page.keyboard.press("Escape")
    await page.mouse.up()
    await expect(page.locator(".ghost-card")).to_have_count(0)
    return percentile(frames, 0.95)


async def _type(page: Page) -> tuple[float, float]:
    """The slowest key, and the longest task or 0."""
    await page.evaluate(_WATCH)
    await page.keyboard.press("/")
    for key in TEXT:
        await page.keyboard.press("Space" if key == " " else key)
        await page.evaluate("() => new Promise((drawn) => requestAnimationFrame(drawn))")
    await expect(page.locator(".board .slot:not([hidden])")).to_have_count(2)  # one by its title, one by its number
    await page.keyboard.press("Control+a")
    await page.keyboard.press("Backspace")
    await expect(page.locator(".board .slot[hidden]")).to_have_count(0)
    await page.wait_for_timeout(REST_MS)
    slowest = await page.evaluate("() => window.slowest")
    return slowest["key"], slowest["task"]
