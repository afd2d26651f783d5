"""The table of comments."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Table, Text
from sqlalchemy.orm import Mapped, mapped_column

from roomful.db.base import Base, Id, now
from roomful.ids import new_id


class Comment(Base):
    """A comment on a task. A thread is a comment with its replies, and has the id of that first comment.

    `mentioned` are the people whom the text names and who were members when it was written. A deleted comment that has
    replies stays as a tombstone: its text and reactions are gone, and `deleted_at` is set.
    """

    __tablename__ = "comment"
    __table_args__ = (Index(None, "task_id", "thread_id", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    task_id: Mapped[str] = mapped_column(Id, ForeignKey("task.id", ondelete="CASCADE"))
    thread_id: Mapped[str] = mapped_column(Id)
    author_id: Mapped[str] = mapped_column(Id, ForeignKey("user.id"))
    body: Mapped[str] = mapped_column(Text)
    mentioned: Mapped[list[str]] = mapped_column(JSON, default=list)
    reactions: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # as `schemas.Reaction` has them
    resolved_at: Mapped[datetime | None]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)


COMMENT: Table = Base.metadata.tables[Comment.__tablename__]
