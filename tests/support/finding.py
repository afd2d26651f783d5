"""Tasks to find on the board, and where it shows what was found."""

import re
from datetime import timedelta

from playwright.async_api import Locator, expect

from tests.support.api import Json, Person, Project
from tests.support.browsers import Window, today
from tests.support.server import Server


async def moon(server: Server) -> tuple[Person, Person, Project]:
    """Two people, and tasks to find."""
    ada, bob = await server.api.register("ada", "Lovelace"), await server.api.register("bob", "Kahn")
    project = await ada.create_project("Moon")
    await ada.add_member(project, bob)
    await ada.create_task(project, "Order fuel", labels=["urgent"], assignee_id=ada.id, due_on=str(today()))
    await ada.create_task(project, "Choose a crew", description="Three people.", assignee_id=bob.id)
    await ada.create_task(project, "Order food", labels=["urgent"], due_on=str(today() - timedelta(days=9)))
    await ada.create_task(project, "Build the rocket", status="in_progress", assignee_id=bob.id)
    return ada, bob, project


def shown(window: Window, column: str) -> Locator:
    return window.column(column).locator(".slot:visible .title")


def search(window: Window) -> Locator:
    return window.page.get_by_role("searchbox", name="Search these tasks")


def outcome(window: Window) -> Locator:
    return window.page.get_by_role("search").get_by_role("status")


async def address_has(window: Window, part: str) -> None:
    await expect(window.page).to_have_url(re.compile(re.escape(part)))


async def order_of(person: Person, project: Project, status: str) -> list[str]:
    tasks: list[Json] = (await person.snapshot(project))["tasks"]
    here = [task for task in tasks if task["status"] == status]
    return [task["title"] for task in sorted(here, key=lambda task: (task["position"], task["id"]))]


async def choose(window: Window, column: str, item: str) -> None:
    await window.page.get_by_role("button", name=f"Options of {column}").click()
    await window.page.get_by_role("button", name=item).locator("visible=true").click()
