"""The tables of people and their sign-ins."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Table, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from roomful.db.base import Base, Id, now
from roomful.ids import new_id


class User(Base):
    """A person. An inactive one can't sign in and keeps no session.

    `email` is as `normal_email` gives it, or `unclaimed` where an older account has the address.
    `email_verified` says that the identity provider or the operator vouches for the address; whoever registers has
    proved nothing. `external_id` is the hash of who they are to the external identity provider, once they have come
    from there.
    """

    __tablename__ = "user"
    __table_args__ = (CheckConstraint("role IN ('admin', 'user')", name="role"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    email_verified: Mapped[bool] = mapped_column(default=False, server_default=false())
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(10), default="user")
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


EXTERNAL = 0


class SignIn(Base):
    """One sign-in (the session of the contract; `sid` in its tokens), from password to logout.

    Its refresh token is derived from id and `generation`; a rotation is the next generation, made at `rotated_at`. One
    that stands for an external provider's token has none: its generation is EXTERNAL.
    """

    __tablename__ = "sign_in"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"), Index(None, "revoked_at"))

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("user.id", ondelete="CASCADE"))
    generation: Mapped[int] = mapped_column(default=1)
    rotated_at: Mapped[datetime] = mapped_column(default=now)
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_used_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    user_agent: Mapped[str] = mapped_column(String(200), default="")


class Ticket(Base):
    """A single-use stand-in for an access token in a WebSocket or SSE address. Only its hash is kept.

    Good until `expires_at`; what it opens lasts no longer than the token would have, `access_expires_at`.
    """

    __tablename__ = "ticket"
    __table_args__ = (Index(None, "expires_at"),)

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    sign_in_id: Mapped[str] = mapped_column(Id, ForeignKey("sign_in.id", ondelete="CASCADE"))
    access_expires_at: Mapped[datetime]
    expires_at: Mapped[datetime]


USER: Table = Base.metadata.tables[User.__tablename__]
SIGN_IN: Table = Base.metadata.tables[SignIn.__tablename__]
