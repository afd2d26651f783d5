"""Error, disconnect and unsubscribe codes of the client protocol."""

from dataclasses import dataclass


class ClientError(Exception):
    """A command is answered with an error; the connection stays. `is_temporary` tells an SDK to try again."""

    def __init__(self, code: int, message: str, *, is_temporary: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.is_temporary = is_temporary


@dataclass(frozen=True, slots=True)
class ErrorCode:
    code: int
    message: str
    is_temporary: bool = False

    def error(self) -> ClientError:
        return ClientError(self.code, self.message, is_temporary=self.is_temporary)


INTERNAL = ErrorCode(100, "internal server error", is_temporary=True)
UNAUTHORIZED = ErrorCode(101, "unauthorized")
UNKNOWN_CHANNEL = ErrorCode(102, "unknown channel")
PERMISSION_DENIED = ErrorCode(103, "permission denied")
METHOD_NOT_FOUND = ErrorCode(104, "method not found")
ALREADY_SUBSCRIBED = ErrorCode(105, "already subscribed")
LIMIT_EXCEEDED = ErrorCode(106, "limit exceeded")
BAD_REQUEST = ErrorCode(107, "bad request")
NOT_AVAILABLE = ErrorCode(108, "not available")
TOKEN_EXPIRED = ErrorCode(109, "token expired")
EXPIRED = ErrorCode(110, "expired")
TOO_MANY_REQUESTS = ErrorCode(111, "too many requests", is_temporary=True)
UNRECOVERABLE_POSITION = ErrorCode(112, "unrecoverable position")


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Why the server closes a socket. SDKs come back, except after 3500 to 3999 and 4500 to 4999."""

    code: int
    reason: str

    @property
    def may_return(self) -> bool:
        return not (3500 <= self.code <= 3999 or 4500 <= self.code <= 4999)


CONNECTION_CLOSED = Disconnect(3000, "connection closed")
SHUTDOWN = Disconnect(3001, "shutdown")
SERVER_ERROR = Disconnect(3004, "internal server error")
CONNECTION_EXPIRED = Disconnect(3005, "connection expired")
SUBSCRIPTION_EXPIRED = Disconnect(3006, "subscription expired")
SLOW = Disconnect(3008, "slow")
WRITE_ERROR = Disconnect(3009, "write error")
INSUFFICIENT_STATE = Disconnect(3010, "insufficient state")
FORCE_RECONNECT = Disconnect(3011, "force reconnect")
NO_PONG = Disconnect(3012, "no pong")
TOO_MANY_COMMANDS = Disconnect(3013, "too many requests")
INVALID_TOKEN = Disconnect(3500, "invalid token")
BAD_COMMAND = Disconnect(3501, "bad request")
STALE = Disconnect(3502, "stale")
FORCE_DISCONNECT = Disconnect(3503, "force disconnect")
CONNECTION_LIMIT = Disconnect(3504, "connection limit")
CHANNEL_LIMIT = Disconnect(3505, "channel limit")
INAPPROPRIATE_PROTOCOL = Disconnect(3506, "inappropriate protocol")
ACCESS_DENIED = Disconnect(3507, "permission denied")
UNAVAILABLE = Disconnect(3508, "not available")


def disconnect_for(error: ClientError) -> Disconnect:
    """How somebody learns that connecting is refused who can't be answered with an error."""
    match error.code:
        case TOKEN_EXPIRED.code:
            return CONNECTION_EXPIRED
        case LIMIT_EXCEEDED.code:
            return CHANNEL_LIMIT
    return SERVER_ERROR if error.is_temporary else BAD_COMMAND


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
UNSUBSCRIBE_INSUFFICIENT = Unsubscribe(2500, "insufficient state")
UNSUBSCRIBE_EXPIRED = Unsubscribe(2501, "subscription expired")
