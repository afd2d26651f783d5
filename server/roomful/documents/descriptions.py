"""The documents in which people write descriptions of tasks."""

from typing import NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import project_channel
from roomful.documents.access import DocumentAccess, find_document
from roomful.documents.content_event import description_now
from roomful.documents.contents import lock_content, store_patch
from roomful.documents.conversions import Conversions
from roomful.documents.description_text import document_of, rewritten
from roomful.documents.schemas import Document
from roomful.documents.service import insert_document
from roomful.errors import NotFound
from roomful.eventlog import log
from roomful.projects.access import Access
from roomful.richtext.reading import seconds_at_most
from roomful.roomstore import versions
from roomful.roomstore.append import lock
from roomful.tasks import service as tasks
from roomful.tasks.descriptions import Rewritten
from roomful.tasks.schemas import Task
from roomful.tasks.tags import stale


class Made(NamedTuple):
    document: Document
    is_new: bool


async def make_document(session: AsyncSession, access: Access, task_id: str, conversions: Conversions) -> Made:
    """The document of a task's description, made from its Markdown at the first call. Idempotent.

    The text becomes the first version, so that no change takes it away for good.
    Raises NotFound, Conflict in an archived project, Unavailable.
    """
    task = await tasks.find_task(session, access.project.id, task_id)
    if task.document_id is not None:
        found = await find_document(session, task.document_id)
        if found is None:
            raise NotFound
        return Made(DocumentAccess(access, found.document, found.head).answer(), is_new=False)
    access.require_active()
    text = task.description or ""
    state = await conversions.run([text.encode()], lambda: document_of(text), seconds=seconds_at_most(text, "markdown"))
    inserted = await insert_document(session, access, task.title, state, task_id=task.id)
    if text:
        await versions.add(session, await lock(session, inserted.document.id), state, trigger="idle")
    await tasks.set_document(session, access, task, inserted.document.id)
    return Made(inserted.answer(), is_new=True)


class DocumentDescriptions:
    """The `Descriptions` of tasks."""

    def __init__(self, conversions: Conversions, *, max_bytes: int) -> None:
        self._conversions = conversions
        self._max_bytes = max_bytes

    async def rewrite(
        self, session: AsyncSession, access: Access, task: Task, text: str | None, read_at: int | None
    ) -> Rewritten | None:
        """See the protocol. Keeps a version first, as every change by REST does."""
        assert task.document_id is not None
        at_work = await lock_content(session, task.document_id)
        read, goal = await _description_at(session, access, task, read_at) or "", text or ""
        changed = await self._conversions.run(
            [*at_work.updates, read.encode(), goal.encode()],
            lambda: rewritten(at_work.updates, read, goal, is_certain=read_at is not None),
            seconds=seconds_at_most(read, "markdown") + seconds_at_most(goal, "markdown"),
        )
        if not changed.update:
            return None
        stored = await store_patch(session, at_work.room, changed, access.person.id, max_bytes=self._max_bytes)
        return Rewritten(
            await description_now(session, task.document_id, task.description, self._conversions), stored.by
        )


async def _description_at(session: AsyncSession, access: Access, task: Task, offset: int | None) -> str | None:
    """The description as the event at this offset told of it. Raises PreconditionFailed if that is not known."""
    if offset is None or offset == task.description_offset:
        return task.description
    try:
        page = await log.read_since(session, project_channel(access.project.id), offset - 1, limit=1)
        told = _decode(page.publications[0].data).data.task
    except (log.Expired, IndexError, msgspec.ValidationError):
        raise stale(task) from None
    if told.id != task.id or told.description_offset != offset:
        raise stale(task)
    return told.description


class _Told(msgspec.Struct):
    id: str
    description: str | None
    description_offset: int


class _Data(msgspec.Struct):
    task: _Told


class _Event(msgspec.Struct):
    data: _Data


_decode = msgspec.json.Decoder(_Event).decode
