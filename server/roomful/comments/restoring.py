"""The restoration of a deleted comment: its text is in no row any more, but still in the event log."""

from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.comments import rows
from roomful.comments.events import CommentCreated
from roomful.comments.schemas import Comment
from roomful.db.statement import Change
from roomful.errors import Conflict, Forbidden, NotFound
from roomful.eventlog import subject_history
from roomful.projects.access import Access
from roomful.tasks import service as tasks

PAGES = 25
"""Of the task's newest events, 128 KiB each: this much is looked through for a comment, under the project's lock."""


async def restore_comment(session: AsyncSession, access: Access, task_id: str, comment_id: str) -> Comment:
    """Bring back a deleted comment with its reactions, for whoever deleted it, or for the owner. Notifies nobody.

    Possible as long as the log has its events among the newest of its task. Above the last reply of a deleted comment
    the tombstone comes back as well.
    Raises NotFound, Forbidden, LimitReached, Conflict in an archived project and for a comment that is not deleted.
    """
    access.require_active()
    task = await tasks.find_task(session, access.project.id, task_id)
    row = await rows.find(session, task_id, comment_id)
    if row is not None and row.deleted_at is None:
        raise Conflict("The comment is not deleted.")
    found = await _find(session, task_id, comment_id)
    if found is None:
        raise NotFound
    if found.deleted_by != access.person.id and access.role != "owner":
        raise Forbidden("Only the project's owner, or whoever deleted the comment, may restore it.")
    access.quotas.require_comment(task.comment_count)
    mentions = await rows.mentions_in(session, access.project.id, found.comment.body)
    # Two more: a tombstone may have had the version between.
    comment = found.comment.model_copy(update={"mentions": mentions, "version": found.comment.version + 2})
    changes: list[Change] = [rows.insertion(comment) if row is None else _update(comment)]
    parent_author_id = None
    if comment.parent_id is not None:
        parent = await rows.find(session, task_id, comment.parent_id)
        if parent is None:
            tombstone = await _tombstone(session, task_id, comment.parent_id)
            changes.append(rows.insertion(tombstone))
            parent_author_id = tombstone.author_id
        else:
            parent_author_id = parent.author_id
    event = CommentCreated(comment=comment, parent_author_id=parent_author_id, restored=True)
    await access.record(session, event, along=[*changes, (rows.COUNT_ONE_MORE, {"task": task_id})])
    return comment


class _Deleted(NamedTuple):
    comment: Comment
    """As it was before."""
    deleted_by: str | None
    deleted_at: datetime


class _Data(msgspec.Struct):
    comment: msgspec.Raw


class _Event(msgspec.Struct):
    type: str
    actor_id: str | None
    at: datetime
    data: _Data


_decode = msgspec.json.Decoder(_Event).decode


async def _find(session: AsyncSession, task_id: str, comment_id: str) -> _Deleted | None:
    """A deleted comment as its newest events tell of it. None if they are too old, or if there never was one."""
    # As every event of this comment says it. No text can: its quotation marks are escaped.
    mark = f'"comment":{{"id":"{comment_id}"'.encode()
    before, deletion = _NEWEST, None
    for _ in range(PAGES):
        page = await subject_history.read_before(session, task_id, before, limit=_PAGE_LIMIT)
        for _, body in page.events:
            if mark not in body:
                continue
            event = _decode(body)
            if event.type == "comment.deleted":
                deletion = event
            elif deletion is not None:
                comment = Comment.model_validate_json(bytes(event.data.comment))
                return _Deleted(comment, deletion.actor_id, deletion.at)
        if not page.has_more:
            break
        before = page.events[-1].offset
    return None


async def _tombstone(session: AsyncSession, task_id: str, comment_id: str) -> Comment:
    found = await _find(session, task_id, comment_id)
    if found is None:
        raise NotFound
    gone = {"body": "", "mentions": [], "reactions": [], "deleted_at": found.deleted_at}
    return found.comment.model_copy(update={**gone, "version": found.comment.version + 1})


def _update(comment: Comment) -> Change:
    return rows.UPDATE, {"comment": comment.id, **rows.columns_of(comment)}


_NEWEST = 2**62
_PAGE_LIMIT = 500
