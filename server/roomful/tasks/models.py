"""The table of tasks."""

from datetime import date, datetime
from typing import Literal

from sqlalchemy import JSON, CheckConstraint, Dialect, ForeignKey, Index, SmallInteger, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from roomful.db.base import Base, Id, OrderKey, now
from roomful.ids import new_id

TaskStatus = Literal["todo", "in_progress", "done"]

_RANKS: dict[TaskStatus, int] = {"todo": 10, "in_progress": 20, "done": 30}
_STATUSES = {rank: status for status, rank in _RANKS.items()}


class StatusRank(TypeDecorator[TaskStatus]):
    """A status, kept as its place on the board, so that rows and their index sort as the board shows them."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: TaskStatus | None, dialect: Dialect) -> int | None:
        return None if value is None else _RANKS[value]

    def process_result_value(self, value: int | None, dialect: Dialect) -> TaskStatus | None:
        return None if value is None else _STATUSES[value]


class Task(Base):
    """`position` is a fractional index within the project's status; ties are broken by id."""

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint("status IN (10, 20, 30)", name="status"),
        Index(None, "project_id", "status", "position", "id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(Id, ForeignKey("project.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(Text)
    status: Mapped[TaskStatus] = mapped_column(StatusRank, default="todo")
    assignee_id: Mapped[str | None] = mapped_column(Id, ForeignKey("user.id"), index=True)
    due_on: Mapped[date | None]
    labels: Mapped[list[str]] = mapped_column(JSON, default=list)
    position: Mapped[str] = mapped_column(OrderKey)
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str] = mapped_column(Id, ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


TASK: Table = Base.metadata.tables[Task.__tablename__]
