"""Who may read and say what on the event socket: the projects' rules, in the engine's terms."""

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
from roomful.realtime.policy import Credentials, Rules, TokenHasExpired, TokenMissing, TokenRefused
from roomful.realtime.protocol import codes
from roomful.realtime.publication import ClientInfo, Publication
from roomful.runtime import Runtime

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

ASK_SECONDS = 4.0
"""SDKs give up a connect or subscribe after 5 s, so an answer after that is none."""
ASKED_AT_ONCE = 64

NAME_SECONDS = 1.0
"""Of a new name no event tells: for so long a socket that comes in may still be shown by the old one."""
MEMBERSHIP_SECONDS = 5.0
"""Events tell of its end. Shorter than a channel lingers that nobody reads any more: until then it is followed."""


class ProjectPolicy:
    """Asks the database: a member who was removed a moment ago is none.

    A crowd that comes in asks together: one query answers all who ask while the one before it runs, and about one
    person and project it is asked once in a while, if nothing is seen to change (`forget`).
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        infos = BatchLoader(runtime.task_scope, self._find_infos, most=ASKED_AT_ONCE)
        self._infos = TtlCache(infos, seconds=NAME_SECONDS)
        memberships = BatchLoader(runtime.task_scope, self._find_memberships, most=ASKED_AT_ONCE)
        self._memberships = TtlCache(memberships, seconds=MEMBERSHIP_SECONDS)
        self._stretch: tuple[int, int | None] = (0, None)

    def forget(self) -> None:
        """An event says that somebody's access has changed; what follows from it is done after this."""
        self._infos.forget()
        self._memberships.forget()

    async def verify(self, token: str) -> Credentials:
        try:
            claims = self._runtime.tokens.verified(token)
            if claims is None:
                claims = await _patiently(self._runtime.verifier.verify(token))
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
        """The answer to a question, of whose changes this channel tells."""
        is_watched = self._is_watched(channel)
        if is_watched and (known := answers.known(key)) is not None:
            return known
        return await _patiently(answers.ask(key, is_watched=is_watched))

    def _is_watched(self, channel: str) -> bool:
        """Whether every later event of the channel passes through this node's hub, without waiting for a sweep."""
        hub, continuity = self._runtime.engine.hub, self._runtime.engine.broker.continuity
        if (stretch := (hub.counters.resets, continuity)) != self._stretch:
            self._stretch = stretch
            self.forget()  # a channel's history was replaced, or messages were lost: who knows what lies between
        return continuity is not None and hub.position(channel) is not None

    async def _find_infos(self, acting: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        """What others see of these people, where they are still signed in so."""
        async with asyncio.timeout(ASK_SECONDS), self._runtime.database.ask() as session:
            names = await names_of(session, acting)
        return {key: _info(name) for key, name in names.items()}

    async def _find_memberships(self, asked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bool]:
        async with asyncio.timeout(ASK_SECONDS), self._runtime.database.ask() as session:
            return dict.fromkeys(await memberships_among(session, asked), True)


async def _patiently(answer: Awaitable[T]) -> T:
    """A bounded wait for others; an outage of theirs is a temporary error, on which SDKs come back."""
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
