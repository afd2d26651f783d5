"""Losing access: the events that end somebody's subscriptions or sockets, on every node that sees them."""

from collections.abc import Callable

import msgspec

from roomful.channels import ACCESS_CHANNEL, parse_channel, project_channel, signal_channel
from roomful.concurrency.task_scope import TaskScope
from roomful.identity.revocations import read_revocation
from roomful.realtime.delivery.hub import Hub
from roomful.realtime.node.socket_registry import SocketRegistry
from roomful.realtime.protocol.codes import FORCE_DISCONNECT, SERVER_UNSUBSCRIBE, UNSUBSCRIBE_INSUFFICIENT, Unsubscribe
from roomful.realtime.publication import Publication

_ACCESS_EVENTS = ("member.removed", "member.updated", "project.deleted")

ACCESS_LOST = Unsubscribe(SERVER_UNSUBSCRIBE.code, "access lost")
ROLE_CHANGED = Unsubscribe(UNSUBSCRIBE_INSUFFICIENT.code, "role changed")
"""The reader may come back at once, and is asked again what it may do."""


class Revocation:
    """Watches the events that pass through this node's hub, each just before it is delivered.

    Since every event of a followed channel passes here once and in order, also when the broker lost it, nobody is
    overlooked, and a removed member does not get the event of the removal.
    """

    def __init__(
        self, hub: Hub, sessions: SocketRegistry, task_scope: TaskScope, *, forget: Callable[[], None]
    ) -> None:
        """`forget` is called before any of it takes effect: what was known of people's access is old now."""
        self._hub = hub
        self._sessions = sessions
        self._task_scope = task_scope
        self._forget = forget

    def observe(self, event: Publication) -> None:
        if event.channel == ACCESS_CHANNEL or event.type in _ACCESS_EVENTS:
            self._forget()
        if event.channel == ACCESS_CHANNEL:
            self._end_sockets(event)
        elif event.type == "member.removed":
            self._end_reading(event.channel, _member_of(event), ACCESS_LOST)
        elif event.type == "member.updated" and "role" in _member_event.decode(event.data).data.changed:
            self._end_reading(event.channel, _member_of(event), ROLE_CHANGED)
        elif event.type == "project.deleted":
            # Its readers still get this event: it is their last one. It is handed out after we return.
            self._task_scope.spawn(self._end_project(event.channel))

    def _end_sockets(self, event: Publication) -> None:
        revocation = read_revocation(event.data)
        for session_id in self._sessions.sign_ins_of(revocation.user_id):
            if revocation.ends(session_id):
                self._sessions.end_sign_in(session_id, FORCE_DISCONNECT)

    def _end_reading(self, project_channel: str, user_id: str, reason: Unsubscribe) -> None:
        for channel in _channels_of_project(project_channel):
            for subscription in self._hub.subscriptions(channel, user=user_id):
                self._hub.end(subscription, reason)

    async def _end_project(self, project_channel: str) -> None:
        self._hub.flush(project_channel)
        for channel in _channels_of_project(project_channel):
            for subscription in self._hub.subscriptions(channel):
                self._hub.end(subscription, ACCESS_LOST)


class _Member(msgspec.Struct):
    user_id: str


class _MemberData(msgspec.Struct):
    member: _Member
    changed: list[str] = []


class _MemberEvent(msgspec.Struct):
    data: _MemberData


_member_event = msgspec.json.Decoder(_MemberEvent)


def _member_of(event: Publication) -> str:
    return _member_event.decode(event.data).data.member.user_id


def _channels_of_project(channel: str) -> tuple[str, str]:
    name = parse_channel(channel)
    assert name is not None
    return project_channel(name.id), signal_channel(name.id)
