"""Requests whose transaction PostgreSQL aborts in favour of another."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Message, Receive, Scope, Send

from roomful.db.outages import CONNECTING
from roomful.projects.models import Project
from roomful.runtime import Runtime
from roomful.tasks.models import Task
from roomful.web.retries import ATTEMPTS, handle_again
from tests.support.api import Api

DEADLOCK, LOCK_TIMEOUT, LOST = "40P01", "55P03", "57P01"
BODY: list[Message] = [
    {"type": "http.request", "body": b"a", "more_body": True},
    {"type": "http.request", "body": b"b", "more_body": False},
]


async def somebody_waits(session: AsyncSession) -> None:
    """Wait until another connection waits for this session's lock."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
    async with asyncio.timeout(20):
        while not await session.scalar(waiting):  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("backend", ["postgresql"])  # SQLite has one writer and no deadlocks
async def test_a_change_in_a_deadlock_is_retried(app: FastAPI, client: httpx.AsyncClient) -> None:
    runtime: Runtime = app.state.runtime
    ada = await Api(client).register("ada")
    project = await ada.create_project()
    task = await ada.create_task(project, "Order fuel")
    for number in range(5):
        async with runtime.database.write() as other, asyncio.TaskGroup() as tasks:
            # PostgreSQL gives up whoever looks while they wait for each other, a second after it began to wait; this
            # session looks later, and is given up only where a busy machine made it come too late for the request.
            await other.execute(text("SET LOCAL deadlock_timeout = '5s'"))
            await other.execute(update(Task).where(Task.id == task["id"]).values(version=Task.version))
            path, title = f"{project.path}/tasks/{task['id']}", f"Order fuel {number}"
            patch = tasks.create_task(ada.request("PATCH", path, json={"title": title}))
            await somebody_waits(other)  # for the task, with the project locked
            try:
                await other.execute(update(Project).where(Project.id == project.id).values(version=Project.version))
                break
            except DBAPIError:
                continue
            finally:
                await other.commit()
    else:
        pytest.fail("the request was never the one that PostgreSQL gave up")
    assert patch.result().status_code == 200
    events = [event["type"] for event in await ada.all_events(project)]
    assert events[1:] == ["task.created", *["task.updated"] * (number + 1)]


class Failing:
    """A route that reads its body and fails several times before it answers."""

    def __init__(
        self, times: int, state: str = DEADLOCK, *, late: bool = False, statement: str | None = "UPDATE"
    ) -> None:
        self.left, self.state, self.late, self.statement = times, state, late, statement
        self.bodies: list[list[Message]] = []

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        self.bodies.append([await receive(), await receive()])
        if self.late:
            await send({"type": "http.response.start", "status": 200})
        if self.left > 0:
            self.left -= 1
            cause = SimpleNamespace(sqlstate=self.state)
            raise DBAPIError(self.statement, None, cause, connection_invalidated=self.state == LOST)  # type: ignore[arg-type]
        await send({"type": "http.response.start", "status": 200})


async def run(route: Failing) -> list[Message]:
    coming, sent = iter(BODY), []

    async def receive() -> Message:
        return next(coming)

    async def send(message: Message) -> None:
        sent.append(message)

    await handle_again(route, {"type": "http"}, receive, send)
    return sent


async def test_each_attempt_reads_the_same_body() -> None:
    route = Failing(ATTEMPTS - 1)
    assert len(await run(route)) == 1
    assert route.bodies == [BODY] * ATTEMPTS


async def test_a_connection_that_was_dead_is_replaced_once() -> None:
    route = Failing(1, LOST)
    assert len(await run(route)) == 1
    assert route.bodies == [BODY] * 2


@pytest.mark.parametrize(
    ("route", "attempts"),
    [
        (Failing(ATTEMPTS), ATTEMPTS),
        (Failing(1, LOCK_TIMEOUT), 1),
        (Failing(1, late=True), 1),
        (Failing(2, LOST), 2),
        (Failing(1, LOST, statement=None), 1),
        (Failing(1, LOST, statement=CONNECTING), 1),
    ],
    ids=[
        "too often",
        "for another reason",
        "when the answer has begun",
        "when the next connection is dead too",
        "when it may have been committed",
        "when there is no connection",
    ],
)
async def test_other_failures_are_raised(route: Failing, attempts: int) -> None:
    with pytest.raises(DBAPIError):
        await run(route)
    assert len(route.bodies) == attempts
