"""Snapshots of projects, each built once for all requests at the same offset."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import project_channel
from roomful.concurrency.task_scope import TaskScope
from roomful.db.engine import Database
from roomful.documents import service as documents
from roomful.errors import NotFound
from roomful.eventlog import log
from roomful.eventlog.log import Position
from roomful.projects import members, service
from roomful.projects.columns import list_columns
from roomful.projects.labels import list_labels
from roomful.projects.models import Role
from roomful.projects.schemas import Project
from roomful.snapshots.builds import Builds
from roomful.snapshots.packed import PackedBody
from roomful.snapshots.schemas import Stream
from roomful.tasks import service as tasks

PAGE_TASKS = 100
PAGE_DOCUMENTS = 500
MAX_BUILD_SECONDS = 60.0

SnapshotOf = tuple[str, Role]
"""A project, as a member with this role sees it."""


def open_snapshots(database: Database, task_scope: TaskScope) -> Builds[SnapshotOf]:
    return Builds(
        database, task_scope, lambda session, what: _pack(session, *what), max_build_seconds=MAX_BUILD_SECONDS
    )


async def _pack(session: AsyncSession, project_id: str, role: Role) -> tuple[Position, PackedBody]:
    """The snapshot as the session's transaction sees it."""
    channel = project_channel(project_id)
    state = await service.find_state(session, project_id)
    if state is None:
        raise NotFound
    position = await log.head(session, channel)
    head = {
        "project": Project.of(state, role, position.offset).model_dump(),
        "members": [member.model_dump() for member in await members.list_everybody(session, project_id)],
        "columns": [column.model_dump() for column in await list_columns(session, project_id)],
        "labels": [label.model_dump() for label in await list_labels(session, project_id)],
    }
    stream = Stream(channel=channel, offset=position.offset, epoch=position.epoch)
    packed = PackedBody()
    await asyncio.to_thread(_begin, packed, head)
    after: tasks.PageMark | None = tasks.FIRST
    while after is not None:
        is_first = after is tasks.FIRST
        page, after = await tasks.read_page(session, project_id, after=after, limit=PAGE_TASKS)
        await asyncio.to_thread(_add, packed, page, is_first=is_first)
    await asyncio.to_thread(packed.write, b'],"documents":[')
    last = ""
    while True:
        found = await documents.read_page(session, project_id, after=last, limit=PAGE_DOCUMENTS)
        await asyncio.to_thread(_add, packed, found, is_first=not last)
        if len(found) < PAGE_DOCUMENTS:
            break
        last = str(found[-1]["id"])
    await asyncio.to_thread(_end, packed, {"stream": stream.model_dump()})
    return position, packed


def _begin(packed: PackedBody, head: Mapping[str, object]) -> None:
    packed.write(msgspec.json.encode(head)[:-1] + b',"tasks":[')


def _add(packed: PackedBody, items: Sequence[Mapping[str, object]], *, is_first: bool) -> None:
    if items:
        packed.write((b"" if is_first else b",") + msgspec.json.encode(items)[1:-1])


def _end(packed: PackedBody, tail: Mapping[str, object]) -> None:
    packed.write(b"]," + msgspec.json.encode(tail)[1:])
    packed.finish()
