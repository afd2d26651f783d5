"""Changes of documents, each with its event. For their content see `documents.contents`."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.documents.access import STATE, DocumentAccess
from roomful.documents.events import (
    DocumentBefore,
    DocumentCreated,
    DocumentDeleted,
    DocumentId,
    DocumentUndeleted,
    DocumentUpdated,
)
from roomful.documents.models import DOCUMENT
from roomful.documents.quotas import require_document
from roomful.documents.schemas import Document, DocumentPatch, DocumentState, NewDocument
from roomful.errors import Conflict, NotFound
from roomful.eventlog.typed_event import values_before
from roomful.ids import new_id
from roomful.projects.access import Access
from roomful.richtext.tree import empty_document
from roomful.roomstore import content
from roomful.web.etag import Precondition

KEPT_IN_TRASH = timedelta(days=30)
PURGE_BATCH = 10
"""A document may have hundreds of versions of 20 MiB."""


async def create_document(session: AsyncSession, access: Access, new: NewDocument, *, most: int) -> Document:
    """A document with one empty paragraph. `most` is how many the project may have.

    Raises Conflict in an archived project, LimitReached.
    """
    access.require_active()
    await require_document(session, access.project.id, most)
    made = await insert_document(session, access, new.title, empty_document())
    await access.record(session, DocumentCreated(document=made.document))
    return made.answer()


class Inserted(NamedTuple):
    document: DocumentState
    generation: str

    def answer(self) -> Document:
        """The document as the person who has made it sees it."""
        return Document.of(self.document, self.generation, may_write=True)


async def insert_document(
    session: AsyncSession, access: Access, title: str, state: bytes, *, task_id: str | None = None
) -> Inserted:
    """Store a new document of this member's with its first content. The caller records the event."""
    at = now()
    document = DocumentState(
        id=new_id(),
        project_id=access.project.id,
        title=title,
        task_id=task_id,
        bytes=len(state),
        version=1,
        created_by=access.person.id,
        created_at=at,
        updated_at=at,
    )
    await session.execute(_INSERT, vars(document))
    return Inserted(document, (await content.open_room(session, document.id, state)).generation)


async def change_document(
    session: AsyncSession, access: DocumentAccess, patch: DocumentPatch, if_match: Precondition
) -> Document:
    """Give it another title. Raises PreconditionFailed, Conflict in an archived project and for a description."""
    access.in_project.require_active()
    _require_no_task(access)
    before = access.document
    if_match.require(before.version, access.answer())
    changed = [name for name, value in patch.given().items() if getattr(before, name) != value]
    if not changed:
        return access.answer()
    document = before.model_copy(update={**patch.given(), "version": before.version + 1, "updated_at": now()})
    values = document.model_dump(include={*changed, "version", "updated_at"})
    await session.execute(_UPDATE, {"document": document.id, **values})
    previous = values_before(DocumentBefore, before, changed)
    await access.in_project.record(session, DocumentUpdated(document=document, changed=changed, previous=previous))
    return access.answer(document)


async def delete_document(
    session: AsyncSession, access: DocumentAccess, if_match: Precondition, *, for_good: bool
) -> None:
    """Put it into the trash for 30 days, or delete it for good. Deleting it from the trash makes no event.

    Raises NotFound, PreconditionFailed, Forbidden (only the owner deletes for good), Conflict in an archived project
    and for a description.
    """
    _require_no_task(access)
    if access.is_deleted and not for_good:
        raise NotFound
    if for_good:
        access.in_project.require_owner()
    access.in_project.require_active()
    if_match.require(access.document.version, access.answer())
    if for_good:
        await session.execute(_DELETE, {"document": access.id})
    else:
        await _set_deleted(session, access.document, is_deleted=True)
    if not access.is_deleted:
        await access.in_project.record(session, DocumentDeleted(document=DocumentId(id=access.id)))


async def restore_document(session: AsyncSession, access: DocumentAccess) -> Document:
    """Take it out of the trash. Raises Conflict in an archived project, and for one that is not in the trash."""
    access.in_project.require_active()
    _require_no_task(access)
    if not access.is_deleted:
        raise Conflict("The document is not in the trash.")
    document = access.document.model_copy(update={"version": access.document.version + 1, "updated_at": now()})
    await _set_deleted(session, document, is_deleted=False)
    await access.in_project.record(session, DocumentUndeleted(document=document))
    return access.answer(document)


async def read_page(
    session: AsyncSession, project_id: str, *, after: str, limit: int
) -> Sequence[Mapping[str, object]]:
    """The fields of documents, by id, from the first above `after`; neither those of tasks nor those in the trash."""
    found = await session.execute(_PAGE, {"project": project_id, "after": after, "count": limit})
    return [row._asdict() for row in found]


async def purge(session: AsyncSession) -> int:
    """Delete documents that have been in the trash for 30 days, at most PURGE_BATCH; returns their number."""
    old = list(await session.scalars(_OLD, {"before": now() - KEPT_IN_TRASH}))
    if old:
        await session.execute(_PURGE, {"documents": old})
    return len(old)


def _require_no_task(access: DocumentAccess) -> None:
    if access.document.task_id is not None:
        raise Conflict("The document is the description of a task: change or delete the task.")


async def _set_deleted(session: AsyncSession, document: DocumentState, *, is_deleted: bool) -> None:
    at = document.updated_at
    values = {"version": document.version, "updated_at": at, "deleted_at": now() if is_deleted else None}
    await session.execute(_UPDATE, {"document": document.id, **values})
    await content.set_deleted(session, document.id, is_deleted=is_deleted)


_ONE = DOCUMENT.c.id == bindparam("document")
_INSERT = insert(DOCUMENT)
_UPDATE = update(DOCUMENT).where(_ONE)
_DELETE = delete(DOCUMENT).where(_ONE)
_PAGE = (
    select(*STATE)
    .where(
        DOCUMENT.c.project_id == bindparam("project"),
        DOCUMENT.c.id > bindparam("after"),
        DOCUMENT.c.task_id.is_(None),
        DOCUMENT.c.deleted_at.is_(None),
    )
    .order_by(DOCUMENT.c.id)
    .limit(bindparam("count"))
)
_OLD = (
    select(DOCUMENT.c.id)
    .where(DOCUMENT.c.deleted_at < bindparam("before"))
    .order_by(DOCUMENT.c.deleted_at)
    .limit(PURGE_BATCH)
)
_PURGE = delete(DOCUMENT).where(DOCUMENT.c.id.in_(bindparam("documents", expanding=True)))
