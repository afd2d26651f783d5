"""The expiry of a session's tokens: of its connection, and of each subscription."""

import math
import time

from roomful.realtime.delivery.subscription import Subscription
from roomful.realtime.protocol import codes
from roomful.realtime.session.state import SessionState


def ttl(session: SessionState) -> int | None:
    """Whole seconds until the connection's token expires, at least 1; None for never."""
    expires_in = session.sign_in.expires_in()
    return None if expires_in is None else max(1, round(expires_in))


def closes_in(session: SessionState) -> float:
    """Seconds until the grace period of the connection's token is over."""
    expires_in = session.sign_in.expires_in()
    return math.inf if expires_in is None else expires_in + session.node.limits.expiry_grace_seconds


def look_in(session: SessionState, next_ping_in: float) -> float:
    """Seconds until a ping is due, or the grace period of a token is over."""
    ends_at = [end for each in session.subscriptions.values() if (end := _grace_ends_at(session, each)) is not None]
    return min(next_ping_in, closes_in(session), min(ends_at, default=math.inf) - time.time())


def end_expired(session: SessionState) -> None:
    """End the subscriptions whose grace period is over; the session, if one is the server's own."""
    for subscription in list(session.subscriptions.values()):
        ends_at = _grace_ends_at(session, subscription)
        if ends_at is None or time.time() < ends_at:
            continue
        if subscription.by_server:
            session.end(codes.SUBSCRIPTION_EXPIRED)
            return
        session.node.hub.end(subscription, codes.UNSUBSCRIBE_EXPIRED)


def _grace_ends_at(session: SessionState, subscription: Subscription) -> float | None:
    expires_at = subscription.expires_at
    return None if expires_at is None else expires_at + session.node.limits.expiry_grace_seconds
