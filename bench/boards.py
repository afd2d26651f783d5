"""The two boards that figures of the browser are taken on: an empty one, and one with many tasks and people."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bench.grounds import START_SECONDS, Ground
from bench.seed import KEY
from roomful.db.engine import Database
from roomful.settings import load_settings
from tests.support.api import Person, Project
from tests.support.browsers import build_client
from tests.support.large import fill
from tests.support.server import Server
from tests.support.subscribers import PlainSubscriber

TASKS = 2_000
PEOPLE = 50
DESCRIPTION = 60


@dataclass(frozen=True, slots=True)
class Boards:
    """`ada` owns both projects; everybody else is here, on the full one, all the time."""

    server: Server
    ada: Person
    empty: Project
    full: Project


@asynccontextmanager
async def boards(ground: Ground) -> AsyncIterator[Boards]:
    """Nothing is pinned: browser and server share the cores, as they do for who tries Roomful. Raises Missing."""
    build_client()
    async with (
        Server(ground.directory, ground.environment, start_seconds=START_SECONDS) as server,
        AsyncExitStack() as others,
    ):
        ada, *people = [await server.api.register(f"person{number}", "Lovelace") for number in range(PEOPLE)]
        found = Boards(server, ada, await ada.create_project("Gemini"), await ada.create_project("Apollo"))
        for person in people:
            await ada.add_member(found.full, person)
        await _add_tasks(ground, found.full, [ada, *people])
        for person in people:
            reader = PlainSubscriber(server.socket_url, found.full.id, token=person.token)
            await others.enter_async_context(reader)
        yield found


async def _add_tasks(ground: Ground, project: Project, people: list[Person]) -> None:
    database = Database(load_settings(database_url=ground.database_url, secret_key=KEY))
    try:
        async with database.write() as session:
            assignees = [person.id for person in people]
            await fill(session, project, people[0], tasks=TASKS, characters=DESCRIPTION, assignees=assignees)
            await session.commit()
    finally:
        await database.close()
