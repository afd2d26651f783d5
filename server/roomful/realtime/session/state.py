"""The session, as the modules of its commands use it."""

from typing import Protocol

from roomful.link.connection import Connection
from roomful.realtime.delivery.subscription import Subscriber, Subscription
from roomful.realtime.delivery.wire import Wire
from roomful.realtime.node.node import Node
from roomful.realtime.protocol.replies import Reply
from roomful.realtime.publication import ClientInfo
from roomful.realtime.session.sign_in import Endable, SignIn


class SessionState(Endable, Subscriber, Protocol):
    """`Session`, for the modules of its commands: they import this, and `session` imports them."""

    node: Node
    connection: Connection
    sign_in: SignIn
    client: ClientInfo
    """Empty until the client has signed in."""
    subscriptions: dict[str, Subscription]
    emulated_as: str
    """The key under which requests reach an emulated session; empty for others."""
    is_new: bool
    """Neither connected nor refused nor ended."""
    pings_by_frames: bool
    """Only the socket's own pings are sent."""

    @property
    def is_text(self) -> bool:
        """Whether the client speaks JSON."""

    @property
    def is_unidirectional(self) -> bool: ...

    def signed_in(self, client: ClientInfo) -> None:
        """Sign-in has succeeded."""

    def connected(self) -> None:
        """The connect command has succeeded. Its reply comes next."""

    def refused(self) -> None:
        """The connect command has failed."""

    def wire(self, *, has_deltas: bool, tells_joins: bool) -> Wire:
        """The wire of a subscription: with deltas or whole publications, with or without joins and leaves."""

    def send(self, reply: Reply) -> None: ...

    async def make_room(self) -> None:
        """Wait a moment until the client has read most of its pending bytes: a large reply follows.

        Raises ClientError, a temporary one, when it does not read them.
        """

    def enter_presence(self, subscription: Subscription) -> None: ...

    def leave_presence(self, subscription: Subscription, *, grace_seconds: float) -> None: ...

    def look_again(self) -> None:
        """Set the timer again: an expiry may have moved closer."""
