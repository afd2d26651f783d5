"""The table of people's choices about mail."""

from sqlalchemy import ForeignKey, Table
from sqlalchemy.orm import Mapped, mapped_column

from roomful.db.base import Base, Id


class MailPreference(Base):
    """Whether a person wants digests by mail; without a row, they do."""

    __tablename__ = "mail_preference"

    user_id: Mapped[str] = mapped_column(Id, ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    is_wanted: Mapped[bool]


MAIL_PREFERENCE: Table = Base.metadata.tables[MailPreference.__tablename__]
