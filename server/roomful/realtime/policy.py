"""What a channel allows, and who may do what: given to the engine from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import uuid_utils

from roomful.realtime.protocol.json_line import one_line
from roomful.realtime.publication import ClientInfo


class TokenRefused(Exception):
    """The token is none that the server takes, or its sign-in has ended."""


class TokenMissing(TokenRefused):
    """There is none, and somebody without a token is let in nowhere."""


class TokenHasExpired(TokenRefused):
    """It was good once; the client may ask for a fresh one."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who is at the other end of a socket. `expires_at` is seconds since 1970; None never expires.

    `session_id` names the sign-in, so that ending it ends the socket. `info` is JSON that others see in presence.
    """

    user_id: str
    session_id: str = ""
    expires_at: float | None = None
    info: bytes = b""


def client_of(credentials: Credentials) -> ClientInfo:
    """A new connection of this person, as others see it. Raises ValueError where `info` is no JSON."""
    return ClientInfo(
        str(uuid_utils.uuid4()), credentials.user_id, one_line(credentials.info) if credentials.info else b""
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a channel allows, whoever asks.

    `is_recoverable`: its publications are recorded with offsets, and a client that comes back gets what it missed.
    `has_patches`: a subscriber may have each publication as a patch of the one before it, if that is shorter.
    `has_presence`: its subscribers are on a list, and who asks (`join_leave`) hears of the people who join and leave.
    `forces_joins`: every subscriber hears of them.
    """

    is_recoverable: bool = False
    has_patches: bool = False
    has_presence: bool = False
    forces_joins: bool = False
    takes_publish: bool = False
    max_publish_bytes: int = 64 * 1024
    publishes_per_minute: int = 0
    """By one person, to all channels with this limit together; 0 is without limit."""


class Policy(Protocol):
    """Asked by sessions; the answers are about the present moment.

    Methods that wait have deadlines of their own, and raise ClientError with the code that the client gets.
    """

    async def verify(self, token: str) -> Credentials:
        """What a connection token says; an empty one is none. Raises TokenRefused, TokenHasExpired, TokenMissing."""

    async def admit(self, credentials: Credentials) -> Credentials:
        """The same person as the server knows them now. Raises TokenRefused when the sign-in has ended."""

    def rules(self, channel: str) -> Rules | None:
        """None: there can be no such channel."""

    def guard(self, channel: str) -> str | None:
        """Another, recoverable channel whose events end the access to this one; None when its own do, if any."""

    async def authorize(self, credentials: Credentials, channel: str, token: str) -> float | None:
        """Whether this person may subscribe, and until when, in seconds since 1970; None is as long as they like.

        Raises ClientError (102, 103, 109).
        """

    def channels_at_connect(self, credentials: Credentials) -> Sequence[str]:
        """The channels that the server subscribes a person's connection to."""

    async def publish(self, credentials: Credentials, channel: str, data: bytes, info: ClientInfo) -> None:
        """Publish on behalf of a client, once the rules allow it. Raises ClientError."""

    async def call(self, credentials: Credentials, method: str, data: bytes) -> bytes:
        """Answer a remote procedure call, in JSON where the client speaks it. Raises ClientError (104, 108)."""
