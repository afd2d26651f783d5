"""Whom a session speaks for: from its connect on, and after each new token."""

from roomful.realtime.policy import Credentials, TokenHasExpired, TokenMissing, TokenRefused
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.codes import SessionEnds
from roomful.realtime.protocol.messages import RefreshRequest, RefreshResult
from roomful.realtime.session.state import SessionState


async def sign_in(session: SessionState, token: str) -> Credentials:
    """The person behind the connect command's token, or what the handshake brought. Raises ClientError, SessionEnds."""
    node = session.node
    try:
        if token or session.credentials is None:
            session.credentials = await _verify(session, token or session.handshake_token)
        credentials = session.credentials
        most = node.limits.connections_per_user
        if most and node.sessions.count_of_user(credentials.user_id) >= most:
            raise SessionEnds(codes.CONNECTION_LIMIT)
        # Entered before it is asked whether the sign-in still stands: a revocation finds us from here on.
        node.sessions.enter(session, credentials.user_id, credentials.session_id)
        session.credentials = await node.policy.admit(credentials)
    except TokenHasExpired:
        raise codes.TOKEN_EXPIRED.error() from None
    except TokenMissing:
        raise SessionEnds(codes.BAD_COMMAND) from None
    except TokenRefused:
        raise SessionEnds(codes.INVALID_TOKEN) from None
    session.handshake_token = ""
    return session.credentials


async def refresh(session: SessionState, request: RefreshRequest) -> RefreshResult:
    """Go on with a new token of the same person. Raises SessionEnds."""
    node, present = session.node, session.present_credentials()
    try:
        fresh = await _verify(session, request.token)
        if fresh.user_id != present.user_id:
            raise SessionEnds(codes.INVALID_TOKEN)
        node.sessions.leave(session, present.user_id, present.session_id)
        node.sessions.enter(session, fresh.user_id, fresh.session_id)
        session.credentials = fresh
        session.credentials = await node.policy.admit(fresh)
    except TokenHasExpired:
        raise SessionEnds(codes.CONNECTION_EXPIRED) from None
    except TokenRefused:
        raise SessionEnds(codes.INVALID_TOKEN) from None
    expires_in = session.expires_in()
    ttl = 0 if expires_in is None else max(1, round(expires_in))
    return RefreshResult(session.client.client, node.version, expires_in is not None, ttl)


async def _verify(session: SessionState, token: str) -> Credentials:
    credentials = await session.node.policy.verify(token)
    if session.has_ended:
        raise SessionEnds(codes.CONNECTION_CLOSED)  # nobody would take it out again where it is entered now
    return credentials
