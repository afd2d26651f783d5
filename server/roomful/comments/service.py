"""Comments: what happens to them, each change with its event.

A project's lock is held throughout, so a thread, its reactions and the task's count can't change in between.
"""

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.comments import rows
from roomful.comments.events import CommentBefore, CommentCreated, CommentDeleted, CommentId, CommentUpdated
from roomful.comments.models import COMMENT
from roomful.comments.models import Comment as CommentRow
from roomful.comments.reactions import find_reaction, with_person, without_person
from roomful.comments.schemas import Comment, CommentPatch, NewComment
from roomful.comments.watchers import notify_of_change, notify_of_new
from roomful.db.base import now
from roomful.db.statement import Change
from roomful.errors import Conflict, Forbidden, Invalid, NotFound
from roomful.eventlog.typed_event import values_before
from roomful.ids import new_id
from roomful.projects.access import Access
from roomful.tasks import service as tasks
from roomful.web.etag import Precondition


async def find_comment(session: AsyncSession, project_id: str, task_id: str, comment_id: str) -> Comment:
    """Raises NotFound, also for a deleted one."""
    await tasks.find_task(session, project_id, task_id)
    row = await rows.find(session, task_id, comment_id)
    if row is None or row.deleted_at is not None:
        raise NotFound
    (comment,) = await rows.show(session, project_id, [row])
    return comment


async def add_comment(session: AsyncSession, access: Access, task_id: str, new: NewComment) -> Comment:
    """A comment, or a reply to the first one of a thread.

    Raises NotFound, Conflict in an archived project, LimitReached, Invalid for a parent that is no first comment here.
    """
    access.require_active()
    task = await tasks.find_task(session, access.project.id, task_id)
    access.quotas.require_comment(task.comment_count)
    parent = None if new.parent_id is None else await _find_first(session, task_id, new.parent_id)
    comment = Comment(
        id=new_id(),
        task_id=task_id,
        parent_id=new.parent_id,
        author_id=access.person.id,
        body=new.body,
        mentions=await rows.mentions_in(session, access.project.id, new.body),
        reactions=[],
        resolved_at=None,
        edited_at=None,
        deleted_at=None,
        version=1,
        created_at=now(),
    )
    event = CommentCreated(comment=comment, parent_author_id=None if parent is None else parent.author_id)
    notifications = await notify_of_new(session, access, task, comment)
    await access.record(
        session, event, along=[rows.insertion(comment), (rows.COUNT_ONE_MORE, {"task": task_id}), *notifications]
    )
    return comment


async def change_comment(
    session: AsyncSession, access: Access, task_id: str, comment_id: str, patch: CommentPatch, if_match: Precondition
) -> Comment:
    """Change its text, resolve its thread or open it again. Without a difference there is no event and no new version.

    Raises NotFound, PreconditionFailed, Forbidden for the text of somebody else, Conflict in an archived project and
    for a reply, which is not resolved by itself.
    """
    access.require_active()
    before = await find_comment(session, access.project.id, task_id, comment_id)
    if_match.require(before.version, before)
    after = before
    given = patch.given()
    if "body" in given:
        if before.author_id != access.person.id:
            raise Forbidden("Only its author may change the text of a comment.")
        if patch.body != before.body:
            mentions = await rows.mentions_in(session, access.project.id, patch.body)
            after = after.model_copy(update={"body": patch.body, "mentions": mentions, "edited_at": now()})
    if "resolved" in given:
        if before.parent_id is not None:
            raise Conflict("A thread is resolved as a whole: resolve its first comment.")
        if patch.resolved != (before.resolved_at is not None):
            after = after.model_copy(update={"resolved_at": now() if patch.resolved else None})
    if after is before:
        return before
    return await _record_change(session, access, before, after.model_copy(update={"version": before.version + 1}))


async def set_reaction(
    session: AsyncSession,
    access: Access,
    task_id: str,
    comment_id: str,
    emoji: str,
    if_match: Precondition,
    *,
    is_on: bool,
) -> Comment:
    """Add this person's reaction, or take it back. Without a difference there is no event.

    Raises NotFound, PreconditionFailed, LimitReached, Conflict in an archived project.
    """
    access.require_active()
    before = await find_comment(session, access.project.id, task_id, comment_id)
    if_match.require(before.version, before)
    person_id, found = access.person.id, find_reaction(before.reactions, emoji)
    if (found is not None and person_id in found.user_ids) == is_on:
        return before
    if found is None:
        access.quotas.require_reaction(len(before.reactions))
    change = with_person if is_on else without_person
    after = before.model_copy(update={"reactions": change(before.reactions, emoji, person_id)})
    return await _record_change(session, access, before, after)


async def delete_comment(
    session: AsyncSession, access: Access, task_id: str, comment_id: str, if_match: Precondition
) -> None:
    """Delete it, as its author or as the project's owner.

    Raises NotFound, PreconditionFailed, Forbidden, Conflict in an archived project.
    """
    access.require_active()
    comment = await find_comment(session, access.project.id, task_id, comment_id)
    if comment.author_id != access.person.id and access.role != "owner":
        raise Forbidden("Only its author or the project's owner may delete a comment.")
    if_match.require(comment.version, comment)
    removal = await _removal(session, comment)
    event = CommentDeleted(comment=CommentId(id=comment_id, task_id=task_id))
    await access.record(session, event, along=[*removal, (rows.COUNT_ONE_LESS, {"task": task_id})])


async def _record_change(session: AsyncSession, access: Access, before: Comment, after: Comment) -> Comment:
    changed = [name for name in CommentBefore.__annotations__ if getattr(after, name) != getattr(before, name)]
    event = CommentUpdated(comment=after, changed=changed, previous=values_before(CommentBefore, before, changed))
    columns = rows.columns_of(after)
    # No other column: `after.mentions` lacks those who have left the project, whom the row keeps.
    written = {"edited_at", "version", *("mentioned" if name == "mentions" else name for name in changed)}
    change = (rows.UPDATE, {"comment": after.id, **{name: columns[name] for name in sorted(written)}})
    await access.record(session, event, along=[change, *notify_of_change(access, before, after)])
    return after


async def _removal(session: AsyncSession, comment: Comment) -> list[Change]:
    """Make it a tombstone if it has replies; otherwise delete it, and with a last reply the tombstone above."""
    thread = {"task": comment.task_id, "thread": comment.parent_id or comment.id, "comment": comment.id}
    others = (await session.execute(_OTHERS_OF_THREAD, thread)).all()
    if comment.parent_id is None and others:
        cleared = comment.model_copy(
            update={"body": "", "mentions": [], "reactions": [], "deleted_at": now(), "version": comment.version + 1}
        )
        return [(rows.UPDATE, {"comment": comment.id, **rows.columns_of(cleared)})]
    removal: list[Change] = [(rows.DELETE, {"comment": comment.id})]
    if len(others) == 1 and others[0].deleted_at is not None:
        removal.append((rows.DELETE, {"comment": others[0].id}))
    return removal


async def _find_first(session: AsyncSession, task_id: str, comment_id: str) -> CommentRow:
    """The first comment of a thread, perhaps a tombstone. Raises Invalid."""
    row = await rows.find(session, task_id, comment_id)
    if row is None or row.thread_id != row.id:
        message = "must be the first comment of a thread on this task"
        raise Invalid(details=[{"field": "parent_id", "message": message, "type": "value_error"}])
    return row


_OTHERS_OF_THREAD = (
    select(COMMENT.c.id, COMMENT.c.deleted_at)
    .where(
        COMMENT.c.task_id == bindparam("task"),
        COMMENT.c.thread_id == bindparam("thread"),
        COMMENT.c.id != bindparam("comment"),
    )
    .limit(2)
)
