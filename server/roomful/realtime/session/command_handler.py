"""The answers to one session's commands."""

import logging

from roomful.realtime.history.port import HistoryUnavailable
from roomful.realtime.policy import client_of
from roomful.realtime.presence.port import PresenceUnavailable
from roomful.realtime.protocol import codes
from roomful.realtime.protocol.codes import ClientError, SessionEnds
from roomful.realtime.protocol.commands import Command, ConnectRequest, RefreshRequest, RpcRequest
from roomful.realtime.protocol.json_line import one_line
from roomful.realtime.protocol.replies import ConnectResult, Error, RefreshResult, Reply, RpcResult
from roomful.realtime.session import channel_commands, expiry, subscribe
from roomful.realtime.session.state import SessionState

logger = logging.getLogger(__name__)


async def handle(session: SessionState, command: Command) -> None:
    """Answer one command. The boundary of a session: all errors end here, and bugs are logged, once."""
    try:
        await _answer(session, command)
    except ClientError as error:
        _answer_with_error(session, command, error)
    except (HistoryUnavailable, PresenceUnavailable, TimeoutError) as outage:
        internal = codes.INTERNAL.error()
        internal.__cause__ = outage
        _answer_with_error(session, command, internal)
    except SessionEnds as ending:
        session.end(ending.disconnect)
    except Exception:
        logger.exception("a command failed", extra={"method": command.method})
        session.end(codes.SERVER_ERROR)


def _answer_with_error(session: SessionState, command: Command, error: ClientError) -> None:
    session.node.command_errors.count(command.method or "none", error)
    if session.is_unidirectional:
        session.end(codes.disconnect_for(error))
        return
    if command.connect is not None and session.is_new:
        session.refused()
    session.send(Reply(command.id, Error(error.code, error.message, error.is_temporary)))


async def _answer(session: SessionState, command: Command) -> None:
    method = command.method
    if method is None or (command.id == 0) != (method == "send"):
        raise SessionEnds(codes.BAD_COMMAND)
    if (method == "connect") != session.is_new:
        raise SessionEnds(codes.BAD_COMMAND)
    if command.connect is None and not session.node.is_command_allowed(session.client.user):
        raise codes.TOO_MANY_REQUESTS.error()
    if command.connect is not None:
        await _connect(session, command.id, command.connect)
    elif command.refresh is not None:
        await _refresh(session, command.id, command.refresh)
    elif command.rpc is not None:
        await _call(session, command.id, command.rpc)
    elif command.send is not None:
        raise SessionEnds(codes.UNAVAILABLE)
    elif command.ping is not None:
        raise codes.NOT_AVAILABLE.error()
    else:
        await channel_commands.answer(session, command)


async def _connect(session: SessionState, command_id: int, request: ConnectRequest) -> None:
    node = session.node
    credentials = await session.sign_in.begin(session, request.token)
    if not node.is_command_allowed(credentials.user_id):
        raise codes.TOO_MANY_REQUESTS.error()
    session.signed_in(client_of(credentials))
    subs, data, later = await subscribe.subscribe_at_connect(session, request.subs)
    if session.has_ended:
        return
    session.connected()
    result = ConnectResult(
        client=session.client.client,
        version=node.version,
        ping=0 if session.pings_by_frames else node.limits.ping_seconds,
        pong=not (session.is_unidirectional or session.pings_by_frames),
        subs={channel: sub for channel, (sub, _) in subs.items()},
        session=session.emulated_as,
        node=node.name,
    )
    if data:
        result.data = channel_commands.raw(one_line(data) if session.is_text else data)
    ttl = expiry.ttl(session)
    if ttl is not None:
        result.expires, result.ttl = True, ttl
    session.send(Reply(command_id, connect=result))
    for push in later:
        session.send(Reply(push=push))
    # The reply goes first, and nothing was awaited since the history was read: now they may go live.
    for _, subscription in subs.values():
        subscribe.go_live(session, subscription)
    session.look_again()


async def _refresh(session: SessionState, command_id: int, request: RefreshRequest) -> None:
    await session.sign_in.refresh(session, request.token)
    ttl = expiry.ttl(session)
    result = RefreshResult(session.client.client, session.node.version, ttl is not None, ttl or 0)
    session.send(Reply(command_id, refresh=result))


async def _call(session: SessionState, command_id: int, request: RpcRequest) -> None:
    await session.make_room()
    data = await session.node.policy.call(session.sign_in.credentials, request.method, bytes(request.data))
    if data and session.is_text:  # protobuf carries any bytes
        data = one_line(data)
    session.send(Reply(command_id, rpc=RpcResult(channel_commands.raw(data))))
