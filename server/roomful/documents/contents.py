"""The content of documents: reading it, and changing it by REST, each change with its event."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.documents import digest
from roomful.documents.access import DocumentAccess
from roomful.documents.bases import Bases
from roomful.documents.changes import Change, Format, rendered
from roomful.documents.content_event import content_event
from roomful.documents.conversions import Conversions
from roomful.documents.copies import Changed, bring_back
from roomful.documents.events import DocumentRestored, DocumentVersionCreated
from roomful.documents.quotas import require_version
from roomful.documents.schemas import Document, DocumentState, NewVersion, Version
from roomful.errors import AppError, LimitReached, NotFound, PreconditionFailed
from roomful.eventlog.typed_event import TypedEvent
from roomful.rooms.store.port import Head, UnknownDocument
from roomful.roomstore import content, versions
from roomful.roomstore.append import LockedRoom, append_row, fits, lock, note_told
from roomful.roomstore.content import Stored
from roomful.web import etag
from roomful.web.etag import Precondition

MEDIA_TYPES: dict[Format, str] = {
    "text": "text/plain; charset=utf-8",
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
    "update": "application/octet-stream",
}
MAX_TEXT_IN_ERROR = 64 * 1024
BETWEEN_VERSIONS = timedelta(minutes=1)
"""Changes by REST make one version a minute at most: a program that writes each second would fill the disk."""


def tag_of(head: Head) -> str:
    """The version that the content's `ETag` names."""
    return f"{head.generation}.{head.number}"


async def render(updates: Sequence[bytes], format: Format, conversions: Conversions) -> bytes:
    """A document's content in one of its formats. Raises Unavailable."""
    if format == "update":
        return await conversions.fold(updates)
    return await conversions.run(updates, lambda: rendered(updates, format))


async def change_content(
    session: AsyncSession,
    access: DocumentAccess,
    change: Change,
    if_match: Precondition,
    *,
    max_bytes: int,
    conversions: Conversions,
    bases: Bases,
) -> Head:
    """Change the content by one update, which merges with concurrent typing; the new head.

    A change that merges is made at the state that `if_match` names; others need that to be the present one. Makes a
    version first, unless the newest is younger than a minute. A change without effect leaves no trace.
    Raises PreconditionFailed, Conflict in an archived project, LimitReached, and what `change` raises.
    """
    access.in_project.require_active()
    at_work = await lock_content(session, access.id)
    present: Sequence[bytes] = at_work.updates
    base = present if if_match.allows(tag_of(at_work.stored.head)) else None
    if base is None and change.merges:
        base = _base_of(if_match, access.id, at_work.stored, bases)
    if base is None:
        raise await _stale(at_work.stored, conversions)
    changed = await conversions.run(
        change.takes(base, present), lambda: change.make(base, present), seconds=change.seconds
    )
    if not changed.update:
        return at_work.stored.head
    stored = await store_patch(session, at_work.room, changed, access.in_project.person.id, max_bytes=max_bytes)
    event = await content_event(session, stored.document, stored.by, conversions, locked=access.in_project.position)
    await access.in_project.record(session, event)
    return stored.head


async def create_version(
    session: AsyncSession, access: DocumentAccess, new: NewVersion, *, most: int, conversions: Conversions
) -> Version:
    """Keep the present content under a label. Raises LimitReached, Conflict in an archived project."""
    access.in_project.require_active()
    require_version(await versions.count_labelled(session, access.id), most)
    at_work = await lock_content(session, access.id)
    state = await conversions.fold(at_work.updates)
    made = await versions.add(
        session, at_work.room, state, trigger="manual", label=new.label, triggered_by=access.in_project.person.id
    )
    version = Version.model_validate(made)
    await access.in_project.record(session, DocumentVersionCreated(document=access.document, version=version))
    return version


async def find_version(session: AsyncSession, doc_id: str, version_id: str) -> Version:
    """Raises NotFound."""
    found = await versions.find(session, doc_id, version_id)
    if found is None:
        raise NotFound
    return Version.model_validate(found)


async def restore_version(
    session: AsyncSession, access: DocumentAccess, version_id: str, *, max_bytes: int, conversions: Conversions
) -> Document:
    """Restore a version's content by one update, which merges with concurrent typing.

    The present content becomes a version first. Raises NotFound, Conflict in an archived project, LimitReached.
    """
    access.in_project.require_active()
    version = await find_version(session, access.id, version_id)
    at_work = await lock_content(session, access.id)
    state = await versions.read_state(session, version_id)
    changed = await conversions.run([state, *at_work.updates], lambda: bring_back(at_work.updates, state))
    if not changed.update:
        return access.answer()
    user_id = access.in_project.person.id
    await _keep_version(session, at_work.room, changed.before, "restore", user_id)
    stored = await store(session, at_work.room, changed, user_id, max_bytes=max_bytes)
    event: TypedEvent = DocumentRestored(document=stored.document, version=version)
    if stored.document.task_id is not None:
        event = await content_event(session, stored.document, stored.by, conversions, locked=access.in_project.position)
    await access.in_project.record(session, event)
    return access.answer(stored.document)


def _base_of(if_match: Precondition, doc_id: str, stored: Stored, bases: Bases) -> Sequence[bytes] | None:
    for version in if_match.versions:
        generation, _, number = version.partition(".")
        if len(number) < 19 and number.isascii() and number.isdigit():
            found = bases.find(doc_id, stored, Head(generation, int(number)))
            if found is not None:
                return found
    return None


class LockedContent(NamedTuple):
    """The content of a document whose room is locked until the transaction ends."""

    room: LockedRoom
    stored: Stored

    @property
    def updates(self) -> list[bytes]:
        return self.stored.updates


class StoredChange(NamedTuple):
    """A stored change. `document` and `by` are for its event, which also covers changes that no event has told yet."""

    document: DocumentState
    head: Head
    by: list[str]


async def lock_content(session: AsyncSession, doc_id: str) -> LockedContent:
    """Raises NotFound, also for a document in the trash."""
    try:
        return LockedContent(await lock(session, doc_id), await content.read(session, doc_id))
    except UnknownDocument:
        raise NotFound from None


async def store_patch(
    session: AsyncSession, room: LockedRoom, changed: Changed, user_id: str, *, max_bytes: int
) -> StoredChange:
    """`store`, and a version before it unless the newest is younger than a minute."""
    newest = await versions.newest_at(session, room.id)
    if newest is None or now() - newest >= BETWEEN_VERSIONS:
        await _keep_version(session, room, changed.before, "patch", user_id)
    return await store(session, room, changed, user_id, max_bytes=max_bytes)


async def store(
    session: AsyncSession, room: LockedRoom, changed: Changed, user_id: str | None, *, max_bytes: int
) -> StoredChange:
    """Store a change as the next row of a locked room; the caller records the event. Raises LimitReached, NotFound."""
    if not fits(len(changed.before), len(changed.update), max_bytes):
        raise LimitReached(f"A document can have {max_bytes:,} bytes.")
    user_ids = [] if user_id is None else [user_id]
    row = await append_row(session, room.id, changed.update, user_ids, max_bytes=None)
    document = await digest.renewed(session, room.id, bytes=row.bytes)
    if document is None:
        raise NotFound
    await note_told(session, room.id)
    return StoredChange(document, row.head, list(dict.fromkeys([*room.dirty_by, *user_ids])))


async def _stale(stored: Stored, conversions: Conversions) -> AppError:
    """The error for a stale If-Match, with the present text, which the caller needs to try again."""
    text = (await render(stored.updates, "text", conversions)).decode()
    details = [{"etag": etag.of(tag_of(stored.head)), "text": text[:MAX_TEXT_IN_ERROR]}]
    return PreconditionFailed(details=details, headers={"ETag": etag.of(tag_of(stored.head))})


async def _keep_version(
    session: AsyncSession, room: LockedRoom, state: bytes, trigger: Literal["patch", "restore"], user_id: str
) -> None:
    if room.unversioned_since is not None:
        await versions.add(session, room, state, trigger=trigger, triggered_by=user_id)
