"""Whether a person wants mail, and the link by which they say no without signing in."""

import base64
import hmac

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.identity.models import USER
from roomful.inbox.models import MAIL_PREFERENCE

_MAC_BYTES = 16


class UnsubscribeTokens:
    """Tokens that can do nothing but end a person's mail. They don't expire: old mail can be unsubscribed from too."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, user_id: str) -> str:
        return f"{user_id}.{base64.urlsafe_b64encode(self._mac(user_id)).rstrip(b'=').decode()}"

    def read(self, token: str) -> str | None:
        """The person's id, or None for a token that is not ours."""
        user_id = token.partition(".")[0]
        return user_id if hmac.compare_digest(token.encode(), self.issue(user_id).encode()) else None

    def _mac(self, user_id: str) -> bytes:
        return hmac.digest(self._key, user_id.encode(), "sha256")[:_MAC_BYTES]


async def wants_mail(session: AsyncSession, user_id: str) -> bool:
    found = (await session.execute(_FIND, {"person": user_id})).scalar_one_or_none()
    return found is None or found


async def has_verified_address(session: AsyncSession, user_id: str) -> bool:
    return bool((await session.execute(_IS_VERIFIED, {"person": user_id})).scalar_one_or_none())


async def set_wanted(session: AsyncSession, user_id: str, *, is_wanted: bool) -> None:
    """Does nothing for somebody who is not there any more."""
    if (await session.execute(_PERSON, {"person": user_id})).first() is not None:
        await session.execute(_SET, {"user_id": user_id, "is_wanted": is_wanted})


_FIND = select(MAIL_PREFERENCE.c.is_wanted).where(MAIL_PREFERENCE.c.user_id == bindparam("person"))
_IS_VERIFIED = select(USER.c.email_verified).where(USER.c.id == bindparam("person"))
_PERSON = select(USER.c.id).where(USER.c.id == bindparam("person"))
_new = insert(MAIL_PREFERENCE)
_SET = _new.on_conflict_do_update(index_elements=["user_id"], set_={"is_wanted": _new.excluded.is_wanted})
