"""The table of answers kept for a retried POST."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from roomful.db.base import Base, Id, now


class IdempotentAnswer(Base):
    """The first answer to a person's Idempotency-Key, written in the transaction of the change that it tells of.

    `body_bytes` is the length of `body`, counted for the person's quota. `project_id` is the project that the
    answer speaks of: a person who has lost access to it does not get the answer again.
    """

    __tablename__ = "idempotent_answer"
    __table_args__ = (Index(None, "created_at"), Index(None, "user_id", "body_bytes"))

    user_id: Mapped[str] = mapped_column(Id, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    project_id: Mapped[str | None] = mapped_column(Id)
    status: Mapped[int | None]
    headers: Mapped[str | None] = mapped_column(String(2000))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    body_bytes: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(default=now)
