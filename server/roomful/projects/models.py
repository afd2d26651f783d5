"""The tables of projects and their members."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Table, text
from sqlalchemy.orm import Mapped, mapped_column

from roomful.db.base import Base, Id, now
from roomful.ids import new_id

ProjectStatus = Literal["active", "archived"]
Role = Literal["owner", "editor", "viewer"]


class Project(Base):
    """`task_count` is kept by the transactions that add and remove tasks, under the row's lock."""

    __tablename__ = "project"
    __table_args__ = (CheckConstraint("status IN ('active', 'archived')", name="status"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str | None] = mapped_column(String(500))
    status: Mapped[ProjectStatus] = mapped_column(String(10), default="active")
    task_count: Mapped[int] = mapped_column(default=0)
    owner_id: Mapped[str] = mapped_column(Id, ForeignKey("user.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


_IS_RENAMED = text("former_name IS NOT NULL")


class Member(Base):
    """A person's place in a project. A project has exactly one owner, named in its own row too.

    `former_name` is set from the person's rename until the project is told of it: the name that its events have last
    shown (roomful.projects.renames).
    """

    __tablename__ = "member"
    __table_args__ = (
        CheckConstraint("role IN ('owner', 'editor', 'viewer')", name="role"),
        Index(None, "user_id", "project_id"),
        Index("ix_member_renamed", "user_id", sqlite_where=_IS_RENAMED, postgresql_where=_IS_RENAMED),
    )

    project_id: Mapped[str] = mapped_column(Id, ForeignKey("project.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("user.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(String(10))
    former_name: Mapped[str | None] = mapped_column(String(100))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


PROJECT: Table = Base.metadata.tables[Project.__tablename__]
MEMBER: Table = Base.metadata.tables[Member.__tablename__]
