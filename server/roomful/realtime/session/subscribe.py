"""A session's subscriptions: made by its commands or at connect, refreshed, and ended by unsubscribe."""

import time
from collections.abc import Mapping
from typing import NamedTuple

from roomful.link.transport import Outlet
from roomful.realtime.delivery.subscription import Subscription
from roomful.realtime.delivery.wire import DeltaWire, DeltaWriter
from roomful.realtime.history.port import HistoryUnavailable, UnknownChannel
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Credentials, Rules
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.codes import ClientError
from roomful.realtime.protocol.commands import SubRefreshRequest, SubscribeRequest
from roomful.realtime.protocol.delta import FOSSIL
from roomful.realtime.protocol.formats import as_pubs
from roomful.realtime.protocol.replies import Empty, Push, Reply, SubRefreshResult, SubscribeResult
from roomful.realtime.publication import Position
from roomful.realtime.session import recovery
from roomful.realtime.session.state import SessionState

MAX_CHANNEL_LENGTH = 255


class AtConnect(NamedTuple):
    """The content of a connect reply: subscriptions, which are not live yet, and the policy's data.

    `later` was published while the policy was asked: the client gets it after the reply, since the data may lack it.
    """

    subs: dict[str, tuple[SubscribeResult, Subscription]]
    data: bytes
    later: list[Push]


def go_live(session: SessionState, subscription: Subscription) -> None:
    session.node.hub.go_live(subscription)
    session.enter_presence(subscription)


async def subscribe_at_connect(session: SessionState, known: Mapping[str, SubscribeRequest]) -> AtConnect:
    """The person's server-side subscriptions, caught up from the positions that the client knows; not live yet.

    A unidirectional client's own channels come with them: it can't subscribe later. A channel that is refused is left
    out, and the client drops it. Nothing may be awaited between the return and `go_live`. Raises ClientError.
    """
    ready: dict[str, tuple[SubscribeResult, Subscription]] = {}
    room = session.node.limits.page_bytes  # for all of them: they go into one reply
    channels = list(session.node.policy.channels_at_connect(session.sign_in.credentials))
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
            room -= recovery.bytes_of(result.publications)
            ready[channel] = (result, subscription)
        except (ClientError, HistoryUnavailable) as refused:
            # Without a new connection, it could not ask again for a channel that is only out of reach now.
            if session.is_unidirectional and not (isinstance(refused, ClientError) and not refused.is_temporary):
                raise codes.INTERNAL.error() from None
    data = await session.node.policy.data_at_connect(session.sign_in.credentials)
    later: list[Push] = []
    for channel, (result, subscription) in list(ready.items()):
        if subscription.has_ended:  # while others were asked for: it gets nothing of what came after
            del ready[channel]
            session.subscriptions.pop(channel, None)
            if (error := _error_for(subscription)).is_temporary:
                raise error
            continue
        pubs = as_pubs(recovery.level(session, channel, result, room))
        room -= recovery.bytes_of(pubs)
        if result.recovered:
            result.publications += pubs
        else:
            later += [Push(channel, pub=pub) for pub in pubs]
    return AtConnect(ready, data, later)


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
    """The bytes that a recovery may have: none for a client that has not read earlier replies."""
    if not request.recover:
        return 0
    try:
        await session.make_room()
    except ClientError:
        return 0
    return session.node.limits.page_bytes


def _check(request: SubscribeRequest) -> None:
    """Raises ClientError for a request that is invalid for everybody."""
    if request.type:
        raise codes.NOT_AVAILABLE.error()
    if not 0 < len(request.channel) <= MAX_CHANNEL_LENGTH:
        raise codes.BAD_REQUEST.error()


async def _prepare(
    session: SessionState, request: SubscribeRequest, rules: Rules, *, by_server: bool = False, max_bytes: int
) -> tuple[SubscribeResult, Subscription]:
    """A subscription that is level with its channel, and its reply; not live yet."""
    node = session.node
    if session.has_ended:
        raise codes.INTERNAL.error()  # it ended during an await: nothing would remove the subscription
    subscription = _joining(session, request, rules, by_server=by_server)
    # Reserved before the policy is asked: a loss of access from now on finds the subscription, and ends it.
    node.hub.reserve(subscription)
    session.subscriptions[subscription.channel] = subscription
    try:
        position = await admit(node, subscription, session.sign_in.credentials, request.token)
        result = SubscribeResult()
        if rules.is_recoverable:
            result = await recovery.catch_up(session, request, position, max_bytes)
        if isinstance(subscription.wire, DeltaWire):
            result.delta = True
            for pub in result.publications:
                pub.data = subscription.wire.format.document(bytes(pub.data))
        result.expires, result.ttl = _expiry(subscription)
        if subscription.has_ended:
            raise _error_for(subscription)
    except UnknownChannel:
        # The channel may have been given up because this subscription had ended.
        error = _error_for(subscription) if subscription.has_ended else codes.UNKNOWN_CHANNEL.error()
        _forget(session, subscription)
        raise error from None
    except BaseException:
        _forget(session, subscription)
        raise
    return result, subscription


def _joining(session: SessionState, request: SubscribeRequest, rules: Rules, *, by_server: bool) -> Subscription:
    """A joining subscription, with the wire that the client asked for."""
    has_deltas = request.delta == FOSSIL and rules.has_patches and not by_server
    tells_joins = rules.has_presence and (request.join_leave or rules.forces_joins)
    transport = session.connection.transport
    outlet: Outlet = DeltaWriter(transport) if has_deltas else transport
    return Subscription(
        request.channel,
        session.client,
        rules,
        guard=session.node.policy.guard(request.channel),
        by_server=by_server,
        wire=session.wire(has_deltas=has_deltas, tells_joins=tells_joins),
        outlet=outlet,
        owner=session,
    )


async def admit(node: Node, subscription: Subscription, credentials: Credentials, token: str) -> Position:
    """Authorize a reserved subscription, and return its channel's position.

    Raises ClientError, UnknownChannel, HistoryUnavailable.
    """
    if subscription.has_ended:
        raise _error_for(subscription)
    was_followed = node.hub.is_followed(subscription)
    subscription.expires_at = await node.policy.authorize(credentials, subscription.channel, token)
    position = await node.hub.follow(subscription)
    if not was_followed:
        # A loss of access between the two calls came by an event that this node did not observe: ask again.
        await node.policy.authorize(credentials, subscription.channel, token)
    return position


def _error_for(subscription: Subscription) -> ClientError:
    """The error for a subscription that was ended while joining. Temporary if its client may come back at once."""
    reason = subscription.ended_by
    may_return = reason is not None and reason.code >= codes.UNSUBSCRIBE_INSUFFICIENT.code
    return (codes.INTERNAL if may_return else codes.PERMISSION_DENIED).error()


def _forget(session: SessionState, subscription: Subscription) -> None:
    session.node.hub.leave(subscription)
    session.subscriptions.pop(subscription.channel, None)


def unsubscribe(session: SessionState, command_id: int, channel: str) -> None:
    subscription = session.subscriptions.pop(channel, None)
    if subscription is not None:
        session.node.hub.leave(subscription)
        session.leave_presence(subscription, grace_seconds=0)
    # Success even without a subscription: an error makes SDKs reconnect.
    session.send(Reply(command_id, unsubscribe=Empty()))


async def refresh(session: SessionState, request: SubRefreshRequest) -> SubRefreshResult:
    """Extend a subscription by a new token. An expired one ends it; the client subscribes again with a fresh one."""
    subscription = session.subscriptions.get(request.channel)
    if subscription is None:
        raise codes.PERMISSION_DENIED.error()
    try:
        credentials = session.sign_in.credentials
        subscription.expires_at = await session.node.policy.authorize(credentials, request.channel, request.token)
    except ClientError as error:
        if error.code != codes.TOKEN_EXPIRED.code:
            raise
        session.node.hub.end(subscription, codes.UNSUBSCRIBE_EXPIRED)
        raise codes.EXPIRED.error() from None  # SDKs read 109 differently here
    session.look_again()
    return SubRefreshResult(*_expiry(subscription))


def _expiry(subscription: Subscription) -> tuple[bool, int]:
    """Whether a subscription expires, and in how many seconds."""
    if subscription.expires_at is None:
        return False, 0
    return True, max(1, round(subscription.expires_at - time.time()))


def rules_of(session: SessionState, channel: str) -> Rules:
    """Raises ClientError for an impossible channel name."""
    rules = session.node.policy.rules(channel) if channel else None
    if rules is None:
        raise codes.UNKNOWN_CHANNEL.error()
    return rules
