"""The table of documents."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Table, column
from sqlalchemy.orm import Mapped, mapped_column

from roomful.db.base import Base, Id, now
from roomful.ids import new_id

_IS_DELETED = column("deleted_at").is_not(None)


class Document(Base):
    """A document as its project knows it; its content is in the room of the same id.

    `bytes` is the content's size in the newest event. A document with `deleted_at` is in the trash.
    """

    __tablename__ = "document"
    __table_args__ = (
        Index(None, "project_id", "id"),
        Index("ix_document_deleted", "deleted_at", sqlite_where=_IS_DELETED, postgresql_where=_IS_DELETED),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(Id, ForeignKey("project.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    task_id: Mapped[str | None] = mapped_column(Id, ForeignKey("task.id", ondelete="CASCADE"), unique=True)
    bytes: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str] = mapped_column(Id, ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    deleted_at: Mapped[datetime | None]


DOCUMENT: Table = Base.metadata.tables[Document.__tablename__]
