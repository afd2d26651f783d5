"""The callbacks through which a transport reports to its session."""

from roomful.link.transport import OnClose, OnMessage, OnOverflow


def _ignore(*_: object) -> None:
    pass


class Callbacks:
    """Keeps the promises of `link.transport`: one close, at most one overflow, and no message after the close.

    Lets go of the session at the close.
    """

    __slots__ = ("_on_close", "_on_overflow", "message")

    def __init__(self, on_message: OnMessage = _ignore, on_close: OnClose = _ignore) -> None:
        self.message = on_message
        self._on_close = on_close
        self._on_overflow: OnOverflow = _ignore

    def attach(self, on_message: OnMessage, on_close: OnClose, on_overflow: OnOverflow) -> None:
        self.message, self._on_close, self._on_overflow = on_message, on_close, on_overflow

    def end_messages(self) -> None:
        self.message = _ignore

    def close(self, code: int) -> None:
        on_close = self._on_close
        self.message = self._on_close = self._on_overflow = _ignore
        on_close(code)

    def overflow(self) -> None:
        on_overflow, self._on_overflow = self._on_overflow, _ignore
        on_overflow()
