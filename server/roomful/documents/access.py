"""Rights in documents, as dependencies in a route's signature."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import Depends, Request, params
from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.documents.models import DOCUMENT, Document
from roomful.documents.schemas import Document as DocumentAnswer
from roomful.documents.schemas import DocumentState
from roomful.errors import NotFound
from roomful.identity.people import identify
from roomful.identity.tokens import AccessClaims
from roomful.projects.access import Access, PathId, find_at_work, find_viewer
from roomful.projects.quotas import quotas_of
from roomful.rooms.store.port import Head
from roomful.roomstore.models import ROOM
from roomful.tasks.models import TASK
from roomful.web.dependencies import DB, Claims, MutationId, ReadDB
from roomful.web.limits import limits_of


class Found(NamedTuple):
    """A document's row, and the head of its content."""

    document: DocumentState
    head: Head
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class DocumentAccess:
    """A member's access to a document.

    `in_project` holds the person and their role; `head` is the content's. If the route changes something, the project
    is locked until its transaction ends. Its documents are not: people go on typing.
    """

    in_project: Access
    document: DocumentState
    head: Head
    is_deleted: bool = False

    @property
    def id(self) -> str:
        return self.document.id

    def answer(self, state: DocumentState | None = None) -> DocumentAnswer:
        """The document as this member sees it."""
        may_write = self.in_project.role != "viewer" and self.in_project.project.status == "active"
        return DocumentAnswer.of(state or self.document, self.head.generation, may_write=may_write)


async def find_document(session: AsyncSession, doc_id: str) -> Found | None:
    """Finds those in the trash, too."""
    row = (await session.execute(_DOCUMENT, {"document": doc_id})).one_or_none()
    if row is None:
        return None
    return Found(DocumentState.model_validate(row), Head(row.generation, row.head), row.deleted_at is not None)


async def find_reader(session: AsyncSession, doc_id: str, claims: AccessClaims) -> DocumentAccess:
    """The signed-in member of the document's project. Raises Unauthenticated; NotFound for non-members."""
    found = await _find(session, doc_id, claims)
    access = await find_viewer(session, found.document.project_id, claims)
    if found.is_deleted:
        raise NotFound
    return DocumentAccess(access, found.document, found.head)


async def _reader_of(doc_id: PathId, request: Request, claims: Claims, session: ReadDB) -> DocumentAccess:
    limits_of(request).count_read(claims.user_id)
    return await find_reader(session, doc_id, claims)


def _at_work(require: Callable[[Access], None], *, in_trash: bool = False) -> params.Depends:
    async def member(
        doc_id: PathId, request: Request, claims: Claims, session: DB, mutation_id: MutationId = None
    ) -> DocumentAccess:
        limits_of(request).count_write(claims.user_id)
        project_id = (await _find(session, doc_id, claims)).document.project_id
        access = await find_at_work(session, project_id, claims, mutation_id, quotas_of(request))
        # Again, now that nobody else can change it.
        found = await _find(session, doc_id, claims)
        if found.is_deleted and not in_trash:
            raise NotFound
        require(access)
        request.state.project_id = project_id
        return DocumentAccess(access, found.document, found.head, found.is_deleted)

    return params.Depends(member)


ReaderOf = Annotated[DocumentAccess, Depends(_reader_of)]
"""A reading member of any role. NotFound for non-members, and for a document in the trash."""

WriterOf = Annotated[DocumentAccess, _at_work(Access.require_editor)]
"""An editor or the owner, the project locked. Forbidden for viewers."""

WriterOfTrash = Annotated[DocumentAccess, _at_work(Access.require_editor, in_trash=True)]
"""As WriterOf, of a document that may be in the trash."""


async def _find(session: AsyncSession, doc_id: str, claims: AccessClaims) -> Found:
    found = await find_document(session, doc_id)
    if found is None:
        await identify(session, claims)  # raises if the person is missing
        raise NotFound
    return found


STATE = tuple(DOCUMENT.c[name] for name in DocumentState.model_fields)
"""The columns of a `DocumentState`."""

# The document of a task bears its present title, and counts as deleted while the task is in the trash.
_DOCUMENT = (
    select(
        *(column for column in STATE if column is not DOCUMENT.c.title),
        func.coalesce(TASK.c.title, DOCUMENT.c.title).label("title"),
        func.coalesce(Document.deleted_at, TASK.c.deleted_at).label("deleted_at"),
        ROOM.c.generation,
        ROOM.c.head,
    )
    .join(ROOM, ROOM.c.id == DOCUMENT.c.id)
    .outerjoin(TASK, TASK.c.id == DOCUMENT.c.task_id)
    .where(DOCUMENT.c.id == bindparam("document"))
)
