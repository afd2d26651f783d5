"""The routes of documents."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import select

from roomful.documents import descriptions, service
from roomful.documents.access import DocumentAccess, ReaderOf, WriterOf, WriterOfTrash
from roomful.documents.conversions import Converting
from roomful.documents.models import Document as DocumentRow
from roomful.documents.schemas import Document, DocumentPatch, DocumentState, NewDocument
from roomful.errors import Conflict
from roomful.projects.access import EditorOf, PathId, ViewerOf, may_see
from roomful.rooms.store.port import Head
from roomful.roomstore.models import Room
from roomful.web import etag, idempotency
from roomful.web.dependencies import API, DB, Live, ReadDB
from roomful.web.etag import IfMatch
from roomful.web.openapi import errors
from roomful.web.pagination import Keyset, Page
from roomful.web.routing import Route

_OLDEST_FIRST = Keyset((DocumentRow.id,))

router = APIRouter(tags=["documents"], route_class=Route)
_IN_PROJECT = f"{API}/projects/{{project_id}}/documents"
_OF_TASK = f"{API}/projects/{{project_id}}/tasks/{{task_id}}/document"
_ONE = f"{API}/documents/{{doc_id}}"


@router.get(_IN_PROJECT)
async def list_documents(
    access: ViewerOf,
    session: ReadDB,
    page: Page,
    deleted: Annotated[bool, Query(description="List those in the trash instead.")] = False,
) -> list[Document]:
    """The documents of a project, oldest first, without those of its tasks."""
    documents = (
        select(DocumentRow, Room.generation, Room.head)
        .join(Room, Room.id == DocumentRow.id)
        .where(
            DocumentRow.project_id == access.project.id,
            DocumentRow.task_id.is_(None),
            DocumentRow.deleted_at.is_not(None) if deleted else DocumentRow.deleted_at.is_(None),
        )
    )
    rows = await page.fetch(session, documents, _OLDEST_FIRST)
    return [
        DocumentAccess(access, DocumentState.model_validate(document), Head(generation, head)).answer()
        for document, generation, head in rows
    ]


@router.post(_IN_PROJECT, status_code=201, dependencies=[idempotency.once(may_see)], responses=errors(Conflict))
async def create_document(
    access: EditorOf, new: NewDocument, session: DB, runtime: Live, response: Response
) -> Document:
    """Make an empty document."""
    most = runtime.settings.max_documents_per_project
    document = await service.create_document(session, access, new, most=most)
    # From the address of this POST: proxies may cut off a prefix.
    response.headers["Location"] = f"../../documents/{document.id}"
    response.headers["ETag"] = etag.of(document.version)
    return document


@router.post(
    _OF_TASK,
    status_code=201,
    dependencies=[idempotency.once(may_see)],
    responses={200: {"model": Document, "description": "There was one already."}, **errors(Conflict)},
)
async def open_description(
    access: EditorOf, task_id: PathId, session: DB, conversions: Converting, response: Response
) -> Document:
    """The document in which people write a task's description, made of its Markdown when it is first asked for.

    It bears the task's title, is in no list of documents, and comes and goes with its task.
    """
    document, is_new = await descriptions.make_document(session, access, task_id, conversions)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"../../../../documents/{document.id}"
    response.headers["ETag"] = etag.of(document.version)
    return document


@router.get(_ONE)
async def show_document(access: ReaderOf, response: Response) -> Document:
    response.headers["ETag"] = etag.of(access.document.version)
    return access.answer()


@router.patch(_ONE, responses=errors(Conflict))
async def change_document(
    access: WriterOf, patch: DocumentPatch, session: DB, if_match: IfMatch, response: Response
) -> Document:
    """Give a document another title. A patch that changes nothing makes no event."""
    document = await service.change_document(session, access, patch, if_match)
    response.headers["ETag"] = etag.of(document.version)
    return document


@router.delete(_ONE, status_code=204, responses=errors(Conflict))
async def delete_document(
    access: WriterOfTrash,
    session: DB,
    if_match: IfMatch,
    purge: Annotated[bool, Query(description="Delete it for good, also from the trash; the owner only.")] = False,
) -> None:
    """Put a document into the trash, from where it can be restored for 30 days."""
    await service.delete_document(session, access, if_match, for_good=purge)


@router.post(f"{_ONE}/restore", dependencies=[idempotency.once(may_see)], responses=errors(Conflict))
async def restore_document(access: WriterOfTrash, session: DB, response: Response) -> Document:
    """Take a document out of the trash."""
    document = await service.restore_document(session, access)
    response.headers["ETag"] = etag.of(document.version)
    return document
