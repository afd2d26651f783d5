"""The tables of the event log."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Table, column, text
from sqlalchemy.orm import Mapped, mapped_column

from roomful.db.base import Base, Id

NAME_OF_CHANNEL = String(120)


class Channel(Base):
    """A named stream and its newest offset. The row's lock orders the writers of one channel.

    The row outlives a deleted project, so that its last event still reaches every subscriber.
    `floor` is the newest offset that retention has deleted: events are kept from `floor` + 1 to `head`.
    """

    __tablename__ = "channel"

    name: Mapped[str] = mapped_column(NAME_OF_CHANNEL, primary_key=True)
    epoch: Mapped[str] = mapped_column(String(16))
    head: Mapped[int] = mapped_column(BigInteger, default=0)
    floor: Mapped[int] = mapped_column(BigInteger, default=0)


_HAS_SUBJECT = column("subject_id").is_not(None)


class Event(Base):
    """A fact, written in the transaction that made it true. `body` is the JSON that every reader gets.

    `subject_id` is the task or document whose history the event belongs to. Events from before there was the
    column have none, and are in no history.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index(None, "at"),
        Index("ix_event_subject", "subject_id", "offset", sqlite_where=_HAS_SUBJECT, postgresql_where=_HAS_SUBJECT),
    )

    channel: Mapped[str] = mapped_column(
        NAME_OF_CHANNEL, ForeignKey("channel.name", ondelete="CASCADE"), primary_key=True
    )
    offset: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Id)
    type: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[str | None] = mapped_column(Id)
    subject_id: Mapped[str | None] = mapped_column(Id)
    at: Mapped[datetime]
    body: Mapped[bytes] = mapped_column(LargeBinary)


_WAITS = text("due_at IS NOT NULL")


class LogCursor(Base):
    """How far one cursor has handled one channel (roomful.eventlog.cursor).

    `position` is the newest offset handled. `fence` counts the leases given, and `upto` is where the newest batch that
    was begun ends. Until `due_at` nobody takes the channel up: its lease runs, or a failure waits for its next attempt.
    `attempts` counts those that have failed, or were begun and not ended, since the position last moved.
    """

    __tablename__ = "log_cursor"
    __table_args__ = (Index("ix_log_cursor_due", "cursor", "due_at", sqlite_where=_WAITS, postgresql_where=_WAITS),)

    cursor: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(
        NAME_OF_CHANNEL, ForeignKey("channel.name", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(BigInteger)
    fence: Mapped[int] = mapped_column(BigInteger)
    upto: Mapped[int | None] = mapped_column(BigInteger)
    due_at: Mapped[datetime | None]
    attempts: Mapped[int]


# For the statements of every write: they make no ORM objects, so the ORM's bookkeeping would be wasted.
CHANNEL: Table = Base.metadata.tables[Channel.__tablename__]
EVENT: Table = Base.metadata.tables[Event.__tablename__]
LOG_CURSOR: Table = Base.metadata.tables[LogCursor.__tablename__]
