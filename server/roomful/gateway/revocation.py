"""Revocation: events that end subscriptions or sockets, on every node."""

from collections.abc import Callable
from typing import assert_never

from roomful.channels import ACCESS_CHANNEL, parse_channel, project_channel, signal_channel
from roomful.concurrency.task_scope import TaskScope
from roomful.eventlog.typed_event import EventReader
from roomful.identity.events import REVOKED, Revoked, SessionRevoked, UserDeactivated, UserSignedOut
from roomful.projects.events import MemberRemoved, MemberUpdated, ProjectDeleted
from roomful.realtime.delivery.hub import Hub
from roomful.realtime.node.socket_registry import SocketRegistry
from roomful.realtime.protocol.codes import FORCE_DISCONNECT, SERVER_UNSUBSCRIBE, UNSUBSCRIBE_INSUFFICIENT, Unsubscribe
from roomful.realtime.publication import Publication

EndsAccess = MemberRemoved | MemberUpdated | ProjectDeleted

ENDS_ACCESS: EventReader[EndsAccess] = EventReader(MemberRemoved, MemberUpdated, ProjectDeleted)

ACCESS_LOST = Unsubscribe(SERVER_UNSUBSCRIBE.code, "access lost")
ROLE_CHANGED = Unsubscribe(UNSUBSCRIBE_INSUFFICIENT.code, "role changed")
"""The client may reconnect at once, and its rights are checked again."""


class Revocation:
    """Watches the events that pass through this node's hub, each just before it is delivered.

    Every event of a followed channel passes here once and in order, even if the broker lost it. So nobody is
    overlooked, and a removed member does not get the event of the removal.
    """

    def __init__(
        self, hub: Hub, sessions: SocketRegistry, task_scope: TaskScope, *, forget: Callable[[], None]
    ) -> None:
        """`forget` is called first: cached answers about access are out of date then."""
        self._hub = hub
        self._sessions = sessions
        self._task_scope = task_scope
        self._forget = forget

    def observe(self, publication: Publication) -> None:
        if publication.channel == ACCESS_CHANNEL:
            self._forget()
            self._end_sign_ins(REVOKED.read(publication.type, publication.data))
        elif publication.type in ENDS_ACCESS:
            self._forget()
            try:
                event = ENDS_ACCESS.read(publication.type, publication.data)
            except ValueError:  # its shape is of another version: check everybody again
                self._end_reading(publication.channel, None, ROLE_CHANGED)
            else:
                self._end_access(publication.channel, event)

    def _end_sign_ins(self, event: Revoked | None) -> None:
        match event:
            case SessionRevoked(user_id=user_id, session_id=revoked):
                doomed = [revoked]
            case UserSignedOut(user_id=user_id, kept_session_id=kept):
                doomed = [each for each in self._sessions.sign_ins_of(user_id) if each != kept]
            case UserDeactivated(user_id=user_id):
                doomed = [*self._sessions.sign_ins_of(user_id)]
            case None:
                return
            case _:
                assert_never(event)
        for session_id in doomed:
            self._sessions.end_sign_in(session_id, FORCE_DISCONNECT)

    def _end_access(self, project_channel: str, event: EndsAccess | None) -> None:
        match event:
            case MemberRemoved(member=member):
                self._end_reading(project_channel, member.user_id, ACCESS_LOST)
            case MemberUpdated(member=member, changed=changed):
                if "role" in changed:
                    self._end_reading(project_channel, member.user_id, ROLE_CHANGED)
            case ProjectDeleted():
                # Its readers still get this event: it is their last one. It is handed out after we return.
                self._task_scope.spawn(self._end_project(project_channel))
            case None:
                return
            case _:
                assert_never(event)

    def _end_reading(self, project_channel: str, user_id: str | None, reason: Unsubscribe) -> None:
        for channel in _channels_of_project(project_channel):
            for subscription in self._hub.subscriptions(channel, user=user_id):
                self._hub.end(subscription, reason)

    async def _end_project(self, project_channel: str) -> None:
        self._hub.flush(project_channel)
        for channel in _channels_of_project(project_channel):
            for subscription in self._hub.subscriptions(channel):
                self._hub.end(subscription, ACCESS_LOST)


def _channels_of_project(channel: str) -> tuple[str, str]:
    name = parse_channel(channel)
    assert name is not None
    return project_channel(name.id), signal_channel(name.id)
