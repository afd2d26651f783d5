"""The policy of rooms, by the rights in projects."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from roomful.concurrency.batch_loader import BatchLoader
from roomful.documents.rights import Asked, Right, rights_among, writers_of
from roomful.gateway.documents.open_documents import OpenDocuments
from roomful.gateway.project_policy import ASK_SECONDS, ASKED_AT_ONCE, within_deadline
from roomful.identity.tokens import LEEWAY_SECONDS
from roomful.projects.access import is_possible_id
from roomful.realtime.history.port import HistoryUnavailable, UnknownChannel
from roomful.realtime.node.node import Node
from roomful.realtime.policy import Credentials, Policy, TokenHasExpired, TokenRefused
from roomful.realtime.protocol.codes import SHUTDOWN, ClientError, Disconnect
from roomful.rooms import Grant, Rooms
from roomful.rooms.codes import FULL, REPLACED, RESET, RIGHT_LOST, SIGN_IN_ENDED, AdmissionRefused, Ending
from roomful.runtime import Runtime

EXPIRED_AT_SIGN_IN = Ending(SIGN_IN_ENDED.code, "token expired")
"""Final, unlike a later expiry: a provider would send the same token again."""


class DocumentPolicy:
    """Asks the database, once for clients that come together.

    Admits nobody before this node follows the events that end access: see OpenDocuments.
    """

    def __init__(self, runtime: Runtime, people: Policy, opened: OpenDocuments) -> None:
        """`people` checks sign-ins."""
        self._runtime = runtime
        self._people = people
        self._opened = opened
        self._rights = BatchLoader(runtime.task_scope, self._find_rights, most=ASKED_AT_ONCE)

    async def grant(self, credentials: Credentials, document_id: str, generation: str = "") -> Grant:
        """This person's present right in a document. Raises AdmissionRefused."""
        if not is_possible_id(document_id):
            raise AdmissionRefused(RIGHT_LOST)
        right = await self._right(credentials, document_id)
        if generation not in ("", right.generation):
            raise AdmissionRefused(REPLACED)
        return Grant(
            user_id=credentials.user_id,
            session_id=credentials.session_id,
            name=right.name,
            may_write=right.may_write,
            expires_at=_accepted_until(credentials),
        )

    async def writers_of(self, project_id: str, user_ids: Sequence[str]) -> dict[str, bool]:
        """Of these people, those who are members, and whether they may write. Raises ClientError in an outage."""
        return await within_deadline(self._find_writers(project_id, user_ids))

    async def _right(self, credentials: Credentials, document_id: str) -> Right:
        asked = Asked(credentials.user_id, credentials.session_id, document_id)
        try:
            while True:
                is_followed = self._opened.is_followed(document_id)
                right = await within_deadline(self._rights.call(asked))
                if right is None:
                    await self._people.admit(credentials)  # is it the sign-in that has ended?
                    raise AdmissionRefused(RIGHT_LOST)
                if is_followed:
                    return right
                # Ask again once it is followed: the right may have ended before, by an event that we did not see.
                await self._opened.follow(document_id, right.project_id, right.task_id)
        except TokenRefused:
            raise AdmissionRefused(SIGN_IN_ENDED) from None
        except UnknownChannel:
            raise AdmissionRefused(RIGHT_LOST) from None
        except (ClientError, HistoryUnavailable) as outage:
            raise AdmissionRefused(RESET) from outage

    async def _find_rights(self, asked: Sequence[Asked]) -> dict[Asked, Right]:
        async with asyncio.timeout(ASK_SECONDS), self._runtime.database.ask() as session:
            return await rights_among(session, asked)

    async def _find_writers(self, project_id: str, user_ids: Sequence[str]) -> dict[str, bool]:
        async with self._runtime.database.ask() as session:
            return await writers_of(session, project_id, user_ids)


def _accepted_until(credentials: Credentials) -> float | None:
    """When the token is no longer accepted: closed earlier, a client would come back with it."""
    return None if credentials.expires_at is None else credentials.expires_at + LEEWAY_SECONDS


@dataclass(frozen=True, eq=False, slots=True)
class _Entry:
    """A document socket in the registry of its person's sockets, which limits them and ends sign-ins."""

    rooms: Rooms
    session_id: str

    def end(self, disconnect: Disconnect) -> None:
        if disconnect == SHUTDOWN:
            self.rooms.begin_shutdown()
        else:
            self.rooms.end_sign_in(self.session_id)


class DocumentSocket:
    """The rooms' policy for one socket: each document of a Hocuspocus socket brings its own token.

    It counts among its person's connections from the first good token until `leave`.
    """

    def __init__(self, node: Node, rooms: Rooms, policy: DocumentPolicy, *, on_signed_in: Callable[[], None]) -> None:
        """`on_signed_in` may be called again."""
        self._node = node
        self._rooms = rooms
        self._policy = policy
        self._on_signed_in = on_signed_in
        self.credentials: Credentials | None = None
        self.token = ""
        """The handshake's, which replaces an empty token of a document."""
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._has_left = False

    async def admit(self, token: str, document_id: str, generation: str) -> Grant:
        return await self.open(await self._verify(token), document_id, generation)

    async def open(self, credentials: Credentials, document_id: str, generation: str) -> Grant:
        """The grant for verified credentials. Raises AdmissionRefused."""
        # Entered before the sign-in is checked: from here on a revocation finds this socket.
        self._enter(credentials)
        grant = await self._policy.grant(credentials, document_id, generation)
        self._on_signed_in()
        return grant

    async def review(self, grant: Grant, document_id: str) -> Grant:
        credentials = Credentials(grant.user_id, grant.session_id, grant.expires_at)
        return await self._policy.grant(credentials, document_id)

    def leave(self) -> None:
        """The socket is gone. Idempotent."""
        self._has_left = True
        self._on_signed_in()
        for (user_id, session_id), entry in self._entries.items():
            self._node.sessions.leave(entry, user_id, session_id)
        self._entries.clear()

    def _enter(self, credentials: Credentials) -> None:
        if self._has_left:
            raise AdmissionRefused(RESET)  # it would stay in the registry
        key = (credentials.user_id, credentials.session_id)
        if key in self._entries:
            return
        if self._node.is_full_for(credentials.user_id):
            raise AdmissionRefused(FULL)
        entry = self._entries[key] = _Entry(self._rooms, credentials.session_id)
        self._node.sessions.enter(entry, *key)

    async def _verify(self, token: str) -> Credentials:
        if not token and self.credentials is not None:
            return self.credentials
        try:
            return await self._node.policy.verify(token or self.token)
        except TokenHasExpired:
            raise AdmissionRefused(EXPIRED_AT_SIGN_IN) from None
        except TokenRefused:
            raise AdmissionRefused(SIGN_IN_ENDED) from None
        except ClientError as outage:
            raise AdmissionRefused(RESET) from outage
