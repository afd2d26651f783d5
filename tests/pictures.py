"""The pictures of README.md, taken of the demo in Chromium.

    python -m tests.pictures [NAME…]

Names are those of the files in docs/images, without their ending. It needs a font with emoji, such as Noto's.
"""

import asyncio
import base64
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from playwright.async_api import expect
from rich.console import Console
from rich.text import Text

from tests.browser.conftest import environment_for
from tests.support.api import Json, Person, Project
from tests.support.browsers import PHONE, ROOT, STAND_STILL, Chromium, Window, build_client, middle, run_browser
from tests.support.server import Server
from tests.support.watch import Watch

DIRECTORY = ROOT / "docs" / "images"
MOST_BYTES = 250_000
SHARP = 1.5
"""Pixels of a picture for one of the page."""
WIDE = {"width": 1280, "height": 760}
WATCHED = {"width": 980, "height": 640}
WATCH_COLUMNS = 104
HUES = 8

PLAN = """\
## Before the start

- [x] Fill both tanks
- [x] Test the heat shield
- [ ] Rehearse the countdown

| Day | What | Who |
| --- | --- | --- |
| 16 July | Launch | everybody |
| 20 July | Landing | Ada, Bob |
"""


@dataclass(frozen=True, slots=True)
class Demo:
    server: Server
    chromium: Chromium
    project: Project
    ada: Person
    bob: Person
    grace: Person

    async def board(self, person: Person, **options: Any) -> Window:
        given = {"viewport": WIDE, "device_scale_factor": SHARP, **options}
        return await self.chromium.board_of(self.server.url, person, self.project, **given)

    async def task_named(self, title: str) -> str:
        tasks: list[Json] = (await self.ada.snapshot(self.project))["tasks"]
        return next(str(task["id"]) for task in tasks if task["title"] == title)


async def take(window: Window, name: str) -> None:
    await window.page.evaluate(STAND_STILL)
    picture = await window.page.screenshot(path=DIRECTORY / f"{name}.png")
    assert len(picture) <= MOST_BYTES, f"{name}.png has {len(picture)} bytes"


async def board_light(demo: Demo) -> None:
    """Bob carries a card while Grace looks on."""
    hers = await demo.board(demo.ada)
    his, graces = await demo.board(demo.bob), await demo.board(demo.grace)
    await expect(hers.page.get_by_role("list", name="Also here").get_by_role("listitem")).to_have_count(2)
    x, y = await middle(graces.column("In progress").locator(".column-name"))
    await graces.page.mouse.move(x + 60, y + 390, steps=3)
    await his.lift("Pack a flag")
    await his.carry_to("Done", share=0.26)
    await expect(hers.page.locator(".cursor")).to_have_count(2)
    await expect(hers.page.locator(".drop-slot")).to_have_count(1)
    await graces.page.mouse.move(x + 70, y + 396, steps=2)  # a pointer that rests fades
    await expect(hers.page.locator(".cursor.idle")).to_have_count(0)
    await take(hers, "board-light")
    await his.page.keyboard.press("Escape")
    await his.page.mouse.up()


async def task_dark(demo: Demo) -> None:
    """Bob changes the title of a task that Ada has open."""
    task = await demo.task_named("Write the guidance program")
    hers = await demo.board(demo.ada, color_scheme="dark")
    his = await demo.board(demo.bob)
    for window in (hers, his):
        await window.page.goto(f"{demo.server.url}/#/projects/{demo.project.id}/tasks/{task}")
        await expect(window.page.get_by_label("Title")).to_have_value("Write the guidance program")
    await his.page.get_by_label("Title").focus()
    await expect(hers.page.locator(".task-panel .editing")).to_be_visible()
    await take(hers, "task-dark")


async def document_light(demo: Demo) -> None:
    """Bob and Grace write where their carets are."""
    (document,) = await demo.ada.get(f"{demo.project.path}/documents")
    path = f"/documents/{document['id']}/content?format=markdown&mode=append"
    await demo.ada.request("PATCH", path, content=PLAN)
    windows = [await demo.board(person) for person in (demo.ada, demo.bob, demo.grace)]
    for window in windows:
        await window.page.goto(f"{demo.server.url}/#/projects/{demo.project.id}/documents/{document['id']}")
        await expect(window.page.locator(".ProseMirror")).to_contain_text("Rehearse the countdown")
    hers, his, graces = windows
    for window, text in ((his, "Land four days later"), (graces, "Rehearse the countdown")):
        await window.page.locator(".ProseMirror p").filter(has_text=text).click()
        await window.page.keyboard.press("End")
    await expect(hers.page.locator(".other-caret")).to_have_count(2)
    await expect(hers.page.locator(".save-sign")).to_have_text("Saved")
    await take(hers, "document-light")


async def comments_light(demo: Demo) -> None:
    task = await demo.task_named("Order fuel")
    hers = await demo.board(demo.ada)
    await hers.page.goto(f"{demo.server.url}/#/projects/{demo.project.id}/tasks/{task}")
    await expect(hers.page.locator(".discussion .comment")).to_have_count(2)
    await hers.page.locator(".task-panel .panel-body").evaluate("(panel) => panel.scrollTo(0, panel.scrollHeight)")
    await take(hers, "comments-light")


async def activity_light(demo: Demo) -> None:
    hers = await demo.board(demo.ada)
    await hers.page.get_by_role("button", name="Activity").click()
    await expect(hers.page.locator(".feed li").first).to_be_visible()
    await take(hers, "activity-light")


async def board_phone(demo: Demo) -> None:
    hers = await demo.board(demo.ada, viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
    await take(hers, "board-phone")


async def watch(demo: Demo) -> None:
    """The board and the terminal, side by side on a page of their own."""
    hers = await demo.board(demo.ada, viewport=WATCHED)
    colours = {"FORCE_COLOR": "1", "COLUMNS": str(WATCH_COLUMNS), "TERM": "xterm-256color"}
    last = (await demo.ada.events(demo.project))[-1]["offset"]
    arguments = [demo.project.id, "--url", demo.server.url, "--since", "0"]
    lines = ["$ roomful-watch 01a21072-d012-722e-bf61-2cb4d0993047 --since 0"]
    async with Watch(*arguments, token=demo.ada.token, environment=colours) as terminal:
        while not lines[-1].lstrip().find(f"#{last} ") >= 0:
            lines.append(await terminal.line())
    await hers.page.evaluate(STAND_STILL)
    board = base64.b64encode(await hers.page.screenshot()).decode()
    width, height = WATCHED["width"], WATCHED["height"]
    context = await demo.chromium.context(
        viewport={"width": 2 * width + 60, "height": height + 70}, device_scale_factor=1
    )
    page = await context.new_page()
    await page.set_content(
        f"""<style>
          body {{ display: flex; gap: 20px; margin: 20px; background: #dcdcd6 }}
          figure {{ width: {width}px; height: {height + 30}px; margin: 0; border-radius: 10px; overflow: hidden;
            background: #e9e8e3; box-shadow: 0 8px 24px rgb(0 0 0 / 20%) }}
          figure.terminal {{ background: #14181b; color: #d8d8d4 }}
          header {{ height: 30px; background: rgb(127 127 127 / 14%) }}
          img {{ display: block; width: 100% }}
          pre {{ margin: 16px; font: 14.5px/22px "DejaVu Sans Mono", monospace }}
        </style>
        <figure><header></header><img src="data:image/png;base64,{board}"></figure>
        <figure class="terminal"><header></header>{in_html(lines)}</figure>"""
    )
    await page.evaluate("() => Promise.all([...document.images].map((each) => each.decode()))")
    picture = await page.screenshot(path=DIRECTORY / "watch.png")
    assert len(picture) <= MOST_BYTES, len(picture)


def in_html(lines: list[str]) -> str:
    """What a terminal would show, with its colours."""
    console = Console(record=True, width=WATCH_COLUMNS, file=StringIO(), color_system="truecolor")
    for line in lines:
        console.print(Text.from_ansi(line.rstrip("\n")))
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


PICTURES: dict[str, Callable[[Demo], Awaitable[None]]] = {
    "board-light": board_light,
    "task-dark": task_dark,
    "comments-light": comments_light,
    "activity-light": activity_light,
    "board-phone": board_phone,
    "watch": watch,
    "document-light": document_light,
}


def hue_of(person: Person) -> int:
    """The person's colour, as in client_demo/web/src/view/avatar.tsx."""
    total = 0
    for character in person.id:
        total = (total * 31 + ord(character)) % 2**32
    return total % HUES


async def main(names: list[str]) -> None:
    build_client()
    while not await take_all(names):
        print("two people have the same colour; once more")


async def take_all(names: list[str]) -> bool:
    """Returns whether the people of this demo can be told apart."""
    with tempfile.TemporaryDirectory() as directory:
        environment = environment_for(f"sqlite+aiosqlite:///{directory}/roomful.db")
        async with Server(Path(directory), environment, arguments=("--demo",)) as server:
            ada, bob = [await server.api.sign_in(f"{name}@example.com") for name in ("ada", "bob")]
            grace = await server.api.register("grace", "Hopper")
            if len({hue_of(person) for person in (ada, bob, grace)}) < 3:
                return False
            (project,) = [Project(each["id"]) for each in await ada.get("/projects")]
            await ada.add_member(project, grace)
            async with run_browser() as browser:
                for name in names or PICTURES:
                    async with Chromium(browser) as chromium:
                        await PICTURES[name](Demo(server, chromium, project, ada, bob, grace))
                    print(f"docs/images/{name}.png")
    return True


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
