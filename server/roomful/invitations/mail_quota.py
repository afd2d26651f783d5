"""How many invitations are mailed in a day (UTC): at a person's wish, from a network, and to an address."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Self

from sqlalchemy import bindparam, delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.base import now
from roomful.errors import RateLimited
from roomful.invitations.models import INVITATION_MAIL_COUNT
from roomful.settings import Settings
from roomful.web.limits import ADDRESS_FACTOR

PURGE_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MailQuota:
    """The limits; 0 is without limit.

    The people of one network together have ADDRESS_FACTOR times one person's, so that more accounts don't help.
    """

    per_person: int = 0
    per_address: int = 0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            per_person=settings.max_invitation_mails_per_user,
            per_address=settings.max_invitation_mails_per_address,
        )

    async def count(self, session: AsyncSession, *, inviter_id: str, network: str, email: str) -> None:
        """Count one more mail, with the caller's transaction. Raises RateLimited.

        Exact over all nodes: a count is one row, and the statement that raises it checks it. A count outlives the
        invitation and its project, since deleting those takes no mail back.
        """
        at = now()
        # Always in this order, so that two transactions can't wait for each other.
        for kind, key, most, refusal in (
            ("person", inviter_id, self.per_person, _TOO_MANY),
            ("network", network, self.per_person * ADDRESS_FACTOR, _TOO_MANY_OF_NETWORK),
            ("address", _mailbox(email), self.per_address, _TOO_MANY_TO_ADDRESS),
        ):
            if not most or not key:  # a request through a Unix socket comes from no network
                continue
            asked = {"day": at.date(), "subject": _hash(kind, key), "most": most}
            if (await session.execute(_COUNT, asked)).one_or_none() is None:
                raise RateLimited(_seconds_left(at), refusal)


async def purge(session: AsyncSession) -> int:
    """Delete counts of days that are over on every node, at most PURGE_BATCH; the number deleted."""
    deleted = await session.execute(_PURGE, {"before": now().date() - timedelta(days=1)})
    return len(deleted.all())


_TOO_MANY = "You have had as many invitations mailed today as one person may: send links yourself."
_TOO_MANY_OF_NETWORK = "Too many invitations were mailed from your network today: send links yourself."
_TOO_MANY_TO_ADDRESS = "Enough invitations were mailed to this address today: send it a link yourself."


def _mailbox(email: str) -> str:
    """Many providers deliver `ada+anything@example.org` to `ada@example.org`."""
    local, _, domain = email.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _hash(kind: str, key: str) -> str:
    return hashlib.sha256(f"{kind} {key}".encode("utf-8", "surrogatepass")).hexdigest()


def _seconds_left(at: datetime) -> float:
    """Until the next day begins."""
    tomorrow = datetime.combine(at.date() + timedelta(days=1), time(), UTC)
    return (tomorrow - at).total_seconds()


_new = insert(INVITATION_MAIL_COUNT).values(day=bindparam("day"), subject=bindparam("subject"), mails=1)
# SQLite's ON CONFLICT is PostgreSQL's.
_COUNT = _new.on_conflict_do_update(
    index_elements=["day", "subject"],
    set_={"mails": INVITATION_MAIL_COUNT.c.mails + 1},
    where=INVITATION_MAIL_COUNT.c.mails < bindparam("most"),
).returning(INVITATION_MAIL_COUNT.c.mails)
_columns = (INVITATION_MAIL_COUNT.c.day, INVITATION_MAIL_COUNT.c.subject)
_PURGE = (
    delete(INVITATION_MAIL_COUNT)
    .where(
        tuple_(*_columns).in_(
            select(*_columns)
            .where(INVITATION_MAIL_COUNT.c.day < bindparam("before"))
            .order_by(*_columns)
            .limit(PURGE_BATCH)
        )
    )
    .returning(INVITATION_MAIL_COUNT.c.subject)
)
