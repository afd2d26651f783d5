"""The tables of invitations."""

from datetime import date, datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Table, bindparam, text
from sqlalchemy.orm import Mapped, mapped_column

from roomful.db.base import Base, Id, UtcDateTime

InvitedRole = Literal["editor", "viewer"]
MailStatus = Literal["waiting", "sent", "refused"]

_IS_DUE = text("mail_due_at IS NOT NULL")


class Invitation(Base):
    """An invitation to a project. Only the hash of its token is kept (roomful.invitations.tokens).

    It admits whoever has the token, `max_uses` people in all, or only the person with the address `email`, until it
    expires or is withdrawn, and only while its inviter owns the project (docs/decisions/0050).

    While a mail is still to be sent, `mail_due_at` is the time of the next attempt, or of the end of the lease of the
    process that is sending it.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        CheckConstraint("role IN ('editor', 'viewer')", name="role"),
        CheckConstraint("uses BETWEEN 0 AND max_uses", name="uses"),
        Index(None, "project_id", "id"),
        Index(None, "expires_at"),
        Index("ix_invitation_mail_due", "mail_due_at", sqlite_where=_IS_DUE, postgresql_where=_IS_DUE),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    project_id: Mapped[str] = mapped_column(Id, ForeignKey("project.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[InvitedRole] = mapped_column(String(10))
    email: Mapped[str | None] = mapped_column(String(254))
    max_uses: Mapped[int]
    uses: Mapped[int]
    created_by: Mapped[str] = mapped_column(Id, ForeignKey("user.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    mail_status: Mapped[MailStatus | None] = mapped_column(String(10))
    mail_due_at: Mapped[datetime | None]


class InvitationMailCount(Base):
    """How many invitations were mailed on a day (UTC) for a person, for a network or to an address.

    `subject` is a hash of which.
    """

    __tablename__ = "invitation_mail_count"

    day: Mapped[date] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    mails: Mapped[int]


INVITATION: Table = Base.metadata.tables[Invitation.__tablename__]
INVITATION_MAIL_COUNT: Table = Base.metadata.tables[InvitationMailCount.__tablename__]
IS_OPEN = (
    INVITATION.c.withdrawn_at.is_(None),
    INVITATION.c.uses < INVITATION.c.max_uses,
    INVITATION.c.expires_at > bindparam("at", type_=UtcDateTime),
)
"""Conditions: neither withdrawn, nor used up, nor expired `at` that time."""
