"""The event stream of a reader that only listens: the events of one channel, from an offset on."""

import asyncio
import math
import time

from roomful.link.connection import Connection
from roomful.link.transport import Transport
from roomful.realtime.delivery.subscription import Subscription
from roomful.realtime.delivery.wire import wire_of
from roomful.realtime.history.port import Expired, HistoryUnavailable, UnknownChannel
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Credentials, Rules, TokenRefused, client_of
from roomful.realtime.presence.port import Entry
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.codes import ClientError, Disconnect, Unsubscribe
from roomful.realtime.protocol.formats import PLAIN, StreamFormat
from roomful.realtime.publication import Position
from roomful.realtime.session.liveness import Liveness
from roomful.realtime.session.subscribe import admit

PAGE = 200
RETRY_SECONDS = 0.5


class EventStream:
    """Sends each event as one message: first those after `since`, page by page as the reader reads, then live ones.

    Without `since` it begins live. If `since` can't be served without a hole, the stream sends
    `{"recovered": false, "offset": 12, "epoch": "…"}` and goes on from there. It ends with a disconnect code.
    """

    def __init__(
        self,
        node: Node,
        transport: Transport,
        credentials: Credentials,
        channel: str,
        rules: Rules,
        *,
        since: Position | None,
        stream_format: StreamFormat = PLAIN,
        ping_seconds: float | None = None,
    ) -> None:
        self.node = node
        self.connection = Connection(transport, is_text=stream_format.is_text)
        self._format = stream_format
        self._credentials = credentials
        self._since = since
        self._has_ended = False
        client = client_of(credentials)
        self._subscription = Subscription(
            channel,
            client,
            rules,
            wire=wire_of(stream_format, transport.framing),
            outlet=transport,
            owner=self,
        )
        ping_seconds = ping_seconds or node.limits.ping_seconds
        self._liveness = Liveness(
            self.connection,
            ping_seconds,
            node.limits.pong_seconds,
            time.monotonic() + ping_seconds,
            by_socket=True,
        )

    def begin(self) -> None:
        """Enter the stream into the node, and start sending; over the limit of connections, end it. Never waits."""
        node = self.node
        if node.is_full_for(self._credentials.user_id):
            self._has_ended = True  # there is nothing to release
            self.connection.close(codes.CONNECTION_LIMIT.code, codes.CONNECTION_LIMIT.reason)
            return
        node.sessions.enter(self, self._credentials.user_id, self._credentials.session_id)
        node.hub.reserve(self._subscription)
        node.wheel.put(self, self._look_in(time.monotonic()))
        node.task_scope.spawn(self._run())

    # From the transport

    def receive(self, _data: str | bytes) -> None:
        """Ignore messages of the reader; the transport limits their rate."""

    def overflow(self) -> None:
        self.end(codes.SLOW)

    def closed(self, _code: int) -> None:
        self.connection.lost()
        self._release()

    # From the server

    def end(self, disconnect: Disconnect) -> None:
        self.connection.close(disconnect.code, disconnect.reason)
        self._release()

    def due(self, now: float) -> float | None:
        if self._closes_in() <= 0:
            self.end(codes.CONNECTION_EXPIRED)
            return None
        if not self._liveness.is_alive(now):
            self.end(codes.NO_PONG)
            return None
        if self._liveness.is_ping_due(now):
            self._liveness.ping(now)
        return self._look_in(now)

    def subscription_ended(self, _subscription: Subscription, reason: Unsubscribe) -> None:
        self._leave_presence(grace_seconds=self.node.absence_seconds if reason.may_come_back else 0)
        self.end(codes.FORCE_RECONNECT if reason.may_come_back else codes.ACCESS_DENIED)

    def subscription_reset(self, _subscription: Subscription, position: Position) -> None:
        self._tell_reset(position)

    async def _run(self) -> None:
        try:
            await self._admit()
            await self._catch_up()
        except HistoryUnavailable:
            self.end(codes.SERVER_ERROR)
        except ClientError as error:
            self.end(codes.FORCE_RECONNECT if error.is_temporary else codes.ACCESS_DENIED)
        except (TokenRefused, UnknownChannel):
            self.end(codes.ACCESS_DENIED)
        except Exception:
            self.end(codes.SERVER_ERROR)
            raise

    async def _admit(self) -> None:
        """Ask the policy again, now that a loss of access ends the stream: it may have come since the handshake."""
        await self.node.policy.admit(self._credentials)
        await admit(self.node, self._subscription, self._credentials, "")

    async def _catch_up(self) -> None:
        """Bring the reader level with the channel, then live. Retries while the log is out of reach."""
        node, hub, channel = self.node, self.node.hub, self._subscription.channel
        since = self._since
        while self._goes_on():
            try:
                position = await hub.open(channel)
                if since is None:
                    break
                missed = await hub.catch_up(channel, since, limit=PAGE, max_bytes=node.limits.page_bytes)
            except Expired:
                self._tell_reset(await hub.open(channel))
                since = None
                break
            except HistoryUnavailable:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if not self._goes_on():
                break
            if missed.publications:
                self.connection.send(*(self._format.push(event) or b"" for event in missed.publications))
                since = Position(position.epoch, missed.publications[-1].offset)
            if missed.is_complete:
                break
            while self._goes_on() and not await self.connection.has_room(node.limits.resume_bytes, within_seconds=0.5):
                pass
        if self._goes_on():
            # Nothing was awaited since the channel's position was read.
            hub.go_live(self._subscription)
            if self._subscription.rules.has_presence:
                self.node.presence_recorder.enter(self._presence_entry())
        else:
            self.end(_disconnect_for(self._subscription.ended_by))

    def _goes_on(self) -> bool:
        return not self._has_ended and not self._subscription.has_ended

    def _tell_reset(self, position: Position) -> None:
        self.connection.send(self._format.reset(position))

    def _leave_presence(self, *, grace_seconds: float) -> None:
        if self._subscription.rules.has_presence:
            self.node.presence_recorder.leave(self._presence_entry(), grace_seconds=grace_seconds)

    def _presence_entry(self) -> Entry:
        return Entry(self._subscription.channel, self._subscription.client)

    def _look_in(self, now: float) -> float:
        return min(self._liveness.next_at - now, self._closes_in())

    def _closes_in(self) -> float:
        expires_at = self._credentials.expires_at
        return math.inf if expires_at is None else expires_at + self.node.limits.expiry_grace_seconds - time.time()

    def _release(self) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        self.node.wheel.remove(self)
        was_live = self._subscription.is_live
        self.node.hub.leave(self._subscription)
        if was_live:
            self._leave_presence(grace_seconds=self.node.absence_seconds)
        self.node.sessions.leave(self, self._credentials.user_id, self._credentials.session_id)


def _disconnect_for(reason: Unsubscribe | None) -> Disconnect:
    """How a stream ends with its subscription: with a reconnect where an SDK would subscribe again."""
    may_return = reason is not None and reason.code >= codes.UNSUBSCRIBE_INSUFFICIENT.code
    return codes.FORCE_RECONNECT if may_return else codes.ACCESS_DENIED
