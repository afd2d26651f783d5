"""The content of documents for the operator: works on the database, whether or not a server runs."""

from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import project_channel
from roomful.documents.access import find_document
from roomful.documents.changes import Format, requested_change
from roomful.documents.content_event import content_event
from roomful.documents.contents import lock_content, render, store
from roomful.documents.conversions import Conversions
from roomful.errors import Conflict, NotFound
from roomful.eventlog import log
from roomful.projects import service as projects
from roomful.projects.channel import record
from roomful.rooms.store.port import UnknownDocument
from roomful.roomstore import content, versions


async def read_document(session: AsyncSession, doc_id: str, format: Format) -> bytes:
    """The content of a document. Raises NotFound."""
    try:
        stored = await content.read(session, doc_id)
    except UnknownDocument:
        raise _no_document(doc_id) from None
    return await render(stored.updates, format, Conversions())


async def write_document(session: AsyncSession, doc_id: str, body: bytes, format: Format, *, max_bytes: int) -> bool:
    """Replace the content of a document and keep a version of the old one; whether that changed anything.

    An update is merged. Running servers notice within seconds: rooms compare their heads with the store's.
    Raises NotFound, Invalid, LimitReached, Conflict in an archived project.
    """
    conversions = Conversions()
    change = requested_change(format, None if format == "update" else "replace", body)
    found = await find_document(session, doc_id)
    if found is None or found.is_deleted:
        raise _no_document(doc_id)
    project_id = found.document.project_id
    locked = await log.lock(session, project_channel(project_id))
    project = await projects.find_state(session, project_id)
    if project is None or project.status != "active":
        raise Conflict("The project is archived; restore it first.")
    at_work = await lock_content(session, doc_id)
    now = at_work.updates
    changed = await conversions.run(change.takes(now, now), lambda: change.make(now, now), seconds=change.seconds)
    if not changed.update:
        return False
    if at_work.room.unversioned_since is not None:
        await versions.add(session, at_work.room, changed.before, trigger="patch")
    stored = await store(session, at_work.room, changed, None, max_bytes=max_bytes)
    event = await content_event(session, stored.document, stored.by, conversions, locked=locked)
    await record(session, project_id, event, actor_id=None, mutation_id=None, locked=locked)
    return True


def _no_document(doc_id: str) -> NotFound:
    return NotFound(f"there is no document {doc_id}, or it is in the trash")
