"""What a client of the Centrifuge protocol may say, from connect to close."""

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable
from typing import Literal

from roomful.link.connection import Connection
from roomful.link.transport import Transport
from roomful.realtime.delivery.subscription import Subscription
from roomful.realtime.delivery.wire import Wire, patch_wire_of, wire_of
from roomful.realtime.history.port import HistoryUnavailable
from roomful.realtime.node.lost_recoveries import DOUBTFUL_SECONDS, Asked
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Credentials, client_of
from roomful.realtime.presence.port import Entry, PresenceUnavailable
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.codes import ClientError, Disconnect, SessionEnds, Unsubscribe
from roomful.realtime.protocol.formats import ClientFormat, Malformed
from roomful.realtime.protocol.json_line import one_line
from roomful.realtime.protocol.messages import (
    Command,
    ConnectRequest,
    ConnectResult,
    DisconnectPush,
    Error,
    Push,
    Reply,
    RpcRequest,
    RpcResult,
    UnsubscribePush,
)
from roomful.realtime.publication import ClientInfo, Position
from roomful.realtime.session import channel_commands, connect, subscribe

logger = logging.getLogger(__name__)

COMMAND_SECONDS = 10.0
"""What a command waits for has deadlines of its own, which are shorter. Looked at with the pings."""

ROOM_SECONDS = 2.0
"""For a client to take what it was sent, before the next large reply. SDKs give a command up after 5 s."""

Mode = Literal["bidirectional", "emulated", "unidirectional"]
"""How a client speaks: on its transport; by requests of their own; or once, to connect."""


class Session:
    """One client's conversation, over whatever transport and format.

    Commands are handled strictly in order: an SDK sends its first subscribes behind its connect without waiting. A
    task runs only while there are commands; an idle session is this object and no more.

    `credentials`, or a `token` to be verified at connect, are what the handshake brought; a token in the connect
    command goes first.

    The commands of an emulated session are brought by whoever has the key that the answer to connect tells. In a
    unidirectional one there is only that answer, as a push, and the client names the channels when it connects. The end
    of both is told by a push, since their transports may have no close codes.

    `on_signed_in` is called once: when the client has signed in, or when the session has ended before that.

    With `pings_by_frames` the client is pinged by its socket's own means alone, which needs no SDK to answer.
    """

    __slots__ = (
        "__weakref__",
        "_answering_since",
        "_doubtful",
        "_emulated_as",
        "_format",
        "_mode",
        "_on_signed_in",
        "_ping_at",
        "_pings_by_frames",
        "_pong_by",
        "_pumping",
        "_queue",
        "_queued_bytes",
        "_state",
        "client",
        "connection",
        "credentials",
        "handshake_token",
        "node",
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
        self.credentials = credentials
        self.handshake_token = token
        self._on_signed_in = on_signed_in
        self.client = ClientInfo("", "")
        self.subscriptions: dict[str, Subscription] = {}
        self._format = client_format
        self._state: str = "new"  # then connected or refused, then ended
        self._queue: list[Command] = []  # short and mostly empty: a deque would be a tenth of an idle socket
        self._queued_bytes = 0  # of the frames since it was last empty: what commands hold of a frame keeps it whole
        self._doubtful: list[tuple[float, Asked]] | None = None  # large recoveries that the client may never see
        self._pumping: asyncio.Task[None] | None = None
        self._answering_since = 0.0
        self._pong_by = math.inf
        self._ping_at = 0.0
        self._mode = mode
        self._pings_by_frames = pings_by_frames
        self._emulated_as = node.emulation.enter(self.receive) if mode == "emulated" else ""
        node.wheel.put(self, node.limits.connect_seconds)

    @property
    def has_ended(self) -> bool:
        return self._state == "ended"

    def wire(self, *, has_patches: bool, tells_joins: bool) -> Wire:
        """For a subscription that takes publications as patches, or hears of joins and leaves."""
        wire_for = patch_wire_of if has_patches else wire_of
        return wire_for(self._format, self.connection.transport.framing, tells_joins=tells_joins)

    @property
    def is_unidirectional(self) -> bool:
        return self._mode == "unidirectional"

    # From the transport; all of it synchronous

    def receive(self, data: str | bytes) -> None:
        """Take a frame of commands. After a unidirectional client's first, it may say what it likes."""
        if self.is_unidirectional and (self._state != "new" or self._pumping is not None):
            return
        try:
            # Read one by one: a frame may hold a million pongs, and the second ends it.
            for command in self._format.decode(data):
                if self._state == "ended":
                    return
                self._take(command)
        except Malformed:
            self.end(codes.BAD_COMMAND)
            return
        if self._queue:
            self._queued_bytes += len(data)
            if self._pumping is None:
                self._pumping = self.node.task_scope.spawn(self._pump())

    def _take(self, command: Command) -> None:
        limits = self.node.limits
        if command.is_pong:
            self._take_pong()
        elif len(self._queue) >= limits.queued_commands or self._queued_bytes > limits.queued_bytes:
            self.end(codes.TOO_MANY_COMMANDS)
        else:
            self._queue.append(command)

    def overflow(self) -> None:
        """The reader has let more pile up than it may."""
        self.end(codes.SLOW)

    def closed(self, _code: int) -> None:
        """The socket is gone."""
        self.connection.lost()
        self._release()

    # From the server

    def end(self, disconnect: Disconnect) -> None:
        if self._mode != "bidirectional":
            self.send(Reply(push=Push(disconnect=DisconnectPush(disconnect.code, disconnect.reason))))
        self.connection.close(disconnect.code, disconnect.reason)
        self._release()

    def due(self, now: float) -> float | None:
        """Ping, and see to pongs, expiry, and a command that hangs."""
        if self._pumping is not None and (self._state != "connected" or now > self._answering_since + COMMAND_SECONDS):
            self._pumping.cancel()
            if self._state == "connected":
                logger.error("a command hangs")
                self.end(codes.SERVER_ERROR)
                return None
        if self._state != "connected":
            self.end(codes.STALE if self._state == "new" else codes.CONNECTION_CLOSED)
            return None
        if self._closes_in() <= 0:
            self.end(codes.CONNECTION_EXPIRED)
            return None
        if now >= self._pong_by and not self._has_answered():
            if not self.connection.is_moving():
                self.end(codes.NO_PONG)
                return None
            self._pong_by = now + self.node.limits.pong_seconds
        if now >= self._ping_at and self._pong_by == math.inf:  # one at a time: two pongs to one ping are a fault
            self._ping(now)
        self._end_expired()
        return self._look_in(now) if self._state == "connected" else None

    def send(self, reply: Reply) -> None:
        self.connection.send(self._format.encode(reply))

    def subscription_ended(self, subscription: Subscription, reason: Unsubscribe) -> None:
        """The server has ended one of our live subscriptions."""
        if subscription.by_server and reason.may_come_back:
            self.end(codes.INSUFFICIENT_STATE)
            return
        self.subscriptions.pop(subscription.channel, None)
        self.leave_presence(subscription, grace_seconds=self.node.absence_seconds if reason.may_come_back else 0)
        push = Push(subscription.channel, unsubscribe=UnsubscribePush(reason.code, reason.reason))
        self.send(Reply(push=push))

    def subscription_reset(self, subscription: Subscription, _position: Position) -> None:
        """What the client knows of the channel belongs to a history that is gone: let it subscribe again."""
        self.node.hub.end(subscription, codes.UNSUBSCRIBE_INSUFFICIENT)

    async def make_room(self) -> None:
        """Wait a moment for the client to take what it was sent: a large reply follows.

        Raises ClientError, a temporary one, when it does not.
        """
        if not await self.connection.has_room(self.node.limits.resume_bytes, within_seconds=ROOM_SECONDS):
            raise codes.TOO_MANY_REQUESTS.error()

    def remember_recovery(self, asked: Asked) -> None:
        """A large recovery goes out: if the connection ends soon, it is not to be tried again (`LostRecoveries`)."""
        self._doubtful = [*self._still_doubtful(), (time.monotonic() + DOUBTFUL_SECONDS, asked)]

    def enter_presence(self, subscription: Subscription) -> None:
        if subscription.rules.has_presence:
            entry = Entry(subscription.channel, subscription.client)
            self.node.presence_recorder.enter(entry)

    def leave_presence(self, subscription: Subscription, *, grace_seconds: float) -> None:
        if subscription.rules.has_presence:
            entry = Entry(subscription.channel, subscription.client)
            self.node.presence_recorder.leave(entry, grace_seconds=grace_seconds)

    # Commands

    async def _pump(self) -> None:
        try:
            while self._queue and self._state not in ("refused", "ended"):
                self._answering_since = time.monotonic()
                command = self._queue.pop(0)
                if not self._queue:
                    self._queued_bytes = 0
                await self._handle(command)
        finally:
            self._pumping = None
            if self._state in ("refused", "ended"):
                self._queue.clear()

    async def _handle(self, command: Command) -> None:
        """Answer one command. The boundary of a session: whatever goes wrong ends here, logged once."""
        try:
            await self._answer(command)
        except ClientError as error:
            self._refuse(command, error)
        except (HistoryUnavailable, PresenceUnavailable, TimeoutError) as outage:
            refusal = codes.INTERNAL.error()
            refusal.__cause__ = outage
            self._refuse(command, refusal)
        except SessionEnds as ending:
            self.end(ending.disconnect)
        except Exception:
            logger.exception("a command failed", extra={"method": command.method})
            self.end(codes.SERVER_ERROR)

    def _refuse(self, command: Command, error: ClientError) -> None:
        self.node.refusals.note(command.method or "none", error)
        if self.is_unidirectional:
            self.end(codes.disconnect_for(error))
            return
        if command.connect is not None and self._state == "new":
            self._state = "refused"
        self.send(Reply(command.id, Error(error.code, error.message, error.is_temporary)))

    async def _answer(self, command: Command) -> None:
        method = command.method
        if method is None or (command.id == 0) != (method == "send"):
            raise SessionEnds(codes.BAD_COMMAND)
        if (method == "connect") != (self._state == "new"):
            raise SessionEnds(codes.BAD_COMMAND)
        if command.connect is None and not self.node.is_command_allowed(self.client.user):
            raise codes.TOO_MANY_REQUESTS.error()
        if command.connect is not None:
            await self._connect(command.id, command.connect)
        elif command.refresh is not None:
            self.send(Reply(command.id, refresh=await connect.refresh(self, command.refresh)))
        elif command.rpc is not None:
            await self._call(command.id, command.rpc)
        elif command.send is not None:
            raise SessionEnds(codes.UNAVAILABLE)
        elif command.ping is not None:
            raise codes.NOT_AVAILABLE.error()
        else:
            await channel_commands.answer(self, command)

    async def _connect(self, command_id: int, request: ConnectRequest) -> None:
        credentials = await connect.sign_in(self, request.token)
        if not self.node.is_command_allowed(credentials.user_id):
            raise codes.TOO_MANY_REQUESTS.error()
        self._tell_signed_in()
        self.client = client_of(credentials)
        subs = await subscribe.subscribe_at_connect(self, request.subs)
        if self._state != "new":
            return  # closed while we asked
        self._state = "connected"
        self.connection.transport.limit_messages(self.node.limits.message_bytes)
        expires_in = self.expires_in()
        result = ConnectResult(
            client=self.client.client,
            version=self.node.version,
            ping=0 if self._pings_by_frames else self.node.limits.ping_seconds,
            pong=not (self.is_unidirectional or self._pings_by_frames),
            subs={channel: sub for channel, (sub, _) in subs.items()},
            session=self._emulated_as,
            node=self.node.name,
        )
        if expires_in is not None:
            result.expires, result.ttl = True, max(1, round(expires_in))
        self.send(Reply(command_id, connect=result))
        # The reply is on its way and nothing was awaited since the history was read: now they may go live.
        for _, subscription in subs.values():
            subscribe.go_live(self, subscription)
        # At a random moment of the interval, or a crowd that came together is pinged together for ever.
        self._ping_at = time.monotonic() + self.node.limits.ping_seconds * random.uniform(0.5, 1.0)
        self.look_again()

    async def _call(self, command_id: int, request: RpcRequest) -> None:
        await self.make_room()
        data = await self.node.policy.call(self.present_credentials(), request.method, bytes(request.data))
        if data and self._format.is_text:  # in protobuf it is in nobody's way
            data = one_line(data)
        self.send(Reply(command_id, rpc=RpcResult(channel_commands.raw(data))))

    def expires_in(self) -> float | None:
        """Seconds until the token has expired; None for never."""
        expires_at = self.present_credentials().expires_at
        return None if expires_at is None else expires_at - time.time()

    def present_credentials(self) -> Credentials:
        assert self.credentials is not None, "a connected session has signed in"
        return self.credentials

    def _still_doubtful(self) -> list[tuple[float, Asked]]:
        now = time.monotonic()
        return [(until, asked) for until, asked in self._doubtful or () if until > now]

    # Time

    def _ping(self, now: float) -> None:
        self._ping_at = now + self.node.limits.ping_seconds
        self.connection.is_moving()
        if not self._pings_by_frames:
            self.send(Reply())
        answers = True
        if self.is_unidirectional or self._pings_by_frames:
            self.connection.transport.heard()  # what came before the ping is no answer to it
            answers = self.connection.transport.ping()
        self._pong_by = now + self.node.limits.pong_seconds if answers else math.inf

    def _has_answered(self) -> bool:
        """Whether the socket itself has answered, for a client that does not."""
        if (self.is_unidirectional or self._pings_by_frames) and self.connection.transport.heard():
            self._pong_by = math.inf
            return True
        return False

    def _take_pong(self) -> None:
        if self._pong_by == math.inf:
            self.end(codes.BAD_COMMAND)
            return
        self._pong_by = math.inf
        self.look_again()

    def look_again(self) -> None:
        """Something has changed that we have to look at the clock for."""
        self.node.wheel.put(self, self._look_in(time.monotonic()))

    def _look_in(self, now: float) -> float:
        ends_at = [end for each in self.subscriptions.values() if (end := self._grace_ends_at(each)) is not None]
        soonest = min(ends_at, default=math.inf) - time.time()
        next_of_pings = self._ping_at if self._pong_by == math.inf else self._pong_by
        return min(next_of_pings - now, self._closes_in(), soonest)

    def _end_expired(self) -> None:
        for subscription in list(self.subscriptions.values()):
            ends_at = self._grace_ends_at(subscription)
            if ends_at is None or time.time() < ends_at:
                continue
            if subscription.by_server:
                self.end(codes.SUBSCRIPTION_EXPIRED)
                return
            self.node.hub.end(subscription, codes.UNSUBSCRIBE_EXPIRED)

    def _grace_ends_at(self, subscription: Subscription) -> float | None:
        """When an expired subscription is no longer put up with; None never."""
        expires_at = subscription.expires_at
        return None if expires_at is None else expires_at + self.node.limits.expiry_grace_seconds

    def _closes_in(self) -> float:
        """Seconds until an expired token is no longer put up with."""
        expires_in = self.expires_in()
        return math.inf if expires_in is None else expires_in + self.node.limits.expiry_grace_seconds

    def _tell_signed_in(self) -> None:
        on_signed_in, self._on_signed_in = self._on_signed_in, None
        if on_signed_in is not None:
            on_signed_in()

    def _release(self) -> None:
        """Give up all that the rest of the process holds of us. Idempotent."""
        if self._state == "ended":
            return
        self._state = "ended"
        self._tell_signed_in()
        self._queue.clear()
        for _, asked in self._still_doubtful():
            self.node.lost_recoveries.add(asked)
        self.node.wheel.remove(self)
        self.node.emulation.leave(self._emulated_as)
        for subscription in self.subscriptions.values():
            was_live = subscription.is_live
            self.node.hub.leave(subscription)
            if was_live:
                self.leave_presence(subscription, grace_seconds=self.node.absence_seconds)
        self.subscriptions.clear()
        if self.credentials is not None:
            self.node.sessions.leave(self, self.credentials.user_id, self.credentials.session_id)
