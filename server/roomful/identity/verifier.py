"""The verifier of all tokens of requests and sockets, our own and the identity provider's."""

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
EXTERNAL_SECONDS = 60.0
"""How long a verified token of the provider's is cached: one request verifies it twice."""
REFUSALS_LOGGED = 3
"""Lines a minute for each reason: a refused client may try again every second."""

_ROWS = ("user", "sign_in")
"""The rows that a token's first use writes."""


class Verifier:
    """Verifies tokens of our own at once, and those of the external identity provider where there is one."""

    def __init__(self, tokens: Tokens, external_tokens: ExternalTokens | None, database: Database) -> None:
        self._tokens = tokens
        self._external_tokens = external_tokens
        self._database = database
        # The person of each provider's token, so that only its first use writes to the database.
        self._people: OrderedDict[str, str] = OrderedDict()
        self._verified: OrderedDict[str, tuple[AccessClaims, float]] = OrderedDict()
        self._allowance = TokenBuckets(REFUSALS_LOGGED)

    async def verify(self, token: str) -> AccessClaims:
        """The claims of a good access token. `identify` tells whether its sign-in still stands.

        Raises TokenExpired for a token that only its age condemns, TokenInvalid for everything else.
        """
        verified, until = self._verified.get(token, (None, 0.0))
        if verified is not None and time.time() < until:
            return verified
        try:
            return self._tokens.verify(token)
        except TokenExpired:
            raise
        except TokenInvalid:
            if self._external_tokens is None:
                raise
        try:
            external_claims = await self._external_tokens.verify(token)
            user_id = await self._person_of(external_claims)
        except TokenInvalid as refused:
            if reason := str(refused):
                self._log(reason)
            raise
        claims = AccessClaims(user_id, external_claims.session_id, external_claims.expires_at)
        self._verified[token] = claims, min(claims.expires_at, time.time() + EXTERNAL_SECONDS)
        if len(self._verified) > MAX_REMEMBERED:
            self._verified.popitem(last=False)
        return claims

    def _log(self, reason: str) -> None:
        """Log the reason for the operator, without token or address."""
        if self._allowance.acquire(reason, time.monotonic()) == 0.0:
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
        """Admit, though other requests may do the same: of several that insert one row, one succeeds."""
        for _ in _ROWS:
            try:
                return await self._admit(claims)
            except (IntegrityError, Conflict):
                continue  # the row is there now; the next attempt finds it
        return await self._admit(claims)

    async def _admit(self, claims: ExternalClaims) -> str:
        async with self._database.write() as session:
            user_id = await external.admit(session, claims)
            await session.commit()  # a revocation is found when nodes reconcile
        return user_id
