"""Errors that stop following a project, for a while or for good."""

import msgspec


class ConnectionLost(Exception):
    """The server can't be reached now; a later attempt may succeed. The message is for people."""


class Refused(Exception):
    """The server refuses this client for good. The message is for people."""


class TokenExpired(Refused):
    """The access token has expired."""

    def __init__(self) -> None:
        super().__init__("the access token has expired")


class EventsExpired(Exception):
    """The requested events are no longer kept."""


_ABOUT_THE_REQUEST = (400, 403, 411, 413, 414, 415, 431)
"""Statuses that may be about the request itself, its size or its words, also where a proxy gives them."""


class _Body(msgspec.Struct):
    error: str
    code: str = ""


def unreachable(cause: Exception) -> ConnectionLost:
    """The error for a server that can't be reached."""
    detail = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return ConnectionLost(f"the server can't be reached: {detail}")


def of_status(status: int, body: bytes) -> Exception:
    """The error for a failed HTTP answer, with the server's own message if it has one.

    While a server is away, the proxy in front of it may answer that there is no such page: no reason to give up.
    """
    try:
        answer = msgspec.json.decode(body, type=_Body)
    except msgspec.DecodeError:
        answer = _Body("no reason given")
    is_passing = status >= 500 or status in (408, 425, 429) or not (answer.code or status in _ABOUT_THE_REQUEST)
    reason = f"the server answered {status}: {answer.error}"
    return ConnectionLost(reason) if is_passing else Refused(reason)
