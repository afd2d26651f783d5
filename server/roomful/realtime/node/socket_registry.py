"""The open sockets of this process."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from roomful.realtime.protocol.codes import Disconnect


class Closable(Protocol):
    """A socket's session, of any protocol."""

    def end(self, disconnect: Disconnect) -> None:
        """Close with this code, after what was written. Idempotent; never waits."""


class SocketRegistry:
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
        """The sign-ins of a person's sockets here."""
        return {self._sign_in[session] for session in self._of_user.get(user_id, ())}

    def end_sign_in(self, session_id: str, disconnect: Disconnect) -> None:
        _end(self._of_sign_in.get(session_id, ()), disconnect)


def _end(sessions: Iterable[Closable], disconnect: Disconnect) -> None:
    for session in list(sessions):
        session.end(disconnect)
