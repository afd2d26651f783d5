"""The routes of comments."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import Row, select

from roomful.comments import restoring, rows, service
from roomful.comments.models import Comment as CommentRow
from roomful.comments.reactions import Emoji
from roomful.comments.schemas import Comment, CommentPatch, NewComment
from roomful.errors import Conflict
from roomful.projects.access import EditorOf, MemberOf, PathId, ViewerOf, may_see
from roomful.tasks.service import find_task
from roomful.web import etag, idempotency
from roomful.web.dependencies import API, DB, ReadDB
from roomful.web.etag import IfMatch
from roomful.web.openapi import errors
from roomful.web.pagination import Keyset, Page
from roomful.web.routing import Route

_BY_THREAD = (CommentRow.thread_id, CommentRow.id)
_OLDEST_FIRST = Keyset(_BY_THREAD)
_NEWEST_FIRST = Keyset(_BY_THREAD, descending=True)

router = APIRouter(
    prefix=f"{API}/projects/{{project_id}}/tasks/{{task_id}}/comments", tags=["comments"], route_class=Route
)


@router.get("")
async def list_comments(
    access: ViewerOf,
    task_id: PathId,
    session: ReadDB,
    page: Page,
    newest_first: Annotated[bool, Query(description="Reverse the whole list.")] = False,
) -> list[Comment]:
    """The threads of a task, oldest first, replies after their comment. A page of long ones has fewer than `limit`."""
    await find_task(session, access.project.id, task_id)
    comments = select(CommentRow).where(CommentRow.task_id == task_id)
    order = _NEWEST_FIRST if newest_first else _OLDEST_FIRST
    found = await page.fetch(session, comments, order, weigh=_weigh)
    return await rows.show(session, access.project.id, [comment for (comment,) in found])


@router.post("", status_code=201, dependencies=[idempotency.once(may_see)], responses=errors(Conflict))
async def add_comment(access: EditorOf, task_id: PathId, new: NewComment, session: DB, response: Response) -> Comment:
    """Say something about a task, or reply to the first comment of a thread."""
    comment = await service.add_comment(session, access, task_id, new)
    # From the address of this POST: proxies may cut off a prefix.
    response.headers["Location"] = f"comments/{comment.id}"
    response.headers["ETag"] = etag.of(comment.version)
    return comment


@router.get("/{comment_id}")
async def show_comment(
    access: ViewerOf, task_id: PathId, comment_id: PathId, session: ReadDB, response: Response
) -> Comment:
    comment = await service.find_comment(session, access.project.id, task_id, comment_id)
    response.headers["ETag"] = etag.of(comment.version)
    return comment


@router.patch("/{comment_id}", responses=errors(Conflict))
async def change_comment(
    access: EditorOf,
    task_id: PathId,
    comment_id: PathId,
    patch: CommentPatch,
    session: DB,
    if_match: IfMatch,
    response: Response,
) -> Comment:
    """Change the text of one's own comment, or resolve a thread: one event, or none if nothing changes."""
    comment = await service.change_comment(session, access, task_id, comment_id, patch, if_match)
    response.headers["ETag"] = etag.of(comment.version)
    return comment


@router.delete("/{comment_id}", status_code=204, responses=errors(Conflict))
async def delete_comment(access: MemberOf, task_id: PathId, comment_id: PathId, session: DB, if_match: IfMatch) -> None:
    """Delete a comment, as its author in any role, or as the project's owner. Replies to it stay."""
    await service.delete_comment(session, access, task_id, comment_id, if_match)


@router.post("/{comment_id}/restore", dependencies=[idempotency.once(may_see)], responses=errors(Conflict))
async def restore_comment(
    access: MemberOf, task_id: PathId, comment_id: PathId, session: DB, response: Response
) -> Comment:
    """Bring back a comment that one has deleted, or as the project's owner anybody's. Replies show it in its place.

    Possible while the event log keeps it, at most for `EVENT_RETENTION_DAYS`.
    """
    comment = await restoring.restore_comment(session, access, task_id, comment_id)
    response.headers["ETag"] = etag.of(comment.version)
    return comment


@router.put("/{comment_id}/reactions/{emoji}", responses=errors(Conflict))
async def add_reaction(
    access: MemberOf,
    task_id: PathId,
    comment_id: PathId,
    emoji: Emoji,
    session: DB,
    if_match: IfMatch,
    response: Response,
) -> Comment:
    """React to a comment, in any role: one event, or none if this person has reacted with this emoji."""
    comment = await service.set_reaction(session, access, task_id, comment_id, emoji, if_match, is_on=True)
    response.headers["ETag"] = etag.of(comment.version)
    return comment


@router.delete("/{comment_id}/reactions/{emoji}", status_code=204, responses=errors(Conflict))
async def delete_reaction(
    access: MemberOf, task_id: PathId, comment_id: PathId, emoji: Emoji, session: DB, if_match: IfMatch
) -> None:
    """Take back one's own reaction. Without one, nothing happens and no event is made."""
    await service.set_reaction(session, access, task_id, comment_id, emoji, if_match, is_on=False)


def _weigh(row: Row[CommentRow]) -> int:
    """Roughly its bytes as JSON, beyond those that every comment has."""
    (comment,) = row
    return len(comment.body.encode()) + sum(40 * len(each["user_ids"]) for each in comment.reactions)
