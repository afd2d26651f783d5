"""The answers to commands about a channel."""

from collections.abc import Sequence

from msgspec import Raw

from roomful.realtime.history.port import Expired, UnknownChannel, fitting
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.commands import Command, HistoryRequest, PublishRequest
from roomful.realtime.protocol.formats import as_info, as_pubs
from roomful.realtime.protocol.json_line import one_line
from roomful.realtime.protocol.replies import (
    Empty,
    HistoryResult,
    PresenceResult,
    PresenceStatsResult,
    Reply,
)
from roomful.realtime.publication import ClientInfo
from roomful.realtime.session import subscribe
from roomful.realtime.session.state import SessionState

_ENTRY_BYTES = 50
"""JSON's overhead for one client in a presence list."""


def raw(data: bytes) -> Raw:
    return Raw(data or b"null")


async def answer(session: SessionState, command: Command) -> None:
    """Answer a channel's command. Raises ClientError."""
    if command.subscribe is not None:
        await subscribe.subscribe(session, command.id, command.subscribe)
    elif command.unsubscribe is not None:
        subscribe.unsubscribe(session, command.id, command.unsubscribe.channel)
    elif command.publish is not None:
        await _publish(session, command.id, command.publish)
    elif command.presence is not None:
        await session.make_room()
        clients = await _members(session, command.presence.channel)
        if _listed_bytes(clients) > session.node.limits.presence_bytes:
            raise codes.LIMIT_EXCEEDED.error()
        presence = {client.client: as_info(client) for client in clients}
        session.send(Reply(command.id, presence=PresenceResult(presence)))
    elif command.presence_stats is not None:
        clients = await _members(session, command.presence_stats.channel)
        stats = PresenceStatsResult(len(clients), len({client.user for client in clients}))
        session.send(Reply(command.id, presence_stats=stats))
    elif command.history is not None:
        result = await _history(session, command.history)
        session.send(Reply(command.id, history=result))
    elif command.sub_refresh is not None:
        session.send(Reply(command.id, sub_refresh=await subscribe.refresh(session, command.sub_refresh)))


async def _publish(session: SessionState, command_id: int, request: PublishRequest) -> None:
    rules = subscribe.rules_of(session, request.channel)
    data = _checked_json(bytes(request.data))
    if not rules.takes_publish:
        raise codes.PERMISSION_DENIED.error()
    if len(data) > rules.max_publish_bytes:
        raise codes.LIMIT_EXCEEDED.error()
    if not session.node.is_publish_allowed(session.client.user, rules.publishes_per_minute):
        raise codes.TOO_MANY_REQUESTS.error()
    if request.channel not in session.subscriptions:
        await session.node.policy.authorize(session.sign_in.credentials, request.channel, "")
    await session.node.policy.publish(session.sign_in.credentials, request.channel, data, session.client)
    session.send(Reply(command_id, publish=Empty()))


def _checked_json(data: bytes) -> bytes:
    """A client's publication as JSON on one line. Raises ClientError.

    A protobuf client may send any bytes, which would be spliced into the JSON of other clients.
    """
    try:
        return one_line(data)
    except ValueError:
        raise codes.BAD_REQUEST.error() from None


async def _members(session: SessionState, channel: str) -> list[ClientInfo]:
    if not subscribe.rules_of(session, channel).has_presence:
        raise codes.NOT_AVAILABLE.error()
    await _may_read(session, channel)
    await session.node.presence_recorder.settle()
    return await session.node.presence.members(channel)


def _listed_bytes(clients: Sequence[ClientInfo]) -> int:
    """The size of a list of them, about."""
    return sum(_ENTRY_BYTES + 2 * len(each.client) + len(each.user) + len(each.info) for each in clients)


async def _history(session: SessionState, request: HistoryRequest) -> HistoryResult:
    """Limit 0 asks for the position alone, a negative one for as many publications as allowed.

    The reply is bounded by bytes too, so it may hold fewer publications than the limit.
    """
    if not subscribe.rules_of(session, request.channel).is_recoverable:
        raise codes.NOT_AVAILABLE.error()
    await session.make_room()
    await _may_read(session, request.channel)
    most = session.node.limits.history
    limit = most if request.limit < 0 else min(request.limit, most)
    history = session.node.history
    try:
        head = (await history.heads([request.channel])).get(request.channel)
        if head is None:
            raise codes.UNKNOWN_CHANNEL.error()
        if request.since is not None and request.since.epoch not in ("", head.epoch):
            raise codes.UNRECOVERABLE_POSITION.error()
        if not limit:
            return HistoryResult([], head.epoch, head.offset)
        since = None if request.since is None else request.since.offset
        read = history.read_back if request.reverse else history.read
        page = await read(request.channel, since, limit=limit)
    except (Expired, UnknownChannel):
        raise codes.UNRECOVERABLE_POSITION.error() from None
    publications = fitting(page.publications, session.node.limits.page_bytes)
    return HistoryResult(as_pubs(publications), page.head.epoch, page.head.offset)


async def _may_read(session: SessionState, channel: str) -> None:
    subscription = session.subscriptions.get(channel)
    if subscription is None or not subscription.is_live:
        await session.node.policy.authorize(session.sign_in.credentials, channel, "")
