"""What Roomful's create-task route is measured against: the same insert, and nothing else."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Annotated, Literal

import uvicorn
from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from server.db.engine import Database
from server.identity import models as _people  # noqa: F401
from server.process import listen, uvicorn_config
from server.projects import models as _projects  # noqa: F401  # the tables that a task refers to
from server.settings import Settings, load_settings
from server.tasks.models import Task


class NewTask(BaseModel):
    title: Annotated[str, Field(min_length=1, max_length=200)]
    description: Annotated[str, Field(max_length=10_000)] | None = None
    status: Literal["todo", "in_progress", "done"] = "todo"
    labels: list[str] = []
    created_by: str


class TaskAnswer(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    title: str
    description: str | None
    status: str
    assignee_id: str | None
    due_on: date | None
    labels: list[str]
    position: str
    version: int
    created_by: str
    created_at: datetime
    updated_at: datetime


async def write_session(request: Request) -> AsyncIterator[AsyncSession]:
    database: Database = request.app.state.database
    async with database.write() as session:
        yield session


async def create_task(
    project_id: str, new: NewTask, session: Annotated[AsyncSession, Depends(write_session)]
) -> TaskAnswer:
    task = Task(project_id=project_id, position="a0", **new.model_dump())
    session.add(task)
    await session.commit()
    return TaskAnswer.model_validate(task)


def create_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Roomful's own way of connecting, so that the two differ in what they do and not in how their pools are tuned.
        app.state.database = Database(settings)
        yield
        await app.state.database.close()

    app = FastAPI(lifespan=lifespan)
    app.post("/projects/{project_id}/tasks", status_code=201)(create_task)
    return app


def main() -> None:
    """`python -m bench.bare PORT`, on the database that Roomful's settings name."""
    settings = load_settings()
    with listen("127.0.0.1", int(sys.argv[1])) as listener:
        uvicorn.Server(uvicorn_config(create_app(settings), settings)).run(sockets=[listener])


if __name__ == "__main__":
    main()
