"""The rows of comments: how they are read, shown and written."""

import re
from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.comments.models import COMMENT
from roomful.comments.models import Comment as CommentRow
from roomful.comments.schemas import Comment, Mention, Reaction
from roomful.db.statement import Change
from roomful.projects.members import names_of
from roomful.tasks.models import TASK

_MENTION = re.compile(
    r"@\[(?:[^\[\]\\]|\\.)*\]\(mention://user/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\)"
)


async def find(session: AsyncSession, task_id: str, comment_id: str) -> CommentRow | None:
    """Also a tombstone."""
    return (await session.scalars(_FIND, {"task": task_id, "comment": comment_id})).one_or_none()


async def show(session: AsyncSession, project_id: str, rows: Iterable[CommentRow]) -> list[Comment]:
    """Comments of a project as its members see them, with the present names of those they mention."""
    rows = list(rows)
    names = await names_of(session, project_id, {person for row in rows for person in row.mentioned})
    return [
        Comment(
            id=row.id,
            task_id=row.task_id,
            parent_id=None if row.thread_id == row.id else row.thread_id,
            author_id=row.author_id,
            body=row.body,
            mentions=_mentions(row.mentioned, names),
            reactions=[Reaction(**reaction) for reaction in row.reactions],
            resolved_at=row.resolved_at,
            edited_at=row.edited_at,
            deleted_at=row.deleted_at,
            version=row.version,
            created_at=row.created_at,
        )
        for row in rows
    ]


async def mentions_in(session: AsyncSession, project_id: str, body: str) -> list[Mention]:
    """The members that the text mentions, each once; mentions of others are only text."""
    people = list(dict.fromkeys(_MENTION.findall(body)))
    return _mentions(people, await names_of(session, project_id, people))


def _mentions(people: Iterable[str], names: Mapping[str, str]) -> list[Mention]:
    return [Mention(id=person, name=names[person]) for person in people if person in names]


def insertion(comment: Comment) -> Change:
    identity = comment.model_dump(include={"id", "task_id", "author_id", "created_at"})
    return _INSERT, {**identity, "thread_id": comment.parent_id or comment.id, **columns_of(comment)}


def columns_of(comment: Comment) -> dict[str, object]:
    """The columns of a row that can change."""
    return {
        "body": comment.body,
        "mentioned": [mention.id for mention in comment.mentions],
        "reactions": [reaction.model_dump() for reaction in comment.reactions],
        "resolved_at": comment.resolved_at,
        "edited_at": comment.edited_at,
        "deleted_at": comment.deleted_at,
        "version": comment.version,
    }


_FIND = select(CommentRow).where(CommentRow.task_id == bindparam("task"), CommentRow.id == bindparam("comment"))
_INSERT = insert(COMMENT)
UPDATE = update(COMMENT).where(COMMENT.c.id == bindparam("comment"))
DELETE = delete(COMMENT).where(COMMENT.c.id == bindparam("comment"))
COUNT_ONE_MORE = update(TASK).where(TASK.c.id == bindparam("task")).values(comment_count=TASK.c.comment_count + 1)
COUNT_ONE_LESS = update(TASK).where(TASK.c.id == bindparam("task")).values(comment_count=TASK.c.comment_count - 1)
