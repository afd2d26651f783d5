"""Who may read and say what on the event socket: the projects' rules, in the engine's terms."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from server.errors import Unauthenticated
from server.gateway.channels import ChannelName, parse_channel
from server.identity.people import identify
from server.identity.tokens import AccessClaims, TokenExpired, TokenInvalid
from server.projects.access import may_see
from server.realtime.policy import Credentials, Rules, TokenHasExpired, TokenMissing, TokenRefused
from server.realtime.protocol import codes
from server.realtime.publication import ClientInfo, Publication
from server.runtime import Runtime

ASK_SECONDS = 4.0
"""SDKs give up a connect or subscribe after 5 s, so an answer after that is none."""


class ProjectPolicy:
    """Asks the database each time: a member who was removed a moment ago is none."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def verify(self, token: str) -> Credentials:
        try:
            async with _patience():
                claims = await self._runtime.verifier.verify(token)
        except TokenExpired:
            raise TokenHasExpired from None
        except TokenInvalid:
            raise (TokenRefused if token else TokenMissing) from None
        return credentials_of(claims)

    async def admit(self, credentials: Credentials) -> Credentials:
        claims = AccessClaims(credentials.user_id, credentials.session_id, int(credentials.expires_at or 0))
        async with self._asking() as session:
            try:
                person = await identify(session, claims)
            except Unauthenticated:
                raise TokenRefused from None
        return shown_as(credentials, person.name)

    def rules(self, channel: str) -> Rules | None:
        name = parse_channel(channel)
        return None if name is None else name.rules

    def guard(self, channel: str) -> str | None:
        name = parse_channel(channel)
        return str(ChannelName("project", name.id)) if name is not None and name.kind == "signal" else None

    async def authorize(self, credentials: Credentials, channel: str, token: str) -> None:
        name = parse_channel(channel)
        if name is None or not await self._may_read(credentials, name):
            raise codes.PERMISSION_DENIED.error()

    def channels_at_connect(self, credentials: Credentials) -> Sequence[str]:
        return [str(ChannelName("user", credentials.user_id))]

    async def publish(self, credentials: Credentials, channel: str, data: bytes, info: ClientInfo) -> None:
        self._runtime.broker.publish(Publication(channel, data, info=info))

    async def call(self, credentials: Credentials, method: str, data: bytes) -> bytes:
        raise codes.NOT_AVAILABLE.error()

    async def _may_read(self, credentials: Credentials, name: ChannelName) -> bool:
        if name.kind == "user":
            return name.id == credentials.user_id
        async with self._asking() as session:
            return await may_see(session, user_id=credentials.user_id, project_id=name.id)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[AsyncSession]:
        """A short look into the database."""
        async with self._runtime.door, _patience(), self._runtime.database.ask() as session:
            yield session


@asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    """A bounded wait for others; an outage of theirs is a temporary error, on which SDKs come back."""
    try:
        async with asyncio.timeout(ASK_SECONDS):
            yield
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise codes.INTERNAL.error() from error


def credentials_of(claims: AccessClaims) -> Credentials:
    return Credentials(claims.user_id, claims.session_id, claims.expires_at)


def shown_as(credentials: Credentials, name: str) -> Credentials:
    """The same person, with what others see of them."""
    return replace(credentials, info=msgspec.json.encode({"name": name}))
