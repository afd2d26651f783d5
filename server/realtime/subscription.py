"""One connection's place in one channel."""

from collections.abc import Callable
from typing import Literal

from server.realtime.policy import Rules
from server.realtime.protocol.codes import Unsubscribe
from server.realtime.publication import ClientInfo, Position
from server.realtime.wire import Wire, Write


class Subscription:
    """Joining until it has been sent what it missed, then live, then ended; it never goes back.

    `on_end` is called once when the server ends a live one, never when its own session does; whoever is about to make
    it live looks at `has_ended` after each wait.
    `on_reset` is called when the channel's stream was replaced by another one, and says where that stands: what the
    subscriber knows belongs to a history that is gone.

    `expires_at` is seconds since 1970; None lasts as long as the connection. `by_server` is one that the client has not
    asked for: SDKs don't ask for it again when it ends, so that a new connection has to bring it back.

    `guard` names another channel whose events decide who may stay: it is followed here for as long as this lasts.
    """

    __slots__ = (
        "by_server",
        "channel",
        "client",
        "ended_by",
        "expires_at",
        "guard",
        "on_end",
        "on_reset",
        "rules",
        "state",
        "wire",
        "write",
    )

    def __init__(
        self,
        channel: str,
        client: ClientInfo,
        rules: Rules,
        *,
        guard: str | None = None,
        by_server: bool = False,
        wire: Wire,
        write: Write,
        on_end: Callable[["Subscription", Unsubscribe], None],
        on_reset: Callable[["Subscription", Position], None],
    ) -> None:
        self.channel = channel
        self.client = client
        self.rules = rules
        self.guard = guard
        self.by_server = by_server
        self.expires_at: float | None = None
        self.wire = wire
        self.write = write
        self.on_end = on_end
        self.on_reset = on_reset
        self.ended_by: Unsubscribe | None = None  # the server's reason, if it was the server
        self.state: Literal["joining", "live", "ended"] = "joining"

    @property
    def is_live(self) -> bool:
        return self.state == "live"

    @property
    def has_ended(self) -> bool:
        return self.state == "ended"
