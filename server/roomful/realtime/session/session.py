"""The session of one client of the Centrifuge protocol, from connect to close."""

import logging
import random
import time
from collections.abc import Callable
from typing import Literal

from roomful.link.connection import Connection
from roomful.link.transport import Transport
from roomful.realtime.delivery.subscription import Subscription
from roomful.realtime.delivery.wire import Wire, delta_wire_of, wire_of
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Credentials
from roomful.realtime.presence.port import Entry
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.codes import Disconnect, Unsubscribe
from roomful.realtime.protocol.formats import ClientFormat, Malformed
from roomful.realtime.protocol.replies import DisconnectPush, Push, Reply, UnsubscribePush
from roomful.realtime.publication import ClientInfo, Position
from roomful.realtime.session import expiry
from roomful.realtime.session.command_handler import handle
from roomful.realtime.session.command_queue import CommandQueue
from roomful.realtime.session.liveness import Liveness
from roomful.realtime.session.sign_in import SignIn

logger = logging.getLogger(__name__)

ROOM_SECONDS = 2.0
"""For a client to read what it was sent, before the next large reply. SDKs give up on a command after 5 s."""

Mode = Literal["bidirectional", "emulated", "unidirectional"]
"""How a client sends commands: on its transport; by separate requests; or only once, to connect."""


class Session:
    """One client's protocol state, over any transport and format. An idle session has no task.

    `credentials`, or a `token` to verify at connect, come from the handshake. A connect command's token goes first.

    An emulated session gets its commands from requests that bear the key of its connect reply. A unidirectional one
    gets one command, connect, which names its channels; the reply is a push. Both are told of their end by a push,
    since their transports may have no close codes.

    `on_signed_in` is called once: after sign-in, or when the session ends without it.

    With `pings_by_frames` only the socket's own pings are sent, which no SDK needs to answer.
    """

    __slots__ = (
        "__weakref__",
        "_commands",
        "_format",
        "_liveness",
        "_mode",
        "_on_signed_in",
        "_state",
        "client",
        "connection",
        "emulated_as",
        "is_new",
        "node",
        "pings_by_frames",
        "sign_in",
        "subscriptions",
    )

    def __init__(
        self,
        node: Node,
        transport: Transport,
        client_format: ClientFormat,
        *,
        credentials: Credentials | None = None,
        token: str = "",
        on_signed_in: Callable[[], None] | None = None,
        mode: Mode = "bidirectional",
        pings_by_frames: bool = False,
    ) -> None:
        self.node = node
        self.connection = Connection(transport, is_text=client_format.is_text)
        self.sign_in = SignIn(node, credentials, token)
        self.client = ClientInfo("", "")
        self.subscriptions: dict[str, Subscription] = {}
        self._on_signed_in = on_signed_in
        self._format = client_format
        self._state: Literal["new", "connected", "refused", "ended"] = "new"
        self.is_new = True
        self._commands: CommandQueue | None = None  # while there are any
        self._liveness: Liveness | None = None  # from connect on
        self._mode = mode
        self.pings_by_frames = pings_by_frames
        self.emulated_as = node.emulation.enter(self.receive) if mode == "emulated" else ""
        node.wheel.put(self, node.limits.connect_seconds)

    @property
    def has_ended(self) -> bool:
        return self._state == "ended"

    @property
    def is_text(self) -> bool:
        return self._format.is_text

    @property
    def is_unidirectional(self) -> bool:
        return self._mode == "unidirectional"

    def wire(self, *, has_deltas: bool, tells_joins: bool) -> Wire:
        wire_for = delta_wire_of if has_deltas else wire_of
        return wire_for(self._format, self.connection.transport.framing, tells_joins=tells_joins)

    # From the transport; all of it synchronous

    def receive(self, data: str | bytes) -> None:
        """Accept a frame of commands. A unidirectional client's frames after its first are ignored."""
        if self.is_unidirectional and (self._state != "new" or self._commands is not None):
            return
        try:
            # Decoded one by one: a frame may hold a million pongs, and the second ends the session.
            for command in self._format.decode(data):
                if self._state == "ended":
                    return
                if command.is_pong:
                    self._accept_pong()
                elif self._state != "refused" and not self._queue().put(command):
                    self.end(codes.TOO_MANY_COMMANDS)
        except Malformed:
            self.end(codes.BAD_COMMAND)
            return
        if self._commands is not None:
            self._commands.run(self, handle, len(data))

    def _queue(self) -> CommandQueue:
        if self._commands is None:
            self._commands = CommandQueue(self.node.limits, self.node.task_scope)
        return self._commands

    def commands_done(self) -> None:
        self._commands = None

    def _accept_pong(self) -> None:
        if self._liveness is None or not self._liveness.accept_pong():
            self.end(codes.BAD_COMMAND)
        else:
            self.look_again()

    def overflow(self) -> None:
        self.end(codes.SLOW)

    def closed(self, _code: int) -> None:
        self.connection.lost()
        self._release()

    # From the server

    def end(self, disconnect: Disconnect) -> None:
        if self._mode != "bidirectional":
            self.send(Reply(push=Push(disconnect=DisconnectPush(disconnect.code, disconnect.reason))))
        self.connection.close(disconnect.code, disconnect.reason)
        self._release()

    def due(self, now: float) -> float | None:
        """Ping, and check pongs, expiry, and commands that hang."""
        liveness, commands = self._liveness, self._commands
        if self._state != "connected" or liveness is None:
            if commands is not None:
                commands.cancel()
            self.end(codes.STALE if self._state == "new" else codes.CONNECTION_CLOSED)
        elif commands is not None and commands.hangs(now):
            commands.cancel()
            logger.error("a command hangs")
            self.end(codes.SERVER_ERROR)
        elif expiry.closes_in(self) <= 0:
            self.end(codes.CONNECTION_EXPIRED)
        elif not liveness.is_alive(now):
            self.end(codes.NO_PONG)
        else:
            if liveness.is_ping_due(now):
                liveness.ping(now, *(() if self.pings_by_frames else (self._format.encode(Reply()),)))
            expiry.end_expired(self)
        return None if self.has_ended or liveness is None else expiry.look_in(self, liveness.next_at - now)

    def send(self, reply: Reply) -> None:
        self.connection.send(self._format.encode(reply))

    def subscription_ended(self, subscription: Subscription, reason: Unsubscribe) -> None:
        if subscription.by_server and reason.may_come_back:
            self.end(codes.INSUFFICIENT_STATE)
            return
        self.subscriptions.pop(subscription.channel, None)
        self.leave_presence(subscription, grace_seconds=self.node.absence_seconds if reason.may_come_back else 0)
        push = Push(subscription.channel, unsubscribe=UnsubscribePush(reason.code, reason.reason))
        self.send(Reply(push=push))

    def subscription_reset(self, subscription: Subscription, _position: Position) -> None:
        """Make the client subscribe again: its state of the channel belongs to a history that is gone."""
        self.node.hub.end(subscription, codes.UNSUBSCRIBE_INSUFFICIENT)

    # From the commands

    def signed_in(self, client: ClientInfo) -> None:
        self.client = client
        self._report_signed_in()

    def connected(self) -> None:
        self._state, self.is_new = "connected", False
        limits = self.node.limits
        self.connection.transport.limit_messages(limits.message_bytes)
        self._liveness = Liveness(
            self.connection,
            limits.ping_seconds,
            limits.pong_seconds,
            # At a random moment of the interval, or clients that came together are pinged together for ever.
            time.monotonic() + limits.ping_seconds * (0.5 + random.random() / 2),
            by_socket=self.pings_by_frames or self.is_unidirectional,
        )

    def refused(self) -> None:
        self._state, self.is_new = "refused", False
        self._drop_commands()

    async def make_room(self) -> None:
        if not await self.connection.has_room(self.node.limits.resume_bytes, within_seconds=ROOM_SECONDS):
            raise codes.TOO_MANY_REQUESTS.error()

    def enter_presence(self, subscription: Subscription) -> None:
        if subscription.rules.has_presence:
            self.node.presence_recorder.enter(Entry(subscription.channel, subscription.client))

    def leave_presence(self, subscription: Subscription, *, grace_seconds: float) -> None:
        if subscription.rules.has_presence:
            entry = Entry(subscription.channel, subscription.client)
            self.node.presence_recorder.leave(entry, grace_seconds=grace_seconds)

    def look_again(self) -> None:
        if self._liveness is not None:
            self.node.wheel.put(self, expiry.look_in(self, self._liveness.next_at - time.monotonic()))

    def _report_signed_in(self) -> None:
        on_signed_in, self._on_signed_in = self._on_signed_in, None
        if on_signed_in is not None:
            on_signed_in()

    def _drop_commands(self) -> None:
        if self._commands is not None:
            self._commands.clear()

    def _release(self) -> None:
        """Remove this session from all parts of the node. Idempotent."""
        if self._state == "ended":
            return
        self._state, self.is_new = "ended", False
        self._report_signed_in()
        self._drop_commands()
        self.node.lost_recoveries.session_ended(self)
        self.node.wheel.remove(self)
        self.node.emulation.leave(self.emulated_as)
        for subscription in self.subscriptions.values():
            was_live = subscription.is_live
            self.node.hub.leave(subscription)
            if was_live:
                self.leave_presence(subscription, grace_seconds=self.node.absence_seconds)
        self.subscriptions.clear()
        self.sign_in.leave(self)
