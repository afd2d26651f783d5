"""The routes of the content of documents, and of their versions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select

from roomful.documents import contents
from roomful.documents.access import ReaderOf, WriterOf, find_reader
from roomful.documents.bases import ReadBases
from roomful.documents.changes import Change, Format, invalid, read_before, requested_change
from roomful.documents.contents import MEDIA_TYPES
from roomful.documents.conversions import Converting
from roomful.documents.schemas import Document, NewVersion, Version
from roomful.errors import Conflict, Invalid, PayloadTooLarge
from roomful.projects.access import PathId, may_see
from roomful.richtext.plain_root import Mode
from roomful.roomstore import content, versions
from roomful.roomstore.models import RoomVersion
from roomful.web import etag, idempotency
from roomful.web.dependencies import API, DB, Claims, Live, ReadDB
from roomful.web.etag import IfMatch, IfNoneMatch
from roomful.web.limits import limits_of
from roomful.web.openapi import errors
from roomful.web.pagination import Keyset, Page
from roomful.web.routing import Route

_NEWEST_FIRST = Keyset((RoomVersion.id,), descending=True)

router = APIRouter(prefix=f"{API}/documents/{{doc_id}}", tags=["documents"], route_class=Route)

_CONTENTS = {name.partition(";")[0]: {"schema": {"type": "string"}} for name in MEDIA_TYPES.values()}
_BODY = {"requestBody": {"required": True, "content": _CONTENTS}}
ReadFormat = Annotated[Format, Query(description="Text, ProseMirror's JSON, HTML, Markdown, or a Yjs update (v1).")]


async def _requested(
    doc_id: PathId,
    request: Request,
    claims: Claims,
    runtime: Live,
    conversions: Converting,
    format: Annotated[
        Format | None, Query(description="The format of the body; by default that of its Content-Type.")
    ] = None,
    mode: Annotated[Mode | None, Query(description="`merge` by default; not for updates.")] = None,
) -> Change:
    """A body that may take long is read here, before the route locks what others wait for; it counts as a write more.

    Raises what reading raises, and what looking at the document raises.
    """
    body, chosen = await request.body(), format or _format_of(request)
    change = requested_change(chosen, mode, body)
    if not change.reads_long:
        return change
    limits_of(request).count_write(claims.user_id)
    async with runtime.database.read() as session:
        access = await find_reader(session, doc_id, claims)
        access.in_project.require_editor()
        updates = (await content.read(session, access.id)).updates
    read = await conversions.run([*updates, body], lambda: read_before(updates, chosen, body), seconds=change.seconds)
    return requested_change(chosen, mode, body, read)


Requested = Annotated[Change, Depends(_requested)]
"""The change that a request asks for. It comes before what locks the project, and before `idempotency.once`."""


@router.get("/content", response_class=Response, responses={200: {"content": _CONTENTS}})
async def show_content(
    doc_id: PathId,
    request: Request,
    claims: Claims,
    runtime: Live,
    conversions: Converting,
    bases: ReadBases,
    known: IfNoneMatch,
    format: ReadFormat = "text",
) -> Response:
    """The stored content of a document. Every change gives it a new `ETag`."""
    limits_of(request).count_read(claims.user_id)
    # A session of its own, which ends before the content is rendered.
    async with runtime.database.read() as session:
        access = await find_reader(session, doc_id, claims)
        tag = contents.tag_of(access.head)
        if known.includes(tag):
            return Response(status_code=304, headers={"ETag": etag.of(tag)})
        stored = await content.read(session, doc_id)
    body = await contents.render(stored.updates, format, conversions)
    bases.keep(doc_id, stored)
    return _answer(body, contents.tag_of(stored.head), format)


@router.patch(
    "/content",
    status_code=204,
    dependencies=[Depends(_requested), idempotency.once(may_see)],
    responses=errors(Conflict, PayloadTooLarge, Invalid),
    openapi_extra=_BODY,
)
async def change_content(
    change: Requested,
    access: WriterOf,
    session: DB,
    runtime: Live,
    conversions: Converting,
    bases: ReadBases,
    if_match: IfMatch,
    response: Response,
) -> None:
    """Change the content of a document by one update, which merges with concurrent typing.

    `merge` compares the body with the content that `If-Match` names, the `ETag` of a GET, and applies the difference,
    so that typing since then stays. `replace` compares it with the present content; `append` and `prepend` add blocks.
    These three refuse a stale `If-Match`, `merge` one that is too old (412, with the present text). Content that the
    editor's schema does not allow is refused, with the places in `details`, and so is text that takes seconds to read
    (409). An update is merged by the rules of Yjs.
    The answer's `ETag` is that of the new content.
    """
    limit = runtime.settings.max_document_bytes
    head = await contents.change_content(
        session, access, change, if_match, max_bytes=limit, conversions=conversions, bases=bases
    )
    response.headers["ETag"] = etag.of(contents.tag_of(head))


@router.get("/versions")
async def list_versions(access: ReaderOf, session: ReadDB, page: Page) -> list[Version]:
    """The versions of a document, newest first. Old ones without a label are thinned out."""
    found = await page.fetch(session, select(RoomVersion).where(RoomVersion.room_id == access.id), _NEWEST_FIRST)
    return [Version.model_validate(version) for (version,) in found]


@router.post("/versions", status_code=201, dependencies=[idempotency.once(may_see)], responses=errors(Conflict))
async def create_version(
    access: WriterOf, new: NewVersion, session: DB, runtime: Live, conversions: Converting, response: Response
) -> Version:
    """Keep the present content under a label."""
    most = runtime.settings.max_versions_per_document
    version = await contents.create_version(session, access, new, most=most, conversions=conversions)
    response.headers["Location"] = f"versions/{version.id}"
    return version


@router.get("/versions/{version_id}")
async def show_version(access: ReaderOf, version_id: PathId, session: ReadDB, response: Response) -> Version:
    response.headers["ETag"] = etag.of(version_id)
    return await contents.find_version(session, access.id, version_id)


@router.get("/versions/{version_id}/content", response_class=Response, responses={200: {"content": _CONTENTS}})
async def show_version_content(
    doc_id: PathId,
    version_id: PathId,
    request: Request,
    claims: Claims,
    runtime: Live,
    conversions: Converting,
    known: IfNoneMatch,
    format: ReadFormat = "text",
) -> Response:
    """The content of a version. It never changes."""
    limits_of(request).count_read(claims.user_id)
    async with runtime.database.read() as session:
        await find_reader(session, doc_id, claims)
        await contents.find_version(session, doc_id, version_id)
        if known.includes(version_id):
            return Response(status_code=304, headers={"ETag": etag.of(version_id)})
        state = await versions.read_state(session, version_id)
    body = await contents.render([state], format, conversions)
    return _answer(body, version_id, format)


@router.delete("/versions/{version_id}", status_code=204)
async def delete_version(access: WriterOf, version_id: PathId, session: DB, if_match: IfMatch) -> None:
    """Delete a version, with or without a label. Makes no event."""
    version = await contents.find_version(session, access.id, version_id)
    if_match.require(version_id, version)
    await versions.remove(session, version_id)


@router.post("/versions/{version_id}/restore", dependencies=[idempotency.once(may_see)], responses=errors(Conflict))
async def restore_version(
    access: WriterOf, version_id: PathId, session: DB, runtime: Live, conversions: Converting, response: Response
) -> Document:
    """Restore the content of a version. The present content becomes a version first."""
    limit = runtime.settings.max_document_bytes
    document = await contents.restore_version(session, access, version_id, max_bytes=limit, conversions=conversions)
    response.headers["ETag"] = etag.of(document.version)
    return document


def _answer(body: bytes, tag: str, format: Format) -> Response:
    headers = {"ETag": etag.of(tag)}
    if format == "html":
        headers["Content-Security-Policy"] = "sandbox; default-src 'none'"  # opened as a page, it runs no script
    return Response(body, headers=headers, media_type=MEDIA_TYPES[format])


def _format_of(request: Request) -> Format:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    for name, media_type in MEDIA_TYPES.items():
        if media_type.partition(";")[0] == kind:
            return name
    raise invalid("format", "say what the body is: text, json, html, markdown or update")
