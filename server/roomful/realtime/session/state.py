"""What a command may know and do of the session that it came to."""

from typing import Protocol

from roomful.link.connection import Connection
from roomful.realtime.delivery.subscription import Subscriber, Subscription
from roomful.realtime.delivery.wire import Wire
from roomful.realtime.node.lost_recoveries import Asked
from roomful.realtime.node.node import Node
from roomful.realtime.node.socket_registry import Closable
from roomful.realtime.policy import Credentials
from roomful.realtime.protocol.messages import Reply
from roomful.realtime.publication import ClientInfo


class SessionState(Closable, Subscriber, Protocol):
    """`Session`, as the modules of its commands see it: they import this, and it imports them."""

    node: Node
    connection: Connection
    client: ClientInfo
    """Empty until the client has signed in."""
    credentials: Credentials | None
    handshake_token: str
    """For a connect command that brings no token of its own."""
    subscriptions: dict[str, Subscription]

    @property
    def has_ended(self) -> bool: ...

    @property
    def is_unidirectional(self) -> bool: ...

    def present_credentials(self) -> Credentials:
        """Those of a session that has signed in."""

    def expires_in(self) -> float | None:
        """Seconds until the token has expired; None for never."""

    def wire(self, *, has_patches: bool, tells_joins: bool) -> Wire:
        """For a subscription that takes publications as patches, or hears of joins and leaves."""

    def send(self, reply: Reply) -> None: ...

    async def make_room(self) -> None:
        """Wait a moment for the client to take what it was sent: a large reply follows.

        Raises ClientError, a temporary one, when it does not.
        """

    def remember_recovery(self, asked: Asked) -> None:
        """A large recovery goes out: if the connection ends soon, it is not to be tried again."""

    def enter_presence(self, subscription: Subscription) -> None: ...

    def leave_presence(self, subscription: Subscription, *, grace_seconds: float) -> None: ...

    def look_again(self) -> None:
        """Something that ends by the clock has come: see to the timer."""
