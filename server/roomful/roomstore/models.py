"""The tables of rooms."""

from datetime import datetime
from typing import Literal

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Index, LargeBinary, String, Table, column, false
from sqlalchemy.orm import Mapped, mapped_column

from roomful.db.base import Base, Id, now
from roomful.ids import new_id

Trigger = Literal["manual", "idle", "patch", "restore"]
"""Causes of a version: a person, a pause in the writing, or a change by REST or a restoration that follows it."""

_IS_UNFOLDED = column("head") > column("base")
_IS_DIRTY = column("dirty_since").is_not(None)
_IS_UNVERSIONED = column("unversioned_since").is_not(None)


class Room(Base):
    """The head of a document's content. The row's lock orders the writers of one document.

    The content is `room_state`, which holds all rows up to `base`, and the rows `base` + 1 to `head` of `room_update`.
    `state_bytes` and `update_bytes` are the sizes of the two.
    `dirty_since` and `dirty_by` describe changes that no event has covered, the `unversioned_` ones those in no
    version. The state has a table of its own because SQLite reads and writes whole rows.
    """

    __tablename__ = "room"
    __table_args__ = (
        Index("ix_room_unfolded", "edited_at", sqlite_where=_IS_UNFOLDED, postgresql_where=_IS_UNFOLDED),
        Index("ix_room_dirty", "dirty_since", sqlite_where=_IS_DIRTY, postgresql_where=_IS_DIRTY),
        Index("ix_room_unversioned", "edited_at", sqlite_where=_IS_UNVERSIONED, postgresql_where=_IS_UNVERSIONED),
    )

    id: Mapped[str] = mapped_column(Id, ForeignKey("document.id", ondelete="CASCADE"), primary_key=True)
    generation: Mapped[str] = mapped_column(String(16))
    head: Mapped[int] = mapped_column(BigInteger)
    base: Mapped[int] = mapped_column(BigInteger)
    state_bytes: Mapped[int]
    update_bytes: Mapped[int] = mapped_column(default=0)
    edited_at: Mapped[datetime | None]
    dirty_since: Mapped[datetime | None]
    dirty_by: Mapped[list[str]] = mapped_column(JSON, default=list)
    unversioned_since: Mapped[datetime | None]
    unversioned_by: Mapped[list[str]] = mapped_column(JSON, default=list)
    is_deleted: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())


class RoomState(Base):
    """The rows up to `room.base`, folded: one Yjs update (encoding v1)."""

    __tablename__ = "room_state"

    room_id: Mapped[str] = mapped_column(Id, ForeignKey("room.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[bytes] = mapped_column(LargeBinary)


class RoomUpdate(Base):
    """A row of a document: a Yjs update (encoding v1), and the people whose changes it holds."""

    __tablename__ = "room_update"

    room_id: Mapped[str] = mapped_column(Id, ForeignKey("room.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    user_ids: Mapped[list[str]] = mapped_column(JSON)


class RoomVersion(Base):
    """A document's earlier content, whole. Versions without a label are automatic and thinned out."""

    __tablename__ = "room_version"
    __table_args__ = (Index(None, "room_id", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    room_id: Mapped[str] = mapped_column(Id, ForeignKey("room.id", ondelete="CASCADE"))
    label: Mapped[str | None] = mapped_column(String(200))
    trigger: Mapped[Trigger] = mapped_column(String(10))
    changes_by: Mapped[list[str]] = mapped_column(JSON)
    triggered_by: Mapped[str | None] = mapped_column(Id)
    bytes: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=now)


class RoomVersionState(Base):
    """A version's content, as one Yjs update (encoding v1): apart, so that lists don't read it."""

    __tablename__ = "room_version_state"

    version_id: Mapped[str] = mapped_column(Id, ForeignKey("room_version.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[bytes] = mapped_column(LargeBinary)


ROOM: Table = Base.metadata.tables[Room.__tablename__]
STATE: Table = Base.metadata.tables[RoomState.__tablename__]
UPDATE: Table = Base.metadata.tables[RoomUpdate.__tablename__]
VERSION: Table = Base.metadata.tables[RoomVersion.__tablename__]
VERSION_STATE: Table = Base.metadata.tables[RoomVersionState.__tablename__]
