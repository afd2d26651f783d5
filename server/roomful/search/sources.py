"""Entries for the index, read from the rows of a project."""

import logging
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import BindParameter, Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.comments.models import COMMENT
from roomful.documents.conversions import Conversions
from roomful.documents.models import DOCUMENT
from roomful.projects.models import PROJECT
from roomful.richtext.tree import loaded, text_of
from roomful.rooms.store.port import UnknownDocument
from roomful.roomstore import content
from roomful.search.schemas import Kind
from roomful.tasks.models import TASK

logger = logging.getLogger(__name__)

MAX_TEXT_CHARS = 100_000
"""Of an entry; what follows is not found. Descriptions and comments are shorter anyway."""
ASKED_AT_ONCE = 100
"""Ids in one query."""
TASKS_AT_ONCE = 100
DOCUMENTS_AT_ONCE = 10

_MENTION = re.compile(r"@\[((?:[^\[\]\\]|\\.)*)\]\(mention://user/[0-9a-f-]{36}\)")
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RuntimeError)


class Source(NamedTuple):
    """Something that can be found. The title of a comment is that of its task, by which it is not found."""

    type: Kind
    id: str
    task_id: str | None
    title: str
    text: str


class Part(NamedTuple):
    """Some sources, and where the next part begins; None at the end."""

    sources: list[Source]
    after: str | None


async def project(session: AsyncSession, project_id: str) -> list[Source]:
    row = (await session.execute(_PROJECT, {"project": project_id})).one_or_none()
    return [] if row is None else [Source("project", row.id, None, row.name, row.description or "")]


async def tasks(session: AsyncSession, ids: Sequence[str]) -> list[Source]:
    """Those of the tasks that are not in the trash."""
    return [_task(row) for part in _parts(ids) for row in await session.execute(_TASKS, {"ids": part})]


async def comments(session: AsyncSession, ids: Sequence[str]) -> list[Source]:
    """Those of the comments that are not deleted, on tasks that are not in the trash."""
    return [_comment(row) for part in _parts(ids) for row in await session.execute(_COMMENTS, {"ids": part})]


async def documents(session: AsyncSession, ids: Sequence[str], conversions: Conversions) -> list[Source]:
    """Those of the documents that are not in the trash. The description of a task is found by its task.

    Raises Unavailable.
    """
    found: list[Source] = []
    for part in _parts(ids):
        for row in await session.execute(_DOCUMENTS, {"ids": part}):
            found.append(Source("document", row.id, None, row.title, await _content(session, row.id, conversions)))
    return found


async def tasks_after(session: AsyncSession, project_id: str, number: int) -> Part:
    """The project's next tasks by their numbers."""
    rows = (await session.execute(_TASKS_AFTER, {"project": project_id, "after": number})).all()
    return Part([_task(row) for row in rows], str(rows[-1].number) if rows else None)


async def documents_after(session: AsyncSession, project_id: str, id: str, conversions: Conversions) -> Part:
    """The project's next documents by their ids. Raises Unavailable."""
    asked = {"project": project_id, "after": id}
    ids = (await session.execute(_DOCUMENTS_AFTER, asked)).scalars().all()
    return Part(await documents(session, ids, conversions), ids[-1] if ids else None)


async def _content(session: AsyncSession, doc_id: str, conversions: Conversions) -> str:
    try:
        updates = (await content.read(session, doc_id)).updates
        return _plain(await conversions.run(updates, lambda: text_of(loaded(updates, 0))[: 2 * MAX_TEXT_CHARS]))
    except UnknownDocument:
        return ""
    except _UNREADABLE:
        # Content of a strange editor must not keep the project's other changes from being found.
        logger.exception("a document can't be read for the search", extra={"document": doc_id})
        return ""


def _task(row: Row[str, str, str | None] | Row[str, str, str | None, int]) -> Source:
    return Source("task", row.id, row.id, row.title, _plain(row.description or ""))


def _comment(row: Row[str, str, str]) -> Source:
    return Source("comment", row.id, row.task_id, "", _plain(row.body))


def _plain(text: str) -> str:
    """Without what nobody reads: the address in a mention, and NUL, which no database takes in a text."""
    return _MENTION.sub(r"@\1", text).replace("\x00", " ")[:MAX_TEXT_CHARS]


def _parts(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), ASKED_AT_ONCE):
        yield list(ids[start : start + ASKED_AT_ONCE])


_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_PROJECT = select(PROJECT.c.id, PROJECT.c.name, PROJECT.c.description).where(PROJECT.c.id == bindparam("project"))
_TASK = select(TASK.c.id, TASK.c.title, TASK.c.description).where(TASK.c.deleted_at.is_(None))
_TASKS = _TASK.where(TASK.c.id.in_(_IDS))
_TASKS_AFTER = (
    _TASK.add_columns(TASK.c.number)
    .where(TASK.c.project_id == bindparam("project"), TASK.c.number > bindparam("after"))
    .order_by(TASK.c.number)
    .limit(TASKS_AT_ONCE)
)
_COMMENT = (
    select(COMMENT.c.id, COMMENT.c.task_id, COMMENT.c.body)
    .join(TASK, TASK.c.id == COMMENT.c.task_id)
    .where(COMMENT.c.deleted_at.is_(None), TASK.c.deleted_at.is_(None))
)
_COMMENTS = _COMMENT.where(COMMENT.c.id.in_(_IDS))
_DOCUMENT = select(DOCUMENT.c.id, DOCUMENT.c.title).where(DOCUMENT.c.deleted_at.is_(None), DOCUMENT.c.task_id.is_(None))
_DOCUMENTS = _DOCUMENT.where(DOCUMENT.c.id.in_(_IDS))
_DOCUMENTS_AFTER = (
    select(DOCUMENT.c.id)
    .where(DOCUMENT.c.project_id == bindparam("project"), DOCUMENT.c.id > bindparam("after"))
    .order_by(DOCUMENT.c.id)
    .limit(DOCUMENTS_AT_ONCE)
)
