"""One process of the server, as its sessions know it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from server.realtime.attendance import Attendance
from server.realtime.history import History
from server.realtime.hub import Hub
from server.realtime.policy import Policy
from server.realtime.presence import Presence
from server.realtime.protocol.codes import Disconnect
from server.realtime.timers import Wheel
from server.supervision import Crew


class Closable(Protocol):
    """A socket's session, of whatever protocol."""

    def end(self, disconnect: Disconnect) -> None:
        """Close with this code, after what was written. Idempotent; never waits."""


class Sessions:
    """The open sockets of this process, by person and by sign-in."""

    def __init__(self) -> None:
        self._of_user: defaultdict[str, set[Closable]] = defaultdict(set)
        self._of_sign_in: defaultdict[str, set[Closable]] = defaultdict(set)
        self._sign_in: dict[Closable, str] = {}

    def __len__(self) -> int:
        return len(self._sign_in)

    def enter(self, session: Closable, user_id: str, session_id: str) -> None:
        self._sign_in[session] = session_id
        self._of_user[user_id].add(session)
        self._of_sign_in[session_id].add(session)

    def leave(self, session: Closable, user_id: str, session_id: str) -> None:
        """Idempotent."""
        self._sign_in.pop(session, None)
        for index, key in ((self._of_user, user_id), (self._of_sign_in, session_id)):
            index[key].discard(session)
            if not index[key]:
                del index[key]

    def count_of_user(self, user_id: str) -> int:
        return len(self._of_user.get(user_id, ()))

    def everybody(self) -> list[Closable]:
        return list(self._sign_in)

    def sign_ins_of(self, user_id: str) -> set[str]:
        """The sign-ins by which a person has sockets here."""
        return {self._sign_in[session] for session in self._of_user.get(user_id, ())}

    def end_sign_in(self, session_id: str, disconnect: Disconnect) -> None:
        _end(self._of_sign_in.get(session_id, ()), disconnect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one connection may cost. Times are seconds; 0 turns a rate off."""

    recovery: int = 300
    history: int = 300
    channels: int = 128
    connections_per_user: int = 100
    commands_per_minute: int = 6_000
    queued_commands: int = 1_024
    ping_seconds: int = 25
    pong_seconds: int = 8
    connect_seconds: float = 10.0
    expiry_grace_seconds: float = 25.0
    resume_bytes: int = 256 * 1024
    """A long history is written on when no more than this waits to be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    name: str
    version: str
    hub: Hub
    history: History
    presence: Presence
    attendance: Attendance
    policy: Policy
    crew: Crew
    wheel: Wheel = field(default_factory=Wheel)
    sessions: Sessions = field(default_factory=Sessions)
    limits: Limits = field(default_factory=Limits)


def _end(sessions: Iterable[Closable], disconnect: Disconnect) -> None:
    for session in list(sessions):
        session.end(disconnect)
