"""The policy of the event socket: the projects' rights, in the engine's terms."""

import asyncio
from collections.abc import Awaitable, Hashable, Sequence
from typing import TypeVar

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from roomful.channels import ACCESS_CHANNEL, ChannelName, parse_channel, project_channel, user_channel
from roomful.concurrency.batch_loader import BatchLoader
from roomful.concurrency.ttl_cache import TtlCache
from roomful.gateway.channel_rules import RULES
from roomful.identity.people import names_of
from roomful.identity.tokens import AccessClaims, TokenExpired, TokenInvalid
from roomful.projects.access import memberships_among
from roomful.projects.unread import count_unread
from roomful.realtime.policy import Credentials, Rules, TokenHasExpired, TokenMissing, TokenRefused
from roomful.realtime.protocol import codes
from roomful.realtime.publication import ClientInfo, Position, Publication
from roomful.runtime import Runtime

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

ASK_SECONDS = 4.0
"""SDKs give up a connect or subscribe after 5 s: an answer must come before."""
ASKED_AT_ONCE = 64

NAME_SECONDS = 1.0
"""No event announces a new name, so a new socket may show the old one for this long."""
MEMBERSHIP_SECONDS = 5.0
"""An event ends it. Shorter than the time for which a channel without readers is still followed."""
UNREAD_SECONDS = 5.0
"""For which a count may miss what changes it without an event: entries that are still to be told, or are purged."""


_Counted = tuple[str, Position | None]
"""A person, and where their channel is on this node."""


class ProjectPolicy:
    """Asks the database, so that a member loses access with the removal.

    Clients that come together share queries: one answers all that were asked while the one before it ran. Answers are
    cached for seconds, until an event may have changed them (`forget`).
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        infos = BatchLoader(runtime.task_scope, self._find_infos, most=ASKED_AT_ONCE)
        self._infos = TtlCache(infos, seconds=NAME_SECONDS)
        memberships = BatchLoader(runtime.task_scope, self._find_memberships, most=ASKED_AT_ONCE)
        self._memberships = TtlCache(memberships, seconds=MEMBERSHIP_SECONDS)
        unread = BatchLoader(runtime.task_scope, self._find_unread, most=ASKED_AT_ONCE)
        self._unread = TtlCache(unread, seconds=UNREAD_SECONDS)
        self._stretch: tuple[int, int | None] = (0, None)

    def forget(self) -> None:
        """Drop the cached answers: an event has changed somebody's access. Call it before acting on the event."""
        self._infos.forget()
        self._memberships.forget()

    async def verify(self, token: str) -> Credentials:
        try:
            claims = self._runtime.tokens.verified(token)
            if claims is None:
                claims = await within_deadline(self._runtime.verifier.verify(token))
        except TokenExpired:
            raise TokenHasExpired from None
        except TokenInvalid:
            raise (TokenRefused if token else TokenMissing) from None
        return credentials_of(claims)

    async def admit(self, credentials: Credentials) -> Credentials:
        info = await self._answer(self._infos, (credentials.user_id, credentials.session_id), ACCESS_CHANNEL)
        if info is None:
            raise TokenRefused
        return _with_info(credentials, info)

    def rules(self, channel: str) -> Rules | None:
        name = parse_channel(channel)
        return None if name is None else RULES[name.kind]

    def guard(self, channel: str) -> str | None:
        name = parse_channel(channel)
        return project_channel(name.id) if name is not None and name.kind == "signal" else None

    async def authorize(self, credentials: Credentials, channel: str, token: str) -> None:
        name = parse_channel(channel)
        if name is None or not await self._may_read(credentials, name):
            raise codes.PERMISSION_DENIED.error()

    def channels_at_connect(self, credentials: Credentials) -> Sequence[str]:
        return [user_channel(credentials.user_id)]

    async def data_at_connect(self, credentials: Credentials) -> bytes:
        """The number of unread entries in the person's inbox, counted up to 1,000.

        Every event of the person's channel gives the number anew, so a count serves until this node has the next event:
        it is never older than the position from which the client follows the channel.
        """
        key = (credentials.user_id, self._runtime.engine.hub.position(user_channel(credentials.user_id)))
        unread = self._unread.known(key)
        if unread is None:
            unread = await within_deadline(self._unread.ask(key, is_watched=key[1] is not None))
        return b'{"unread":%d}' % (unread or 0)

    async def publish(self, credentials: Credentials, channel: str, data: bytes, info: ClientInfo) -> None:
        self._runtime.engine.broker.publish(Publication(channel, data, info=info))

    async def call(self, credentials: Credentials, method: str, data: bytes) -> bytes:
        raise codes.NOT_AVAILABLE.error()

    async def _may_read(self, credentials: Credentials, name: ChannelName) -> bool:
        if name.kind == "user":
            return name.id == credentials.user_id
        watched = project_channel(name.id)
        return await self._answer(self._memberships, (credentials.user_id, name.id), watched) is not None

    async def _answer(self, answers: TtlCache[K, T], key: K, channel: str) -> T | None:
        """The answer about a key. Events of `channel` announce changes to it."""
        is_watched = self._is_watched(channel)
        if is_watched and (known := answers.known(key)) is not None:
            return known
        return await within_deadline(answers.ask(key, is_watched=is_watched))

    def _is_watched(self, channel: str) -> bool:
        """Whether this node's hub gets every later event of the channel without having to reconcile."""
        hub, continuity = self._runtime.engine.hub, self._runtime.engine.broker.continuity
        if (stretch := (hub.counters.resets, continuity)) != self._stretch:
            self._stretch = stretch
            self.forget()  # a channel's history was replaced, or messages were lost: an event may be missing
        return continuity is not None and hub.position(channel) is not None

    async def _find_infos(self, acting: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        """The info of these people, for the sign-ins that still stand."""
        async with asyncio.timeout(ASK_SECONDS), self._runtime.database.ask() as session:
            names = await names_of(session, acting)
        return {key: _info(name) for key, name in names.items()}

    async def _find_unread(self, asked: Sequence[_Counted]) -> dict[_Counted, int]:
        async with asyncio.timeout(ASK_SECONDS), self._runtime.database.ask() as session:
            unread = await count_unread(session, (person for person, _ in asked))
        return {key: unread.get(key[0], 0) for key in asked}

    async def _find_memberships(self, asked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bool]:
        async with asyncio.timeout(ASK_SECONDS), self._runtime.database.ask() as session:
            return dict.fromkeys(await memberships_among(session, asked), True)


async def within_deadline(answer: Awaitable[T]) -> T:
    """The answer, within ASK_SECONDS. An outage becomes a temporary error, after which SDKs try again."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return await answer
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise codes.INTERNAL.error() from error


def credentials_of(claims: AccessClaims) -> Credentials:
    return Credentials(claims.user_id, claims.session_id, claims.expires_at)


def _with_info(credentials: Credentials, info: bytes) -> Credentials:
    return Credentials(credentials.user_id, credentials.session_id, credentials.expires_at, info)


def _info(name: str) -> bytes:
    return msgspec.json.encode({"name": name})
