"""The tables of projects, their members, columns and labels, and what members watch and are notified of."""

from datetime import datetime
from typing import Literal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from roomful.db.base import Base, Id, OrderKey, now
from roomful.ids import new_id

ProjectStatus = Literal["active", "archived"]
Role = Literal["owner", "editor", "viewer"]
Category = Literal["todo", "in_progress", "done"]
Level = Literal["all", "participating", "mentions", "none"]
"""The events that a member wants to be notified of."""
SubjectType = Literal["task", "project"]
Reason = Literal["mentioned", "assigned", "replied", "watching", "added"]

_RANKS: dict[Category, int] = {"todo": 10, "in_progress": 20, "done": 30}
_CATEGORIES = {rank: category for category, rank in _RANKS.items()}
REASONS: dict[Reason, int] = {"added": 10, "watching": 20, "replied": 30, "assigned": 40, "mentioned": 50}
"""The reasons of notifications, with their strength."""
_BY_STRENGTH = {strength: reason for reason, strength in REASONS.items()}


class CategoryRank(TypeDecorator[Category]):
    """A category, kept as a number, so that rows and their index sort by it."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Category | None, dialect: Dialect) -> int | None:
        return None if value is None else _RANKS[value]

    def process_result_value(self, value: int | None, dialect: Dialect) -> Category | None:
        return None if value is None else _CATEGORIES[value]


class ReasonStrength(TypeDecorator[Reason]):
    """A reason, kept as its strength, so that the database finds the strongest."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Reason | None, dialect: Dialect) -> int | None:
        return None if value is None else REASONS[value]

    def process_result_value(self, value: int | None, dialect: Dialect) -> Reason | None:
        return None if value is None else _BY_STRENGTH[value]


class Project(Base):
    """Transactions that add and remove tasks keep `task_count` and `task_number` under the row's lock.

    `task_number` is the last number that a task was given; it never falls. The defaults of `key` and `task_number` are
    for nodes of the version before, which don't know them.
    """

    __tablename__ = "project"
    __table_args__ = (CheckConstraint("status IN ('active', 'archived')", name="status"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(6), server_default=text("''"))
    description: Mapped[str | None] = mapped_column(String(500))
    status: Mapped[ProjectStatus] = mapped_column(String(10), default="active")
    task_count: Mapped[int] = mapped_column(default=0)
    task_number: Mapped[int] = mapped_column(server_default="0")
    owner_id: Mapped[str] = mapped_column(Id, ForeignKey("user.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


_IS_RENAMED = text("former_name IS NOT NULL")
_WANTS_ALL = text("notification_level = 'all'")
_IS_KEPT = text("archived_at IS NULL")
_IS_ARCHIVED = text("archived_at IS NOT NULL")
_IS_UNREAD = text("read_at IS NULL AND archived_at IS NULL AND snoozed_until IS NULL")
_IS_SNOOZED = text("snoozed_until IS NOT NULL")


class Member(Base):
    """A person's place in a project. A project has exactly one owner, named in its own row too.

    `former_name` is the name before the person's last rename. It is set until the project has the
    rename's event (roomful.projects.renames).
    """

    __tablename__ = "member"
    __table_args__ = (
        CheckConstraint("role IN ('owner', 'editor', 'viewer')", name="role"),
        Index(None, "user_id", "project_id"),
        Index("ix_member_renamed", "user_id", sqlite_where=_IS_RENAMED, postgresql_where=_IS_RENAMED),
        Index("ix_member_wants_all", "project_id", sqlite_where=_WANTS_ALL, postgresql_where=_WANTS_ALL),
    )

    project_id: Mapped[str] = mapped_column(Id, ForeignKey("project.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("user.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(String(10))
    former_name: Mapped[str | None] = mapped_column(String(100))
    notification_level: Mapped[Level] = mapped_column(String(13), server_default="participating")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


_OF_MEMBER = ("project_id", "user_id")


class Watch(Base):
    """That a member watches a task, or has chosen not to although they take part in it.

    Without a row, those watch who made the task and to whom it is assigned. A comment makes rows for its author and for
    those whom it mentions, unless they have one.
    """

    __tablename__ = "watch"
    __table_args__ = (
        ForeignKeyConstraint(_OF_MEMBER, ["member.project_id", "member.user_id"], ondelete="CASCADE"),
        Index(None, *_OF_MEMBER),
    )

    task_id: Mapped[str] = mapped_column(Id, ForeignKey("task.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, primary_key=True)
    project_id: Mapped[str] = mapped_column(Id)
    is_watching: Mapped[bool]


class Notification(Base):
    """News for a member about one subject: one row, which later events move up. It goes with the membership.

    `is_untold` until the person's channel has been told of the newest event, by its event at `told_offset`. Telling
    takes `updated_at` over into `listed_at`, the list's order: no index has a column that a change's transaction writes
    anew, and PostgreSQL updates the row in place (docs/decisions/0047). An entry is unread while it is neither read,
    archived nor snoozed.
    """

    __tablename__ = "notification"
    __table_args__ = (
        ForeignKeyConstraint(_OF_MEMBER, ["member.project_id", "member.user_id"], ondelete="CASCADE"),
        UniqueConstraint("user_id", "project_id", "subject_type", "subject_id"),
        Index(None, "subject_id"),
        Index(
            "ix_notification_kept",
            *("user_id", "listed_at", "id"),
            sqlite_where=_IS_KEPT,
            postgresql_where=_IS_KEPT,
        ),
        Index(
            "ix_notification_archived",
            *("user_id", "listed_at", "id"),
            sqlite_where=_IS_ARCHIVED,
            postgresql_where=_IS_ARCHIVED,
        ),
        Index(
            "ix_notification_unread",
            *("user_id", "listed_at", "id"),
            sqlite_where=_IS_UNREAD,
            postgresql_where=_IS_UNREAD,
        ),
        Index("ix_notification_snoozed", "snoozed_until", sqlite_where=_IS_SNOOZED, postgresql_where=_IS_SNOOZED),
        {"postgresql_with": {"fillfactor": 50}},  # room for the new versions of rows
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(Id)
    project_id: Mapped[str] = mapped_column(Id)
    subject_type: Mapped[SubjectType] = mapped_column(String(10))
    subject_id: Mapped[str] = mapped_column(Id)
    reason: Mapped[Reason] = mapped_column(ReasonStrength)
    actor_id: Mapped[str | None] = mapped_column(Id)
    count: Mapped[int]
    is_untold: Mapped[bool] = mapped_column(server_default=false())
    told_offset: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    listed_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]


class Column(Base):
    """A column of a project's board. `position` is a fractional index among the project's columns."""

    __tablename__ = "board_column"
    __table_args__ = (
        CheckConstraint("category IN (10, 20, 30)", name="category"),
        Index(None, "project_id", "position", "id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(Id, ForeignKey("project.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    category: Mapped[Category] = mapped_column(CategoryRank)
    color: Mapped[str | None] = mapped_column(String(20))
    wip_limit: Mapped[int | None]
    position: Mapped[str] = mapped_column(OrderKey)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class Label(Base):
    """A label of a project's tasks, which hold its name. `key` is the name in the form that is compared."""

    __tablename__ = "label"
    __table_args__ = (UniqueConstraint("project_id", "key"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(Id, ForeignKey("project.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(50))
    key: Mapped[str] = mapped_column(OrderKey)
    color: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


PROJECT: Table = Base.metadata.tables[Project.__tablename__]
MEMBER: Table = Base.metadata.tables[Member.__tablename__]
COLUMN: Table = Base.metadata.tables[Column.__tablename__]
LABEL: Table = Base.metadata.tables[Label.__tablename__]
WATCH: Table = Base.metadata.tables[Watch.__tablename__]
NOTIFICATION: Table = Base.metadata.tables[Notification.__tablename__]
IS_UNREAD = (
    NOTIFICATION.c.read_at.is_(None),
    NOTIFICATION.c.archived_at.is_(None),
    NOTIFICATION.c.snoozed_until.is_(None),
)
"""As its index says it."""
