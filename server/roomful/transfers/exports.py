"""Exports of projects: everything a member can read, as JSON, or the tasks as CSV."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import project_channel
from roomful.comments import pages as comments
from roomful.comments.schemas import Comment
from roomful.concurrency.task_scope import TaskScope
from roomful.db.base import now
from roomful.db.engine import Database
from roomful.documents import service as documents
from roomful.documents.changes import rendered
from roomful.documents.conversions import Conversions
from roomful.documents.description_text import is_cut
from roomful.errors import NotFound
from roomful.eventlog import log
from roomful.eventlog.log import Position
from roomful.projects import members, service
from roomful.projects.columns import list_columns
from roomful.projects.labels import list_labels
from roomful.projects.schemas import Column, Member, ProjectState
from roomful.rooms.store.port import UnknownDocument
from roomful.roomstore import content
from roomful.snapshots.builds import Builds
from roomful.snapshots.packed import PackedBody
from roomful.snapshots.schemas import Stream
from roomful.tasks import service as tasks
from roomful.transfers import cells
from roomful.transfers.descriptions import with_plain_ends

ExportFormat = Literal["json", "csv"]
ExportOf = tuple[str, ExportFormat]
"""A project, in this format. Every member reads the same."""

PAGE_TASKS = 100
PAGE_DOCUMENTS = 100
PAGE_COMMENTS = 200
PART_BYTES = 256 * 1024
MAX_BUILD_SECONDS = 300.0
"""Each document is read as Markdown, which takes longer than anything in a snapshot."""

_HEADINGS = (
    *("number", "title", "description", "column", "status", "labels", "assignee", "due_on"),
    *("assignee_id", "comment_count", "created_by", "created_at", "updated_at", "id"),
)
_Fields = dict[str, object]


def open_exports(database: Database, task_scope: TaskScope, conversions: Conversions) -> Builds[ExportOf]:
    async def build(session: AsyncSession, what: ExportOf) -> tuple[Position, PackedBody]:
        project_id, format = what
        export = _Export(session, project_id, conversions)
        return await (export.as_json() if format == "json" else export.as_csv())

    return Builds(database, task_scope, build, max_build_seconds=MAX_BUILD_SECONDS)


class _Export:
    """One export, as the session's transaction sees the project; a page at a time in memory."""

    def __init__(self, session: AsyncSession, project_id: str, conversions: Conversions) -> None:
        self._session = session
        self._project_id = project_id
        self._conversions = conversions
        self._packed = PackedBody()
        self._waiting = bytearray()

    async def as_json(self) -> tuple[Position, PackedBody]:
        project, position = await self._begin()
        head = {
            "format": "roomful-project-1",
            "exported_at": now(),
            "project": project.model_dump(),
            "members": [member.model_dump() for member in await self._members()],
            "columns": [column.model_dump() for column in await self._columns()],
            "labels": [label.model_dump() for label in await list_labels(self._session, self._project_id)],
        }
        await self._write(msgspec.json.encode(head)[:-1] + b',"tasks":[')
        await self._write_tasks()
        await self._write(b'],"documents":[')
        await self._write_documents()
        stream = Stream(channel=project_channel(self._project_id), offset=position.offset, epoch=position.epoch)
        await self._write(b"]," + msgspec.json.encode({"stream": stream.model_dump()})[1:])
        return await self._finish(position)

    async def as_csv(self) -> tuple[Position, PackedBody]:
        project, position = await self._begin()
        names = {member.user_id: member.name for member in await self._members()}
        columns = {column.id: column.name for column in await self._columns()}
        await self._write((cells.BYTE_ORDER_MARK + cells.written([_HEADINGS])).encode())
        after: tasks.PageMark | None = tasks.FIRST
        while after is not None:
            page, after = await self._read_tasks(after)
            await self._write(await asyncio.to_thread(_csv_of, page, project.key, names, columns))
        return await self._finish(position)

    async def _begin(self) -> tuple[ProjectState, Position]:
        project = await service.find_state(self._session, self._project_id)
        if project is None:
            raise NotFound
        return project, await log.head(self._session, project_channel(self._project_id))

    async def _members(self) -> Sequence[Member]:
        return await members.list_everybody(self._session, self._project_id)

    async def _columns(self) -> Sequence[Column]:
        return await list_columns(self._session, self._project_id)

    async def _read_tasks(self, after: tasks.PageMark) -> tuple[Sequence[_Fields], tasks.PageMark | None]:
        page, end = await tasks.read_page(self._session, self._project_id, after=after, limit=PAGE_TASKS)
        for task in page:
            if task["document_id"] is not None and is_cut(task["description"]):
                task["description"] = (await self._markdown(str(task["document_id"]))).removesuffix("\n")
        return page, end

    async def _write_tasks(self) -> None:
        separator = b""
        after: tasks.PageMark | None = tasks.FIRST
        while after is not None:
            page, after = await self._read_tasks(after)
            for encoded, task in zip(await asyncio.to_thread(_encode_each, page), page, strict=True):
                await self._write(separator + encoded[:-1] + b',"comments":[')
                if task["comment_count"]:
                    await self._write_comments(str(task["id"]))
                await self._write(b"]}")
                separator = b","

    async def _write_comments(self, task_id: str) -> None:
        separator = b""
        after: comments.PageMark | None = comments.FIRST
        while after is not None:
            page, after = await comments.read_page(
                self._session, self._project_id, task_id, after=after, limit=PAGE_COMMENTS
            )
            if page:
                await self._write(separator + await asyncio.to_thread(_encode_comments, page))
            separator = b","

    async def _write_documents(self) -> None:
        separator, last = b"", ""
        while True:
            page = await documents.read_page(self._session, self._project_id, after=last, limit=PAGE_DOCUMENTS)
            for document in page:
                last = str(document["id"])
                whole = {**document, "markdown": await self._markdown(last)}
                await self._write(separator + await asyncio.to_thread(msgspec.json.encode, whole))
                separator = b","
            if len(page) < PAGE_DOCUMENTS:
                return

    async def _markdown(self, document_id: str) -> str:
        try:
            updates = (await content.read(self._session, document_id)).updates
        except UnknownDocument:  # a node of an older version has deleted it in part
            return ""
        return (await self._conversions.run(updates, lambda: rendered(updates, "markdown"))).decode()

    async def _write(self, text: bytes) -> None:
        """In larger parts: a task without comments is not worth a trip to a thread."""
        self._waiting += text
        if len(self._waiting) >= PART_BYTES:
            await self._flush()

    async def _flush(self) -> None:
        part, self._waiting = bytes(self._waiting), bytearray()
        await asyncio.to_thread(self._packed.write, part)

    async def _finish(self, position: Position) -> tuple[Position, PackedBody]:
        await self._flush()
        await asyncio.to_thread(self._packed.finish)
        return position, self._packed


def _csv_of(page: Sequence[_Fields], key: str, names: Mapping[str, str], columns: Mapping[str, str]) -> bytes:
    return cells.written(_row(task, key, names, columns) for task in page).encode()


def _row(task: _Fields, key: str, names: Mapping[str, str], columns: Mapping[str, str]) -> list[str]:
    labels, assignee = task["labels"], task["assignee_id"]
    description = task["description"]
    if task["document_id"] is not None and isinstance(description, str):
        description = with_plain_ends(description)
    values = {
        **task,
        "description": description,
        "number": f"{key}-{task['number']}",
        "column": columns.get(str(task["column_id"]), ""),
        "labels": cells.joined(labels) if isinstance(labels, list) else "",
        "assignee": names.get(str(assignee), ""),
        "created_by": names.get(str(task["created_by"]), ""),
    }
    return [_cell(values[heading]) for heading in _HEADINGS]


def _cell(value: object) -> str:
    """None is empty; times and days are as in JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode().strip('"')


def _encode_each(items: Sequence[_Fields]) -> list[bytes]:
    return [msgspec.json.encode(item) for item in items]


def _encode_comments(page: Sequence[Comment]) -> bytes:
    return msgspec.json.encode([comment.model_dump() for comment in page])[1:-1]
