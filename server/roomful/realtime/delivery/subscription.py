"""One connection's place in one channel."""

from typing import Literal, Protocol

from roomful.link.transport import Outlet
from roomful.realtime.delivery.wire import Wire
from roomful.realtime.policy import Rules
from roomful.realtime.protocol.codes import Unsubscribe
from roomful.realtime.publication import ClientInfo, Position


class Subscriber(Protocol):
    """Whose subscriptions they are: a session."""

    def subscription_ended(self, subscription: "Subscription", reason: Unsubscribe, /) -> None:
        """The server has ended a live one; called once, and never for what the session itself ends."""

    def subscription_reset(self, subscription: "Subscription", position: Position, /) -> None:
        """The channel's stream was replaced by another one, which stands there.

        What the subscriber knows belongs to a history that is gone.
        """


class Subscription:
    """Joining until it has been sent what it missed, then live, then ended; it never goes back.

    Whoever is about to make it live looks at `has_ended` after each wait.

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
        "outlet",
        "owner",
        "rules",
        "state",
        "wire",
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
        outlet: Outlet,
        owner: Subscriber,
    ) -> None:
        self.channel = channel
        self.client = client
        self.rules = rules
        self.guard = guard
        self.by_server = by_server
        self.expires_at: float | None = None
        self.wire = wire
        self.outlet = outlet
        self.owner = owner
        self.ended_by: Unsubscribe | None = None  # the server's reason, if it was the server
        self.state: Literal["joining", "live", "ended"] = "joining"

    @property
    def is_live(self) -> bool:
        return self.state == "live"

    @property
    def has_ended(self) -> bool:
        return self.state == "ended"
