"""The mail cursor: some time after something came into an inbox, it mails what is still unread."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.channels import parse_channel
from roomful.db.base import now
from roomful.eventlog.cursor import Cursor
from roomful.eventlog.cursor_batch import Batch, CursorRules, Later
from roomful.identity.models import USER
from roomful.inbox import entries
from roomful.inbox.mail import digest
from roomful.inbox.mail.digest import MailAddresses
from roomful.inbox.mail.smtp import MailRefused, MailServer, MailUnavailable
from roomful.inbox.mail.unsubscribing import UnsubscribeTokens, wants_mail
from roomful.projects.models import IS_UNREAD, NOTIFICATION
from roomful.projects.notification_events import Notification
from roomful.runtime import Runtime
from roomful.web.dependencies import API

LEASE = timedelta(seconds=60)
MAX_AGE = timedelta(days=3)
"""Older news is not mailed, as after a long outage of the mail server, or when mail is turned on."""


class Mailer:
    """Sends digests. Each batch makes at most one message, with the same id whichever process sends it."""

    def __init__(
        self, runtime: Runtime, server: MailServer, addresses: MailAddresses, tokens: UnsubscribeTokens
    ) -> None:
        self._runtime = runtime
        self._server = server
        self._addresses = addresses
        self._tokens = tokens
        self._to_unverified = runtime.settings.mail_to_unverified

    def cursor(self) -> Cursor:
        runtime = self._runtime
        rules = CursorRules(
            name="mail",
            prefix="user:",
            types=("notification.created", "notification.updated"),
            delay=timedelta(seconds=runtime.settings.mail_delay),
            lease=LEASE,
        )
        return Cursor(rules, runtime.database, runtime.transaction, self.mail)

    async def mail(self, batch: Batch) -> None:
        """Mail those entries of these events that are still unread. Raises Later while the mail server is away."""
        channel = parse_channel(batch.channel)
        assert channel is not None  # the log's names are ours
        news = [entry for event in batch.events if (entry := _news(event.data, channel.id)) is not None]
        if not news:
            return
        async with self._runtime.database.read() as session:
            person = await self._reader(session, channel.id)
            items = await _unread(session, channel.id, news) if person is not None else []
        if person is None or not items:
            return
        email, name = person
        try:
            message = digest.digest(
                items,
                to=email,
                name=name,
                id=digest.batch_id(batch.channel, batch.events[0].epoch, batch.upto),
                addresses=self._addresses,
                unsubscribe_url=f"{self._addresses.public_url}{API}/mail/unsubscribe/{self._tokens.issue(channel.id)}",
            )
            await self._server.send(message, sender=self._addresses.sender_address, recipient=email)
        except MailUnavailable as away:
            raise Later(away.seconds) from away
        except (MailRefused, digest.NoMailAddress):
            return  # the former counted; the entries are in the inbox all the same

    async def _reader(self, session: AsyncSession, user_id: str) -> tuple[str, str] | None:
        """The address and name of somebody to whom mail may be sent, and who wants it.

        Anybody can register any address: mail goes only to those that somebody vouches for, unless the operator says
        otherwise.
        """
        row = (await session.execute(_READER, {"person": user_id})).one_or_none()
        if row is None or not row.is_active or not (row.email_verified or self._to_unverified):
            return None
        if " " in row.email or not await wants_mail(session, user_id):
            return None
        return row.email, row.name


class _Told(msgspec.Struct):
    id: str


class _Data(msgspec.Struct):
    notification: _Told


class _Body(msgspec.Struct):
    at: datetime
    actor_id: str | None
    data: _Data


_decode = msgspec.json.Decoder(_Body).decode


def _news(data: bytes, user_id: str) -> str | None:
    """The id of the entry that it tells of; None if it is too old, or the person's own doing."""
    body = _decode(data)
    is_news = body.actor_id != user_id and body.at > now() - MAX_AGE
    return body.data.notification.id if is_news else None


async def _unread(session: AsyncSession, user_id: str, ids: Sequence[str]) -> list[Notification]:
    rows = await session.execute(_UNREAD, {"person": user_id, "entries": sorted(set(ids))})
    return [entries.describe(entry) for entry in rows]


_READER = select(USER.c.email, USER.c.name, USER.c.is_active, USER.c.email_verified).where(
    USER.c.id == bindparam("person")
)
_UNREAD = entries.SELECT.where(
    NOTIFICATION.c.user_id == bindparam("person"),
    NOTIFICATION.c.id.in_(bindparam("entries", expanding=True)),
    *IS_UNREAD,
).order_by(NOTIFICATION.c.updated_at.desc(), NOTIFICATION.c.id)
