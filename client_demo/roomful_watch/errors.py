"""Why following a project stops, for a while or for good."""

import msgspec


class ConnectionLost(Exception):
    """The server can't be reached just now: coming back later may help. The message is a reason for people."""


class Refused(Exception):
    """The server will not serve this client: coming back is of no use. The message is a reason for people."""


class TokenExpired(Refused):
    """The access token was good once."""

    def __init__(self) -> None:
        super().__init__("the access token has expired")


class EventsExpired(Exception):
    """The events that were asked for are no longer kept."""


class _Body(msgspec.Struct):
    error: str


def unreachable(cause: Exception) -> ConnectionLost:
    """A failure on the way to the server, before it could say anything."""
    detail = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return ConnectionLost(f"the server can't be reached: {detail}")


def of_status(status: int, body: bytes) -> Exception:
    """What an HTTP answer that is no success means, in the server's own sentence where it gives one."""
    try:
        sentence = msgspec.json.decode(body, type=_Body).error
    except msgspec.DecodeError:
        sentence = "no reason given"
    reason = f"the server answered {status}: {sentence}"
    is_passing = status >= 500 or status in (408, 425, 429)
    return ConnectionLost(reason) if is_passing else Refused(reason)
