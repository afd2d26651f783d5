"""The table of node starts."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from roomful.db.base import Base, now


class NodeStart(Base):
    """A node that has started on this database. `id` is random, `number` their order."""

    __tablename__ = "node_start"
    __table_args__ = (Index(None, "started_at"),)

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    id: Mapped[bytes] = mapped_column(LargeBinary(8))
    started_at: Mapped[datetime] = mapped_column(default=now)
