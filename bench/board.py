"""The board in two browsers: from a key pressed in one to the card's new place on the other's screen."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from playwright.async_api import Page, expect

from bench.figures import Table, milliseconds, percentile
from bench.grounds import Ground, roomful
from tests.support.api import Person, Project
from tests.support.browsers import WEB, Chromium, build_client, run_browser
from tests.support.server import Server

WARM_UP = 5
FOLDED_EVENTS = 10_000
FOLDED_TASKS = 2_000
TITLE = "Order fuel"

METHOD = f"""\
Two people look at one project, each in a Chromium process. One moves a card to the next column by keyboard; the time
runs from the key that puts it down to the first frame of the other browser that shows it there. Both browsers and the
server share the machine, and a frame is drawn every 16.7 ms, so half of one is waiting on average.

The last row is the fold alone, in Node.js: the time for the board to apply {FOLDED_EVENTS:,} events in a row to a
snapshot of {FOLDED_TASKS:,} tasks (for all of them, not for each)."""

# The time of the key, and of the frame that shows the card: one clock, as both browsers are on one machine.
_NOTE_KEYS = """() => addEventListener('keydown', (event) => {
  if (event.key === ' ') window.pressedAt = performance.timeOrigin + event.timeStamp;
}, true)"""
_SEEN_AT = """([title, column]) => new Promise((seen) => {
  const isThere = () => [...document.querySelectorAll('.board section')].some((section) =>
    section.querySelector('h2').textContent.startsWith(column) &&
    [...section.querySelectorAll('.title')].some((each) => each.textContent === title));
  const look = () => {
    if (!isThere()) return;
    watch.disconnect();
    requestAnimationFrame(() => {
      const drawn = new MessageChannel();
      drawn.port1.onmessage = () => seen(performance.timeOrigin + performance.now());
      drawn.port2.postMessage(null);
    });
  };
  const watch = new MutationObserver(look);
  watch.observe(document.body, { childList: true, subtree: true, characterData: true });
  look();
})"""


async def measure(ground: Ground, *, moves: int) -> Table:
    """Raises browsers.Missing."""
    build_client()
    table = Table("A card on the other screen", METHOD, ("", "median", "99th percentile", "slowest", "moves"))
    async with roomful(ground) as server:
        ada, bob = await server.api.register("ada"), await server.api.register("bob")
        project = await ada.create_project("Apollo")
        await ada.add_member(project, bob)
        await ada.create_task(project, TITLE)
        waits = await _waits_ms(server, ada, bob, project, moves=moves)
    times = (percentile(waits, 0.5), percentile(waits, 0.99), max(waits))
    table.rows.append(("key to other screen", *map(milliseconds, times), f"{len(waits):,}"))
    table.rows.append((f"{FOLDED_EVENTS:,} events folded", milliseconds(_fold_ms()), "", "", ""))
    return table


async def _waits_ms(server: Server, ada: Person, bob: Person, project: Project, *, moves: int) -> list[float]:
    waits: list[float] = []
    async with run_browser() as one, run_browser() as other, Chromium(one) as here, Chromium(other) as there:
        hers = await here.board_of(server.url, ada, project)
        his = await there.board_of(server.url, bob, project)
        await hers.page.evaluate(_NOTE_KEYS)
        await hers.card(TITLE).focus()
        for number in range(WARM_UP + moves):
            is_going = number % 2 == 0
            column = "In progress" if is_going else "To do"
            # Starts before the key is pressed; the promise stays in the browser.
            seen = await his.page.evaluate_handle(f"(what) => ({{ at: ({_SEEN_AT})(what) }})", [TITLE, column])
            await _carry(hers.page, "ArrowRight" if is_going else "ArrowLeft")
            seen_at = await seen.evaluate("(seen) => seen.at")
            waits.append(seen_at - await hers.page.evaluate("() => window.pressedAt"))
            await expect(hers.card(TITLE)).to_be_focused()
    return waits[WARM_UP:]


async def _carry(page: Page, arrow: str) -> None:
    for key in ("Space", arrow, "Space"):
        await page.keyboard.press(key)


def _fold_ms() -> float:
    """The median of five runs, in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="roomful-bench-") as directory:
        built = Path(directory) / "fold.mjs"
        rolldown = str(WEB / "node_modules/.bin/rolldown")
        build = [rolldown, "src/state/fold.ts", "--file", str(built), "--log-level", "silent"]
        subprocess.run(build, cwd=WEB, check=True, timeout=120, stdout=subprocess.DEVNULL)
        script = _FOLD.replace("FOLD", json.dumps(built.as_uri()))
        run = [shutil.which("node") or "node", "--input-type=module", "--eval", script]
        return float(subprocess.run(run, check=True, timeout=120, capture_output=True, text=True).stdout)


_FOLD = f"""
import {{ fold }} from FOLD;
const at = "2026-01-02T03:04:05Z";
const place = (id) => ({{ status: "todo", column_id: "c", number: id + 1, position: `a${{id}}` }});
const task = (id, title) => ({{ id: `t${{id}}`, title, ...place(id), labels: [], version: 1 }});
const begin = {{
  project: {{ id: "p", task_count: {FOLDED_TASKS}, offset: 0 }}, members: [], columns: [], labels: [], documents: [],
  tasks: Array.from({{ length: {FOLDED_TASKS} }}, (_, id) => task(id, "as it was")),
  stream: {{ channel: "project:p", offset: 0, epoch: "e" }},
}};
const events = Array.from({{ length: {FOLDED_EVENTS} }}, (_, n) => ({{
  id: `e${{n}}`, type: "task.updated", project_id: "p", offset: n + 1, actor_id: "a", at, version: 1,
  data: {{ task: task((n * 7919) % {FOLDED_TASKS}, `title ${{n}}`), changed: ["title"] }},
}}));
const times = [];
for (let run = 0; run < 5; run += 1) {{
  const from = performance.now();
  const end = events.reduce(fold, begin);
  times.push(performance.now() - from);
  if (end.stream.offset !== {FOLDED_EVENTS}) throw new Error("events were left out");
}}
console.log(times.sort((a, b) => a - b)[2]);
"""
