"""The tables of the event log."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from roomful.db.base import Base, Id

NAME_OF_CHANNEL = String(120)


class Channel(Base):
    """A named stream and its newest offset. The row's lock orders the writers of one channel.

    The row outlives what it tells of (a deleted project), so that its last event still finds every subscriber.
    `floor` is the newest offset that retention has deleted: events are kept from `floor` + 1 to `head`.
    """

    __tablename__ = "channel"

    name: Mapped[str] = mapped_column(NAME_OF_CHANNEL, primary_key=True)
    epoch: Mapped[str] = mapped_column(String(16))
    head: Mapped[int] = mapped_column(BigInteger, default=0)
    floor: Mapped[int] = mapped_column(BigInteger, default=0)


class Event(Base):
    """A fact, written in the transaction that made it true. `body` is its JSON as every reader gets it, to the byte."""

    __tablename__ = "event"
    __table_args__ = (Index(None, "at"),)

    channel: Mapped[str] = mapped_column(
        NAME_OF_CHANNEL, ForeignKey("channel.name", ondelete="CASCADE"), primary_key=True
    )
    offset: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Id)
    type: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[str | None] = mapped_column(Id)
    at: Mapped[datetime]
    body: Mapped[bytes] = mapped_column(LargeBinary)


# For the statements of every write: the ORM would look after objects for each, and there are none.
CHANNEL: Table = Base.metadata.tables[Channel.__tablename__]
EVENT: Table = Base.metadata.tables[Event.__tablename__]
