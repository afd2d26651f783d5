"""Error, disconnect and unsubscribe codes of the client protocol.

What stands below each tells a client's author when it comes; docs/clients.md has it in tables
(`python -m tests.conformance.codes`).
"""

from dataclasses import dataclass


class ClientError(Exception):
    """A command is answered with an error; the connection stays. `is_temporary` tells an SDK to try again."""

    def __init__(self, code: int, message: str, *, is_temporary: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.is_temporary = is_temporary


class SessionEnds(Exception):
    """A command is answered by closing the socket."""

    def __init__(self, disconnect: "Disconnect") -> None:
        super().__init__(disconnect.reason)
        self.disconnect = disconnect


@dataclass(frozen=True, slots=True)
class ErrorCode:
    code: int
    message: str
    is_temporary: bool = False

    def error(self) -> ClientError:
        return ClientError(self.code, self.message, is_temporary=self.is_temporary)


INTERNAL = ErrorCode(100, "internal server error", is_temporary=True)
"""Something that is needed for an answer is out of reach for now: the log, the presence, the database."""
UNKNOWN_CHANNEL = ErrorCode(102, "unknown channel")
"""There can be no such channel, or it is gone."""
PERMISSION_DENIED = ErrorCode(103, "permission denied")
"""It is not for this person to see or do: a project of others, a publication of their own in it."""
METHOD_NOT_FOUND = ErrorCode(104, "method not found")
"""There is no such remote procedure."""
ALREADY_SUBSCRIBED = ErrorCode(105, "already subscribed")
"""This connection is subscribed to the channel."""
LIMIT_EXCEEDED = ErrorCode(106, "limit exceeded")
"""More channels on one connection, a larger publication, or a longer list of who is present than are allowed."""
BAD_REQUEST = ErrorCode(107, "bad request")
"""A name of a channel that is empty or too long, or a publication that is not JSON."""
NOT_AVAILABLE = ErrorCode(108, "not available")
"""The channel has no history or presence, or the server no such kind of subscription."""
TOKEN_EXPIRED = ErrorCode(109, "token expired")
"""The token, of the connection or the subscription, was good once."""
EXPIRED = ErrorCode(110, "expired")
"""The token in a refresh of a subscription has expired."""
TOO_MANY_REQUESTS = ErrorCode(111, "too many requests", is_temporary=True)
"""More commands or publications a minute than are allowed, or a large reply while earlier ones have not been read."""
UNRECOVERABLE_POSITION = ErrorCode(112, "unrecoverable position")
"""The events after this position are no longer kept, or it is of another history: load the state anew."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Why the server closes a socket. SDKs come back, except after 3500 to 3999 and 4500 to 4999."""

    code: int
    reason: str

    @property
    def may_return(self) -> bool:
        return not (3500 <= self.code <= 3999 or 4500 <= self.code <= 4999)


CONNECTION_CLOSED = Disconnect(3000, "connection closed")
"""The connection was refused before, or is closing."""
SHUTDOWN = Disconnect(3001, "shutdown")
"""The server stops, or starts anew."""
SERVER_ERROR = Disconnect(3004, "internal server error")
"""A fault of the server's own, which its log tells of."""
CONNECTION_EXPIRED = Disconnect(3005, "connection expired")
"""The token has expired and was not refreshed in time."""
SUBSCRIPTION_EXPIRED = Disconnect(3006, "subscription expired")
"""The server's own subscription has expired and was not refreshed in time."""
SLOW = Disconnect(3008, "slow")
"""More was waiting for this reader than is kept for one."""
INSUFFICIENT_STATE = Disconnect(3010, "insufficient state")
"""The history of a channel that the server subscribes to was replaced."""
FORCE_RECONNECT = Disconnect(3011, "force reconnect")
"""What the connection may do has changed, or it could not be begun for now."""
NO_PONG = Disconnect(3012, "no pong")
"""A ping was not answered in time."""
TOO_MANY_COMMANDS = Disconnect(3013, "too many requests")
"""More commands at once than are kept waiting."""
INVALID_TOKEN = Disconnect(3500, "invalid token")
"""The token is none of this server's, or its sign-in has ended, or a refresh brings that of somebody else."""
BAD_COMMAND = Disconnect(3501, "bad request")
"""What came is no command, or comes at the wrong time; or a connect without a token."""
STALE = Disconnect(3502, "stale")
"""The client did not sign in in time."""
FORCE_DISCONNECT = Disconnect(3503, "force disconnect")
"""The session was ended: signed out, or the person locked out."""
CONNECTION_LIMIT = Disconnect(3504, "connection limit")
"""This person has as many connections as one may."""
CHANNEL_LIMIT = Disconnect(3505, "channel limit")
"""A client that only listens wants more channels than one connection may have."""
ACCESS_DENIED = Disconnect(3507, "permission denied")
"""The project of a plain stream is not, or no longer, this person's to read; or it is gone."""
UNAVAILABLE = Disconnect(3508, "not available")
"""A message without a reply, which nothing here takes."""


def disconnect_for(error: ClientError) -> Disconnect:
    """How somebody learns that connecting is refused who can't be answered with an error."""
    match error.code:
        case TOKEN_EXPIRED.code:
            return CONNECTION_EXPIRED
        case LIMIT_EXCEEDED.code:
            return CHANNEL_LIMIT
    return FORCE_RECONNECT if error.is_temporary else BAD_COMMAND


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Why the server ends a subscription."""

    code: int
    reason: str

    @property
    def may_come_back(self) -> bool:
        """Whether SDKs subscribe again, with their position."""
        return self.code >= 2500


SERVER_UNSUBSCRIBE = Unsubscribe(2000, "server unsubscribe")
"""Access to the channel was lost, or the channel is gone."""
UNSUBSCRIBE_INSUFFICIENT = Unsubscribe(2500, "insufficient state")
"""The history was replaced, or what the person may do has changed."""
UNSUBSCRIBE_EXPIRED = Unsubscribe(2501, "subscription expired")
"""The subscription's token has expired and was not refreshed in time."""
