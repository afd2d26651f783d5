"""The person behind a connection, and their right in one document."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """`expires_at` is seconds since 1970; None never expires. The connection ends with the sign-in `session_id`.

    `name` is stamped on this person's awareness; a client cannot choose it.
    """

    user_id: str
    session_id: str
    name: str
    may_write: bool
    expires_at: float | None = None
