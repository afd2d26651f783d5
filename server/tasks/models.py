"""The table of tasks."""

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from server.db.base import Base, Id, OrderKey, new_id, now


class Task(Base):
    """`position` is a fractional index within the project's status; ties are broken by id."""

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint("status IN ('todo', 'in_progress', 'done')", name="status"),
        Index(None, "project_id", "status", "position", "id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(Id, ForeignKey("project.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20), default="todo")
    assignee_id: Mapped[str | None] = mapped_column(Id, ForeignKey("user.id"), index=True)
    due_on: Mapped[date | None]
    labels: Mapped[list[str]] = mapped_column(JSON, default=list)
    position: Mapped[str] = mapped_column(OrderKey)
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str] = mapped_column(Id, ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
