"""An import whose server is killed in the middle, on every database."""

import asyncio
import contextlib

import httpx

from tests.support.api import Person, Project
from tests.support.server import Server

PARTS = 12
ROWS = 40
ANSWERED_BEFORE_THE_KILL = 4


def part(number: int) -> str:
    return "title\n" + "".join(f"Task {number}.{row}\n" for row in range(ROWS))


async def send(person: Person, project: Project, number: int) -> None:
    answer = await person.request(
        "POST",
        f"{project.path}/import",
        content=part(number),
        Content_Type="text/csv",
        Idempotency_Key=f"import-1-{number}",
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["made"] == ROWS


async def test_parts_sent_again_after_a_kill_lose_and_double_nothing(server: Server) -> None:
    ada = await server.api.register("ada")
    project = await ada.create_project()
    answered: list[int] = []
    in_the_middle = asyncio.Event()

    async def send_all() -> None:
        for number in range(PARTS):
            with contextlib.suppress(httpx.TransportError):  # killed before the answer: the outcome is unknown
                await send(ada, project, number)
                answered.append(number)
                if len(answered) == ANSWERED_BEFORE_THE_KILL:
                    in_the_middle.set()
                continue
            return

    async with asyncio.TaskGroup() as group:
        group.create_task(send_all())
        await in_the_middle.wait()
        await server.kill()
    assert len(answered) < PARTS, "all was imported before the kill"
    await server.start()
    made = len((await ada.snapshot(project))["tasks"])
    assert made % ROWS == 0, "a part was made in part"
    assert made >= len(answered) * ROWS

    for number in range(PARTS):
        await send(ada, project, number)
    tasks = sorted((await ada.snapshot(project))["tasks"], key=lambda task: task["number"])
    assert [task["title"] for task in tasks] == [
        f"Task {number}.{row}" for number in range(PARTS) for row in range(ROWS)
    ]
    assert [task["number"] for task in tasks] == list(range(1, PARTS * ROWS + 1))
    events = await ada.all_events(project)
    assert [event["offset"] for event in events] == list(range(1, PARTS * ROWS + 2))
