"""The sign-in of a session: whom it speaks for, from its connect on and after each new token."""

import time
from typing import Protocol

from roomful.realtime.node.node import Node
from roomful.realtime.node.socket_registry import Closable
from roomful.realtime.policy import Credentials, TokenHasExpired, TokenMissing, TokenRefused
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.codes import SessionEnds


class Endable(Closable, Protocol):
    @property
    def has_ended(self) -> bool: ...


class SignIn:
    """Verifies a session's tokens, and enters the session into the node's registry, where a revocation finds it.

    `credentials`, or a `token` to verify at connect, come from the handshake. A connect command's token goes first.
    """

    __slots__ = ("_credentials", "_node", "_token")

    def __init__(self, node: Node, credentials: Credentials | None, token: str) -> None:
        self._node = node
        self._credentials = credentials
        self._token = token

    @property
    def credentials(self) -> Credentials:
        """Those of a session that has signed in."""
        assert self._credentials is not None, "a connected session has signed in"
        return self._credentials

    def expires_in(self) -> float | None:
        """Seconds until the token expires; None for never."""
        assert self._credentials is not None
        expires_at = self._credentials.expires_at
        return None if expires_at is None else expires_at - time.time()

    async def begin(self, session: Endable, token: str) -> Credentials:
        """Sign in with the connect command's token, or what the handshake brought. Raises ClientError, SessionEnds."""
        try:
            if token or self._credentials is None:
                self._credentials = await self._verify(session, token or self._token)
            credentials = self._credentials
            if self._node.is_full_for(credentials.user_id):
                raise SessionEnds(codes.CONNECTION_LIMIT)
            # Entered before the policy is asked whether the sign-in still holds: a later revocation finds the session.
            self._node.sessions.enter(session, credentials.user_id, credentials.session_id)
            self._credentials = await self._node.policy.admit(credentials)
        except TokenHasExpired:
            raise codes.TOKEN_EXPIRED.error() from None
        except TokenMissing:
            raise SessionEnds(codes.BAD_COMMAND) from None
        except TokenRefused:
            raise SessionEnds(codes.INVALID_TOKEN) from None
        self._token = ""
        return self._credentials

    async def refresh(self, session: Endable, token: str) -> None:
        """Go on with a new token of the same person. Raises SessionEnds."""
        present = self.credentials
        try:
            fresh = await self._verify(session, token)
            if fresh.user_id != present.user_id:
                raise SessionEnds(codes.INVALID_TOKEN)
            self._node.sessions.leave(session, present.user_id, present.session_id)
            self._node.sessions.enter(session, fresh.user_id, fresh.session_id)
            self._credentials = fresh
            self._credentials = await self._node.policy.admit(fresh)
        except TokenHasExpired:
            raise SessionEnds(codes.CONNECTION_EXPIRED) from None
        except TokenRefused:
            raise SessionEnds(codes.INVALID_TOKEN) from None

    def leave(self, session: Endable) -> None:
        """Remove the session from the registry. Idempotent."""
        if self._credentials is not None:
            self._node.sessions.leave(session, self._credentials.user_id, self._credentials.session_id)

    async def _verify(self, session: Endable, token: str) -> Credentials:
        credentials = await self._node.policy.verify(token)
        if session.has_ended:
            raise SessionEnds(codes.CONNECTION_CLOSED)  # entered now, it would stay in the registry
        return credentials
