"""A subscription: one client's place in one channel."""

from typing import Literal, Protocol

from roomful.link.transport import Outlet
from roomful.realtime.delivery.wire import Wire
from roomful.realtime.policy import Rules
from roomful.realtime.protocol.codes import Unsubscribe
from roomful.realtime.publication import ClientInfo, Position


class Subscriber(Protocol):
    """The owner of subscriptions: a session."""

    def subscription_ended(self, subscription: "Subscription", reason: Unsubscribe, /) -> None:
        """The server has ended a live one. Called once, and never for a subscription that the session ended."""

    def subscription_reset(self, subscription: "Subscription", position: Position, /) -> None:
        """Another history has replaced the channel's, now at this position: the subscriber's state is invalid."""


class Subscription:
    """First joining, until it has been sent what it missed; then live; then ended. It never goes back.

    It may end during any await before `go_live`: check `has_ended` after each.

    `expires_at` is seconds since 1970; None lasts as long as the connection. `by_server` marks the server's own, which
    SDKs don't ask for again when it ends: only a new connection brings it back.

    `guard` names another channel whose events may end this subscription: this node follows it as long as this lasts.
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
