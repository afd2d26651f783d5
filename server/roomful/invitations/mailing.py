"""The mails of invitations: each is a row's until the mail server has taken it.

A process takes a row on lease before it sends, so several may do so at once. If it is killed between sending and the
commit that says so, the mail is sent once more after the lease, with the same Message-ID. While its project is archived
a mail waits, since nobody could join.
"""

import asyncio
import logging
import random
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, exists, select, update

from roomful.db.base import UtcDateTime, now
from roomful.db.passing_outages import passing_outages
from roomful.identity.models import USER
from roomful.inbox.mail.digest import MailAddresses, NoMailAddress
from roomful.inbox.mail.smtp import MailRefused, MailServer, MailUnavailable
from roomful.inbox.models import MAIL_PREFERENCE
from roomful.invitations.message import invitation_mail
from roomful.invitations.models import INVITATION, IS_OPEN, InvitedRole, MailStatus
from roomful.invitations.tokens import hash_of, tokens_of
from roomful.projects.models import PROJECT
from roomful.runtime import Runtime

logger = logging.getLogger(__name__)

ROUND_SECONDS = 3.0
BATCH = 20
LEASE = timedelta(seconds=60)
"""Longer than the mail server has for a message (smtp.TIMEOUT_SECONDS)."""


class InvitationMailer:
    """Sends what is due."""

    def __init__(self, runtime: Runtime, server: MailServer, addresses: MailAddresses) -> None:
        self._runtime = runtime
        self._server = server
        self._addresses = addresses
        self._tokens = tokens_of(runtime)

    async def run(self) -> None:
        """Send for ever."""
        while True:
            await asyncio.sleep(ROUND_SECONDS * random.uniform(0.8, 1.2))
            with passing_outages(logger, "mails of invitations wait for the database"):
                await self.send_due()

    async def send_due(self) -> None:
        """Send one after the other until none is due, or the mail server is away."""
        is_full = True
        while is_full:
            async with self._runtime.database.ask() as reading:
                due = (await reading.execute(_DUE, {"at": now(), "most": BATCH})).all()
            is_full = len(due) == BATCH
            for id_, due_at in due:
                if not await self._send(id_, due_at):
                    return

    async def _send(self, id_: str, due_at: datetime) -> bool:
        """Send one mail; False if the mail server is away."""
        lease_ends = now() + LEASE
        async with self._runtime.transaction() as session:
            if not (await session.execute(_CLAIM, {**_known(id_, due_at), "due": lease_ends})).all():
                return True  # another process was first, or the project has been archived
            row = (await session.execute(_MAIL, {"invitation": id_, "at": now()})).one_or_none()
            mail = None if row is None else _Mail._make(row)
        status: MailStatus | None = None  # of an invitation that has ended meanwhile
        retry_at = None
        if mail is not None:
            try:
                status = await self._hand_over(mail)
            except MailUnavailable as away:
                status, retry_at = "waiting", now() + timedelta(seconds=away.seconds)
        async with self._runtime.transaction() as session:
            await session.execute(_SETTLE, {**_known(id_, lease_ends), "status": status, "due": retry_at})
        return retry_at is None

    async def _hand_over(self, mail: "_Mail") -> MailStatus:
        """Raises MailUnavailable."""
        token = self._tokens.issue(mail.id)
        if hash_of(token) != mail.token_hash:
            logger.warning("the link of an invitation can't be written: the key has changed")
            return "refused"
        if mail.is_wanted is False:
            return "refused"  # the person with this address has said that they want no mail
        try:
            message = invitation_mail(
                id=mail.id,
                to=mail.email,
                project_name=mail.project_name,
                inviter_name=mail.inviter_name,
                role=mail.role,
                expires_at=mail.expires_at,
                url=self._tokens.url(token),
                addresses=self._addresses,
            )
            await self._server.send(message, sender=self._addresses.sender_address, recipient=mail.email)
        except (MailRefused, NoMailAddress):
            return "refused"
        except MailUnavailable:
            raise
        except Exception:
            # The boundary of one mail: a fault of ours must neither hold up the others nor end the process.
            logger.exception("the mail of an invitation could not be sent", extra={"invitation": mail.id})
            return "refused"
        return "sent"


class _Mail(NamedTuple):
    id: str
    token_hash: str
    email: str
    role: InvitedRole
    expires_at: datetime
    project_name: str
    inviter_name: str
    is_wanted: bool | None
    """False where the person with this address has turned mail off; None if nobody has."""


def _known(id_: str, due_at: datetime) -> dict[str, object]:
    return {"invitation": id_, "known": due_at}


_due = bindparam("due", type_=UtcDateTime)
_AS_KNOWN = update(INVITATION).where(
    INVITATION.c.id == bindparam("invitation"), INVITATION.c.mail_due_at == bindparam("known", type_=UtcDateTime)
)
_IS_JOINABLE = exists().where(PROJECT.c.id == INVITATION.c.project_id, PROJECT.c.status == "active")
_CLAIM = _AS_KNOWN.where(_IS_JOINABLE).values(mail_due_at=_due).returning(INVITATION.c.id)
_SETTLE = _AS_KNOWN.values(mail_due_at=_due, mail_status=bindparam("status"))
_DUE = (
    select(INVITATION.c.id, INVITATION.c.mail_due_at)
    .where(INVITATION.c.mail_due_at <= bindparam("at", type_=UtcDateTime), _IS_JOINABLE)
    .order_by(INVITATION.c.mail_due_at)
    .limit(bindparam("most"))
)
_invitee = USER.alias("invitee")
_MAIL = (
    select(
        INVITATION.c.id,
        INVITATION.c.token_hash,
        INVITATION.c.email,
        INVITATION.c.role,
        INVITATION.c.expires_at,
        PROJECT.c.name.label("project_name"),
        USER.c.name.label("inviter_name"),
        MAIL_PREFERENCE.c.is_wanted,
    )
    .join_from(INVITATION, PROJECT, PROJECT.c.id == INVITATION.c.project_id)
    .join(USER, (USER.c.id == INVITATION.c.created_by) & (USER.c.id == PROJECT.c.owner_id))
    .outerjoin(_invitee, _invitee.c.email == INVITATION.c.email)
    .outerjoin(MAIL_PREFERENCE, MAIL_PREFERENCE.c.user_id == _invitee.c.id)
    .where(INVITATION.c.id == bindparam("invitation"), USER.c.is_active.is_(True), *IS_OPEN)
)
