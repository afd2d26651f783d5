"""The policy port: the rules of channels, and the rights of people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import uuid_utils

from roomful.realtime.protocol.json_line import one_line
from roomful.realtime.publication import ClientInfo


class TokenRefused(Exception):
    """The token is invalid, or its sign-in has ended."""


class TokenMissing(TokenRefused):
    """There is no token. Anonymous clients are refused on every channel."""


class TokenHasExpired(TokenRefused):
    """The token was valid before; the client may get a fresh one."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The person of a socket. `expires_at` is seconds since 1970; None never expires.

    `session_id` names the sign-in, whose end ends the socket. `info` is JSON that others see in presence.
    """

    user_id: str
    session_id: str = ""
    expires_at: float | None = None
    info: bytes = b""


def client_of(credentials: Credentials) -> ClientInfo:
    """A new connection of this person, as others see it. Raises ValueError if `info` is not JSON."""
    return ClientInfo(
        str(uuid_utils.uuid4()), credentials.user_id, one_line(credentials.info) if credentials.info else b""
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of a channel, for everybody who may use it.

    `is_recoverable`: publications are recorded with offsets, and a returning client gets what it missed.
    `has_patches`: a subscriber may get each publication as a delta against the one before it, if that is shorter.
    `has_presence`: subscribers are on a list, and those that ask for it (`join_leave`) get joins and leaves.
    `forces_joins`: all subscribers get them.
    """

    is_recoverable: bool = False
    has_patches: bool = False
    has_presence: bool = False
    forces_joins: bool = False
    takes_publish: bool = False
    max_publish_bytes: int = 64 * 1024
    publishes_per_minute: int = 0
    """Of one person, to all channels with this limit together; 0 is without limit."""


class Policy(Protocol):
    """The port through which sessions ask. Answers are about the present moment.

    Async methods have deadlines, and raise ClientError with the code that the client gets.
    """

    async def verify(self, token: str) -> Credentials:
        """The credentials of a connection token, perhaps empty. Raises TokenRefused, TokenHasExpired, TokenMissing."""

    async def admit(self, credentials: Credentials) -> Credentials:
        """The person's present credentials. Raises TokenRefused when the sign-in has ended."""

    def rules(self, channel: str) -> Rules | None:
        """The rules of a channel. None for an impossible name."""

    def guard(self, channel: str) -> str | None:
        """The recoverable channel whose events end access to this one. None if its own events do, or none."""

    async def authorize(self, credentials: Credentials, channel: str, token: str) -> float | None:
        """Allow a subscription, until a time in seconds since 1970; None is without end.

        Raises ClientError (102, 103, 109).
        """

    def channels_at_connect(self, credentials: Credentials) -> Sequence[str]:
        """The channels to which the server subscribes each connection of a person."""

    async def data_at_connect(self, credentials: Credentials) -> bytes:
        """JSON for the connect reply, or nothing. Asked when the subscriptions of that reply have their positions, so
        that events after it are pushed or recovered. Raises ClientError.
        """

    async def publish(self, credentials: Credentials, channel: str, data: bytes, info: ClientInfo) -> None:
        """Publish for a client, after the rules have allowed it. Raises ClientError."""

    async def call(self, credentials: Credentials, method: str, data: bytes) -> bytes:
        """Answer a remote procedure call, in JSON for a client that speaks it. Raises ClientError (104, 108)."""
