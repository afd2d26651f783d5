"""How a session comes to a channel, by its own command or at connect, and how it goes on from there."""

import time
from collections.abc import Mapping

from roomful.link.transport import Outlet
from roomful.realtime.delivery.hub import CatchUp
from roomful.realtime.delivery.subscription import Subscription
from roomful.realtime.delivery.wire import PatchWire, PatchWriter
from roomful.realtime.history.port import Expired, HistoryUnavailable, UnknownChannel
from roomful.realtime.node.lost_recoveries import SURE_BYTES
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Credentials, Rules
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.codes import ClientError
from roomful.realtime.protocol.delta import FOSSIL
from roomful.realtime.protocol.formats import as_pubs
from roomful.realtime.protocol.messages import (
    Empty,
    Reply,
    SubRefreshRequest,
    SubRefreshResult,
    SubscribeRequest,
    SubscribeResult,
)
from roomful.realtime.publication import Position
from roomful.realtime.session.state import SessionState

MAX_CHANNEL_LENGTH = 255


def go_live(session: SessionState, subscription: Subscription) -> None:
    session.node.hub.go_live(subscription)
    session.enter_presence(subscription)


async def subscribe_at_connect(
    session: SessionState, known: Mapping[str, SubscribeRequest]
) -> dict[str, tuple[SubscribeResult, Subscription]]:
    """The server's own subscriptions of this person, caught up from what the client says it has; not live yet.

    Those that a unidirectional client names besides are its only ones, and come with these. A channel that can't be had
    is left out: the client then drops it. Nothing may be awaited between the return and `go_live`. Raises ClientError.
    """
    ready: dict[str, tuple[SubscribeResult, Subscription]] = {}
    room = session.node.limits.page_bytes  # for all together: they go into one reply
    channels = list(session.node.policy.channels_at_connect(session.present_credentials()))
    if session.is_unidirectional:
        channels += [channel for channel in known if channel not in channels]
        if len(channels) > session.node.limits.channels:
            raise codes.LIMIT_EXCEEDED.error()
    for channel in channels:
        request = known.get(channel) or SubscribeRequest()
        request.channel = channel
        try:
            _check(request)
            result, subscription = await _prepare(
                session, request, rules_of(session, channel), by_server=True, max_bytes=room
            )
            room -= _bytes_of(result)
            ready[channel] = (result, subscription)
        except (ClientError, HistoryUnavailable) as refused:
            # What is out of reach for a moment it could not ask for again without a new connection.
            if session.is_unidirectional and not (isinstance(refused, ClientError) and not refused.is_temporary):
                raise codes.INTERNAL.error() from None
    for channel, (result, _) in ready.items():
        room -= _level(session, channel, result, room)  # it may have moved on while the channels after it were read
    return ready


async def subscribe(session: SessionState, command_id: int, request: SubscribeRequest) -> None:
    channel = request.channel
    _check(request)
    if channel in session.subscriptions:
        raise codes.ALREADY_SUBSCRIBED.error()
    if len(session.subscriptions) >= session.node.limits.channels:
        raise codes.LIMIT_EXCEEDED.error()
    max_bytes = await _room(session, request)
    result, subscription = await _prepare(session, request, rules_of(session, channel), max_bytes=max_bytes)
    session.send(Reply(command_id, subscribe=result))
    # Nothing was awaited since the history was read, and the reply goes first.
    go_live(session, subscription)
    if subscription.expires_at is not None:
        session.look_again()


async def _room(session: SessionState, request: SubscribeRequest) -> int:
    """How much a recovery may give: nothing to a client that does not even take what it was sent before."""
    if not request.recover:
        return 0
    try:
        await session.make_room()
    except ClientError:
        return 0
    return session.node.limits.page_bytes


def _check(request: SubscribeRequest) -> None:
    """Raises ClientError for what nobody could subscribe to."""
    if request.type:
        raise codes.NOT_AVAILABLE.error()
    if not 0 < len(request.channel) <= MAX_CHANNEL_LENGTH:
        raise codes.BAD_REQUEST.error()


async def _prepare(
    session: SessionState, request: SubscribeRequest, rules: Rules, *, by_server: bool = False, max_bytes: int
) -> tuple[SubscribeResult, Subscription]:
    """A subscription that stands where its channel stands, with the reply that says so; not live yet."""
    node = session.node
    if session.has_ended:
        raise codes.INTERNAL.error()  # while something was awaited: nobody would take this out again
    subscription = _joining(session, request, rules, by_server=by_server)
    # Reserved before anybody is asked: who loses access from here on is found here, and not let in.
    node.hub.reserve(subscription)
    session.subscriptions[subscription.channel] = subscription
    try:
        position = await admit(node, subscription, session.present_credentials(), request.token)
        result = SubscribeResult()
        if rules.is_recoverable:
            result = await _catch_up(session, request, position, max_bytes)
        if isinstance(subscription.wire, PatchWire):
            result.delta = True
            for pub in result.publications:
                pub.data = subscription.wire.format.document(bytes(pub.data))
        result.expires, result.ttl = _expiry(subscription)
        if subscription.has_ended:
            raise _refusal(subscription)
    except UnknownChannel:
        _forget(session, subscription)
        raise codes.UNKNOWN_CHANNEL.error() from None
    except BaseException:
        _forget(session, subscription)
        raise
    return result, subscription


def _joining(session: SessionState, request: SubscribeRequest, rules: Rules, *, by_server: bool) -> Subscription:
    """A subscription by the wire that its client can read, and that tells what it asked for."""
    has_patches = request.delta == FOSSIL and rules.has_patches and not by_server
    tells_joins = rules.has_presence and (request.join_leave or rules.forces_joins)
    transport = session.connection.transport
    outlet: Outlet = PatchWriter(transport) if has_patches else transport
    return Subscription(
        request.channel,
        session.client,
        rules,
        guard=session.node.policy.guard(request.channel),
        by_server=by_server,
        wire=session.wire(has_patches=has_patches, tells_joins=tells_joins),
        outlet=outlet,
        owner=session,
    )


async def admit(node: Node, subscription: Subscription, credentials: Credentials, token: str) -> Position:
    """Let a person into a reserved subscription, and say where its channel stands.

    Raises ClientError, UnknownChannel, HistoryUnavailable.
    """
    if subscription.has_ended:
        raise _refusal(subscription)
    was_followed = node.hub.is_followed(subscription)
    subscription.expires_at = await node.policy.authorize(credentials, subscription.channel, token)
    position = await node.hub.follow(subscription)
    if not was_followed:
        # Who was shut out between the question and the following is told of by no event that we will see: ask again.
        await node.policy.authorize(credentials, subscription.channel, token)
    return position


def _refusal(subscription: Subscription) -> ClientError:
    """Why a subscription that was ended while joining is refused. Temporary where its reader may come back at once."""
    reason = subscription.ended_by
    may_return = reason is not None and reason.code >= codes.UNSUBSCRIBE_INSUFFICIENT.code
    return (codes.INTERNAL if may_return else codes.PERMISSION_DENIED).error()


def _forget(session: SessionState, subscription: Subscription) -> None:
    session.node.hub.leave(subscription)
    session.subscriptions.pop(subscription.channel, None)


async def _catch_up(
    session: SessionState, request: SubscribeRequest, position: Position, max_bytes: int
) -> SubscribeResult:
    """All that was missed, or nothing of it: never a part."""
    fresh = SubscribeResult(recoverable=True, positioned=True)
    if request.recover:
        fresh.was_recovering = True
        missed = await _missed(session, request, position, max_bytes)
        if missed is not None:
            fresh.recovered = True
            fresh.publications = as_pubs(missed.publications)
            # The offset asked for, not the newest: the SDK counts on with each publication.
            fresh.offset, fresh.epoch = request.offset, missed.position.epoch
            return fresh
        if request.must_recover:
            raise codes.UNRECOVERABLE_POSITION.error()
    position = await session.node.hub.open(request.channel)
    fresh.offset, fresh.epoch = position.offset, position.epoch
    return fresh


async def _missed(
    session: SessionState, request: SubscribeRequest, position: Position, max_bytes: int
) -> CatchUp | None:
    """What a subscriber missed; None when that is gone, too much at once, or was lost on its way already.

    Nothing may be awaited between the return and `go_live`.
    """
    limit = session.node.limits.recovery
    since = Position(request.epoch, request.offset)
    asked = (session.present_credentials().user_id, request.channel, since)
    if position.offset - since.offset > limit:
        return None  # known without a look at them
    if asked in session.node.lost_recoveries:
        max_bytes = min(max_bytes, SURE_BYTES)
    try:
        missed = await session.node.hub.catch_up(request.channel, since, limit=limit, max_bytes=max_bytes)
    except Expired:
        return None
    size = sum(len(publication.data) for publication in missed.publications)
    if not missed.is_complete or size > max_bytes:
        return None
    if size > SURE_BYTES:
        session.remember_recovery(asked)
    return missed


def _level(session: SessionState, channel: str, result: SubscribeResult, max_bytes: int) -> int:
    """Bring a caught-up result to where its channel stands now, from memory alone; the bytes that this has added."""
    position = session.node.hub.position(channel)
    if position is None:
        return 0
    if result.recovered:
        later = session.node.hub.tail(channel, result.offset + len(result.publications))
        added = sum(len(publication.data) for publication in later or ())
        if later is not None and position.epoch == result.epoch and added <= max_bytes:
            result.publications += as_pubs(later)
            return added
        result.recovered, result.publications = False, []
    result.offset, result.epoch = position.offset, position.epoch
    return 0


def _bytes_of(result: SubscribeResult) -> int:
    return sum(memoryview(pub.data).nbytes for pub in result.publications)


def unsubscribe(session: SessionState, command_id: int, channel: str) -> None:
    subscription = session.subscriptions.pop(channel, None)
    if subscription is not None:
        session.node.hub.leave(subscription)
        session.leave_presence(subscription, grace_seconds=0)
    # Success also when there was nothing to end: an error makes SDKs reconnect.
    session.send(Reply(command_id, unsubscribe=Empty()))


async def refresh(session: SessionState, request: SubRefreshRequest) -> SubRefreshResult:
    """Let a subscription last longer. An expired token ends it, and the client subscribes again with a fresh one."""
    subscription = session.subscriptions.get(request.channel)
    if subscription is None:
        raise codes.PERMISSION_DENIED.error()
    try:
        credentials = session.present_credentials()
        subscription.expires_at = await session.node.policy.authorize(credentials, request.channel, request.token)
    except ClientError as error:
        if error.code != codes.TOKEN_EXPIRED.code:
            raise
        session.node.hub.end(subscription, codes.UNSUBSCRIBE_EXPIRED)
        raise codes.EXPIRED.error() from None  # 109 means something else to SDKs here
    session.look_again()
    return SubRefreshResult(*_expiry(subscription))


def _expiry(subscription: Subscription) -> tuple[bool, int]:
    """Whether a subscription expires, and in how many seconds."""
    if subscription.expires_at is None:
        return False, 0
    return True, max(1, round(subscription.expires_at - time.time()))


def rules_of(session: SessionState, channel: str) -> Rules:
    """Raises ClientError when there can be no such channel."""
    rules = session.node.policy.rules(channel) if channel else None
    if rules is None:
        raise codes.UNKNOWN_CHANNEL.error()
    return rules
