"""The door that every token of a request or socket goes through, whoever issued it."""

import logging
import time
from collections import OrderedDict

from sqlalchemy.exc import IntegrityError

from roomful.db.engine import Database
from roomful.errors import Conflict
from roomful.identity import external
from roomful.identity.external import ExternalClaims, ExternalTokens
from roomful.identity.tokens import AccessClaims, TokenExpired, TokenInvalid, Tokens
from roomful.link.token_bucket import TokenBuckets

logger = logging.getLogger(__name__)

MAX_REMEMBERED = 10_000
REFUSALS_LOGGED = 3
"""Lines a minute for each reason: a client that was refused once may come back every second."""

_ROWS = ("user", "sign_in")
"""What a token's first use writes."""


class Verifier:
    """Verifies tokens of our own at once, and those of the external identity provider where there is one."""

    def __init__(self, tokens: Tokens, external_tokens: ExternalTokens | None, database: Database) -> None:
        self._tokens = tokens
        self._external_tokens = external_tokens
        self._database = database
        # Whom a provider's token stands for, so that only its first use writes to the database.
        self._people: OrderedDict[str, str] = OrderedDict()
        self._allowance = TokenBuckets(REFUSALS_LOGGED)

    async def verify(self, token: str) -> AccessClaims:
        """What a good access token says. Whether its sign-in still stands is for `identify` to say.

        Raises TokenExpired for a token that only its age condemns, TokenInvalid for everything else.
        """
        try:
            return self._tokens.verify(token)
        except TokenExpired:
            raise
        except TokenInvalid:
            if self._external_tokens is None:
                raise
        try:
            claims = await self._external_tokens.verify(token)
            return AccessClaims(await self._person_of(claims), claims.session_id, claims.expires_at)
        except TokenInvalid as refused:
            if reason := str(refused):
                self._log(reason)
            raise

    def _log(self, reason: str) -> None:
        """Tell the operator, who has nothing else to go by; neither token nor address stands in it."""
        if self._allowance.take(reason, time.monotonic()) == 0.0:
            logger.warning("a token that the identity provider signed was refused: %s", reason)

    async def _person_of(self, claims: ExternalClaims) -> str:
        user_id = self._people.get(claims.session_id)
        if user_id is None:
            user_id = await self._admit_among_others(claims)
            self._people[claims.session_id] = user_id
            if len(self._people) > MAX_REMEMBERED:
                self._people.popitem(last=False)
        return user_id

    async def _admit_among_others(self, claims: ExternalClaims) -> str:
        """Admit, though other requests may do the same: of those who write one row at once, one succeeds."""
        for _ in _ROWS:
            try:
                return await self._admit(claims)
            except (IntegrityError, Conflict):
                continue  # the row is there now; the next attempt finds it
        return await self._admit(claims)

    async def _admit(self, claims: ExternalClaims) -> str:
        async with self._database.write() as session:
            user_id = await external.admit(session, claims)
            await session.commit()  # the relay's sweep finds the revocation that there may be
        return user_id
