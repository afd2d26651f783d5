"""The events of comments."""

from datetime import datetime

from pydantic import Field
from typing_extensions import TypedDict  # the one that Pydantic reads before Python 3.12

from roomful.comments.schemas import Comment, Mention, Reaction
from roomful.eventlog.typed_event import TypedEvent
from roomful.web.schemas import Out


class _CommentEvent(TypedEvent):
    """In the history of its task."""

    comment: Comment

    def subject_id(self) -> str:
        return self.comment.task_id


class CommentCreated(_CommentEvent):
    """A new comment, or one that was deleted and is `restored`: its task's `comment_count` grows by one.

    A reply also names the author of its thread's first comment.
    """

    type = "comment.created"
    parent_author_id: str | None = None
    restored: bool | None = None


class CommentBefore(TypedDict, total=False):
    """Old values of the changed fields."""

    body: str
    mentions: list[Mention]
    reactions: list[Reaction]
    resolved_at: datetime | None


class CommentUpdated(_CommentEvent):
    """A new text, a reaction, or a thread that is resolved or open again.

    `changed` names the fields that have a new value, `previous` holds the old ones. A new text changes `mentions` too
    if it names other people.
    """

    type = "comment.updated"
    changed: list[str]
    previous: CommentBefore = Field(default_factory=CommentBefore)


class CommentId(Out):
    id: str
    task_id: str


class CommentDeleted(TypedEvent):
    """A deleted comment: its task's `comment_count` falls by one.

    If it has replies it stays as a tombstone, which goes with the last of them.
    """

    type = "comment.deleted"
    comment: CommentId

    def subject_id(self) -> str:
        return self.comment.task_id


EVENTS: tuple[type[TypedEvent], ...] = (CommentCreated, CommentUpdated, CommentDeleted)
"""In a project's channel."""
