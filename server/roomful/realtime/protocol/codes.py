"""Error, disconnect and unsubscribe codes of the client protocol.

The text below each code is for authors of clients. It makes the tables of docs/clients.md
(`python -m tests.conformance.codes`).
"""

from dataclasses import dataclass


class ClientError(Exception):
    """Answers a command with an error; the connection stays. `is_temporary` makes SDKs try again."""

    def __init__(self, code: int, message: str, *, is_temporary: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.is_temporary = is_temporary


class SessionEnds(Exception):
    """Answers a command by closing the socket."""

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
"""The log, the presence list or the database is out of reach for now."""
UNKNOWN_CHANNEL = ErrorCode(102, "unknown channel")
"""The channel's name is impossible, or the channel is gone."""
PERMISSION_DENIED = ErrorCode(103, "permission denied")
"""This person may not do this: the project is of others, or clients may not publish to the channel."""
METHOD_NOT_FOUND = ErrorCode(104, "method not found")
"""There is no such remote procedure."""
ALREADY_SUBSCRIBED = ErrorCode(105, "already subscribed")
"""This connection is already subscribed to the channel."""
LIMIT_EXCEEDED = ErrorCode(106, "limit exceeded")
"""Too many channels on one connection, too large a publication, or too long a presence list."""
BAD_REQUEST = ErrorCode(107, "bad request")
"""The channel's name is empty or too long, or the publication is not JSON."""
NOT_AVAILABLE = ErrorCode(108, "not available")
"""The channel has no history or presence, or the server does not have this kind of subscription."""
TOKEN_EXPIRED = ErrorCode(109, "token expired")
"""The token of the connection or the subscription has expired."""
EXPIRED = ErrorCode(110, "expired")
"""The token in a refresh of a subscription has expired."""
TOO_MANY_REQUESTS = ErrorCode(111, "too many requests", is_temporary=True)
"""Too many commands or publications a minute, or a large reply while the client has not read earlier ones."""
UNRECOVERABLE_POSITION = ErrorCode(112, "unrecoverable position")
"""The events after this position are no longer kept, or it is of another history: load the present state."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Why the server closes a socket. SDKs reconnect, except after 3500 to 3999 and 4500 to 4999."""

    code: int
    reason: str

    @property
    def may_return(self) -> bool:
        return not (3500 <= self.code <= 3999 or 4500 <= self.code <= 4999)


CONNECTION_CLOSED = Disconnect(3000, "connection closed")
"""The connection was refused before, or is closing."""
SHUTDOWN = Disconnect(3001, "shutdown")
"""The server stops or restarts."""
SERVER_ERROR = Disconnect(3004, "internal server error")
"""A bug in the server, which its log shows."""
CONNECTION_EXPIRED = Disconnect(3005, "connection expired")
"""The token has expired and was not refreshed in time."""
SUBSCRIPTION_EXPIRED = Disconnect(3006, "subscription expired")
"""The server's own subscription has expired and was not refreshed in time."""
SLOW = Disconnect(3008, "slow")
"""The client left more unread than the server keeps for one."""
INSUFFICIENT_STATE = Disconnect(3010, "insufficient state")
"""The history of a server-side subscription was replaced."""
FORCE_RECONNECT = Disconnect(3011, "force reconnect")
"""The connection's rights have changed, or it could not begin for now."""
NO_PONG = Disconnect(3012, "no pong")
"""A ping was not answered in time."""
TOO_MANY_COMMANDS = Disconnect(3013, "too many requests")
"""More commands at once than the server queues."""
INVALID_TOKEN = Disconnect(3500, "invalid token")
"""The token is invalid, its sign-in has ended, or a refresh has another person's token."""
BAD_COMMAND = Disconnect(3501, "bad request")
"""The data is not a command, or a command comes at the wrong time, or connect has no token."""
STALE = Disconnect(3502, "stale")
"""The client did not sign in in time."""
FORCE_DISCONNECT = Disconnect(3503, "force disconnect")
"""The person signed out, or was locked out."""
CONNECTION_LIMIT = Disconnect(3504, "connection limit")
"""This person has too many connections."""
CHANNEL_LIMIT = Disconnect(3505, "channel limit")
"""A unidirectional client asks for too many channels."""
ACCESS_DENIED = Disconnect(3507, "permission denied")
"""This person may not, or no longer, read the project of a plain stream; or it is gone."""
UNAVAILABLE = Disconnect(3508, "not available")
"""A `send` command, which the server does not support."""


def disconnect_for(error: ClientError) -> Disconnect:
    """The close code for a failed connect of a client that can't get an error reply."""
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
"""The history was replaced, or the person's rights have changed."""
UNSUBSCRIBE_EXPIRED = Unsubscribe(2501, "subscription expired")
"""The subscription's token has expired and was not refreshed in time."""
