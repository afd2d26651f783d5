"""The events of ACCESS_CHANNEL: sign-ins that ended before their time, of one person each."""

from roomful.eventlog.typed_event import EventReader, TypedEvent


class SessionRevoked(TypedEvent):
    """One sign-in ended."""

    type = "session.revoked"
    user_id: str
    session_id: str


class UserSignedOut(TypedEvent):
    """Every sign-in ended, but the one to keep."""

    type = "user.signed_out"
    user_id: str
    kept_session_id: str | None = None


class UserDeactivated(TypedEvent):
    """Every sign-in ended, and none can be made."""

    type = "user.deactivated"
    user_id: str


Revoked = SessionRevoked | UserSignedOut | UserDeactivated

REVOKED: EventReader[Revoked] = EventReader(SessionRevoked, UserSignedOut, UserDeactivated)
