"""A board's first load in a browser, on a fast and on a slow line."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.async_api import expect

from bench.boards import PEOPLE, TASKS, Boards
from bench.figures import TARGET_MARKS, Table, median_and_spread
from tests.support.api import Project
from tests.support.browsers import Chromium, run_browser, signed_in_state

LIVE_MS = 180_000
MOST_TIMES_EMPTY = 3.0
MOST_LIVE_SLOW_MS = 4_000
MOST_BYTES = 150_000

# Chromium's own "fast 3G", and a processor a quarter as fast.
SLOW: dict[str, Any] = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 1.6 * 1024 * 1024 / 8 * 0.9,
    "uploadThroughput": 750 * 1024 / 8 * 0.9,
}
SLOWDOWN = 4

METHOD = f"""\
A person who is signed in opens a project's address in a new browser without a cache; the full board has {TASKS:,}
tasks and {PEOPLE} people, all of whom are connected. *Live* is the time from the navigation until the board says so,
*LCP*, *CLS* and *TBT* are as web.dev defines them, the last until the board is live and drawn. *Bytes* are those of the
page and its files as sent, without the project. *Slow*: {SLOW["latency"]:.0f} ms a request, 1.4 Mbit/s and a processor
{SLOWDOWN} times slower, by Chromium's throttling, which leaves sockets alone. Browser and server share the machine.
Targets: the full board is live in at most {MOST_TIMES_EMPTY:.0f} times an empty one's time, on a slow line within
{MOST_LIVE_SLOW_MS / 1000:.0f} s, and its files are at most {MOST_BYTES // 1000} KB."""

_OBSERVE = """() => {
  window.seen = { lcp: 0, cls: 0, tbt: 0 };
  const watch = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each))
    .observe({ type, buffered: true });
  watch('largest-contentful-paint', (entry) => { window.seen.lcp = entry.startTime; });
  watch('layout-shift', (entry) => { if (!entry.hadRecentInput) window.seen.cls += entry.value; });
  watch('longtask', (entry) => { window.seen.tbt += Math.max(0, entry.duration - 50); });
  new MutationObserver(() => {
    if (!window.liveAt && document.querySelector('.connection.live')) window.liveAt = performance.now();
  }).observe(document, { childList: true, subtree: true, characterData: true, attributes: true });
}"""
_SEEN = """() => ({
  ...window.seen,
  live: window.liveAt,
  bytes: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .filter((entry) => !entry.name.includes('/api/'))
    .reduce((sum, entry) => sum + entry.transferSize, 0),
})"""


@dataclass(frozen=True, slots=True)
class Visit:
    live_ms: float
    lcp_ms: float
    cls: float
    tbt_ms: float
    file_bytes: float


async def measure(boards: Boards, *, rounds: int) -> Table:
    table = Table("First load of a board", METHOD, ("", "live, ms", "", "LCP, ms", "CLS", "TBT, ms", "KB", ""))
    for is_slow in (False, True):
        empty: list[Visit] = []
        full: list[Visit] = []
        for _ in range(rounds):
            empty.append(await _visit(boards, boards.empty, is_slow=is_slow))
            full.append(await _visit(boards, boards.full, is_slow=is_slow))
        ratios = [ours.live_ms / theirs.live_ms for ours, theirs in zip(full, empty, strict=True)]
        line = ", slow" if is_slow else ""
        table.rows.append(_row(f"empty{line}", empty, ""))
        is_soon = statistics.median(visit.live_ms for visit in full) <= MOST_LIVE_SLOW_MS
        table.rows.append(_row(f"{TASKS:,} tasks{line}", full, TARGET_MARKS[is_soon] if is_slow else ""))
        is_near = statistics.median(ratios) <= MOST_TIMES_EMPTY
        table.rows.append(
            (f"ratio{line}", f"× {median_and_spread(ratios, 2)}", TARGET_MARKS[is_near], *("" for _ in range(5)))
        )
    return table


def _row(name: str, visits: Sequence[Visit], live_mark: str) -> tuple[str, ...]:
    size = statistics.median(visit.file_bytes for visit in visits)
    return (
        name,
        median_and_spread([visit.live_ms for visit in visits]),
        live_mark,
        median_and_spread([visit.lcp_ms for visit in visits]),
        f"{statistics.median(visit.cls for visit in visits):.3f}",
        median_and_spread([visit.tbt_ms for visit in visits]),
        f"{size / 1000:,.0f}",
        TARGET_MARKS[size <= MOST_BYTES],
    )


async def _visit(boards: Boards, project: Project, *, is_slow: bool) -> Visit:
    url = boards.server.url
    async with run_browser() as browser, Chromium(browser) as chromium:
        context = await chromium.context(storage_state=signed_in_state(url, boards.ada))
        window = await chromium.window(url, context)
        page = window.page
        await page.add_init_script(f"({_OBSERVE})()")
        if is_slow:
            debugger = await context.new_cdp_session(page)
            await debugger.send("Network.enable")
            await debugger.send("Network.emulateNetworkConditions", SLOW)
            await debugger.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
        await page.goto(f"{url}/#/projects/{project.id}", wait_until="commit")
        await expect(window.connection).to_have_text("Live", timeout=LIVE_MS)
        await expect(page.locator(".board .count").first).to_be_visible(timeout=LIVE_MS)
        await page.wait_for_load_state("networkidle")
        seen = await page.evaluate(_SEEN)
        return Visit(seen["live"], seen["lcp"], seen["cls"], seen["tbt"], seen["bytes"])
