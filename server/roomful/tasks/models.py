"""The table of tasks."""

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Table, Text, column
from sqlalchemy.orm import Mapped, mapped_column

from roomful.db.base import Base, Id, OrderKey, now
from roomful.ids import new_id
from roomful.projects.models import Category, CategoryRank

TaskStatus = Category
"""A task's status is the category of its column."""


_IS_DELETED = column("deleted_at").is_not(None)


class Task(Base):
    """`position` is a fractional index within the column; ties are broken by id. `status` is the column's category.

    Every task has a column and a number. They are nullable only for nodes of the version before, whose rows the
    triggers of migration 0014 complete.

    A task with `deleted_at` is in the trash. It keeps its position, which is given to no other task, so that it comes
    back to where it was. If its column is deleted, it goes to the end of the first one of its status.

    With a `document_id`, the description is that document's text as of the event at `description_offset`.

    Transactions that add and delete comments keep `comment_count`, under the project's lock.
    """

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint("status IN (10, 20, 30)", name="status"),
        Index(None, "project_id", "status", "column_id", "position", "id"),
        Index(None, "project_id", "number", unique=True),
        Index("ix_task_deleted", "deleted_at", sqlite_where=_IS_DELETED, postgresql_where=_IS_DELETED),
        Index(
            "ix_task_trash", "project_id", "deleted_at", "id", sqlite_where=_IS_DELETED, postgresql_where=_IS_DELETED
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(Id, ForeignKey("project.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(Text)
    document_id: Mapped[str | None] = mapped_column(Id)
    description_offset: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[TaskStatus] = mapped_column(CategoryRank, default="todo")
    column_id: Mapped[str] = mapped_column(
        Id, ForeignKey("board_column.id", ondelete="SET NULL"), index=True, nullable=True
    )
    number: Mapped[int] = mapped_column(nullable=True)
    assignee_id: Mapped[str | None] = mapped_column(Id, ForeignKey("user.id"), index=True)
    due_on: Mapped[date | None]
    labels: Mapped[list[str]] = mapped_column(JSON, default=list)
    position: Mapped[str] = mapped_column(OrderKey)
    comment_count: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str] = mapped_column(Id, ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    deleted_at: Mapped[datetime | None]


TASK: Table = Base.metadata.tables[Task.__tablename__]
