"""Routes to compare Roomful's with: the bare insert, and a route as it is usually written."""

import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Annotated, Literal

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fractional_indexing import generate_key_between
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.engine import Database
from roomful.identity.models import User
from roomful.projects.models import Member, Project
from roomful.serve import listen, uvicorn_config
from roomful.settings import Settings, load_settings
from roomful.signing_key import signing_key
from roomful.tasks.models import Task


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
    # A number, as a trigger would give one to a task that has none.
    number = secrets.randbelow(2**31)
    task = Task(project_id=project_id, number=number, position="a0", **new.model_dump())
    session.add(task)
    await session.commit()
    return TaskAnswer.model_validate(task)


async def current_user(
    request: Request,
    session: Annotated[AsyncSession, Depends(write_session)],
    bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())],
) -> User:
    key: str = request.app.state.key
    claims = jwt.decode(bearer.credentials, key, algorithms=["HS256"], audience="roomful", issuer="roomful")
    user = await session.get(User, claims["sub"])
    if user is None or not user.is_active:
        raise HTTPException(401)
    return user


async def create_task_signed_in(
    project_id: str,
    new: NewTask,
    user: Annotated[User, Depends(current_user)],
    session: Annotated[AsyncSession, Depends(write_session)],
) -> TaskAnswer:
    """As in a FastAPI tutorial: the person, the membership, the project's row, the place in the column."""
    member = await session.get(Member, (project_id, user.id))
    project = await session.get(Project, project_id, with_for_update=True)
    if member is None or project is None or member.role == "viewer":
        raise HTTPException(404)
    last = await session.scalar(
        select(Task.position)
        .where(Task.project_id == project_id, Task.status == new.status)
        .order_by(Task.position.desc())
        .limit(1)
    )
    fields = {**new.model_dump(), "created_by": user.id}
    project.task_count += 1
    project.task_number += 1
    position = generate_key_between(last, None)
    task = Task(project_id=project_id, number=project.task_number, position=position, **fields)
    session.add(task)
    await session.commit()
    return TaskAnswer.model_validate(task)


class SnapshotAnswer(BaseModel):
    name: str
    tasks: list[TaskAnswer]


async def show_snapshot(
    project_id: str,
    user: Annotated[User, Depends(current_user)],
    session: Annotated[AsyncSession, Depends(write_session)],
) -> SnapshotAnswer:
    member, project = await session.get(Member, (project_id, user.id)), await session.get(Project, project_id)
    if member is None or project is None:
        raise HTTPException(404)
    tasks = await session.scalars(select(Task).where(Task.project_id == project_id).order_by(Task.position))
    return SnapshotAnswer(name=project.name, tasks=[TaskAnswer.model_validate(task) for task in tasks])


def create_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Roomful's own engine, so that the two differ in their work, not in their pools.
        app.state.database = Database(settings)
        yield
        await app.state.database.close()

    app = FastAPI(lifespan=lifespan)
    app.state.key = signing_key(settings)
    app.post("/projects/{project_id}/tasks", status_code=201)(create_task)
    app.post("/signed-in/projects/{project_id}/tasks", status_code=201)(create_task_signed_in)
    app.get("/projects/{project_id}/snapshot")(show_snapshot)
    return app


def main() -> None:
    """`python -m bench.bare PORT`, on the database of Roomful's settings."""
    settings = load_settings()
    with listen("127.0.0.1", int(sys.argv[1])) as listener:
        uvicorn.Server(uvicorn_config(create_app(settings), settings)).run(sockets=[listener])


if __name__ == "__main__":
    main()
