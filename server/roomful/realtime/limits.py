"""The limits of one connection, or one person."""

from dataclasses import dataclass

from roomful.realtime.history.port import PAGE_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one connection, or one person. Times are seconds; 0 turns a rate off."""

    recovery: int = 300
    history: int = 300
    channels: int = 128
    connections_per_user: int = 100
    commands_per_minute: int = 6_000
    """Of one person, over all their connections."""
    queued_commands: int = 1_024
    queued_bytes: int = 512 * 1024
    """Of frames whose commands wait for earlier ones. The next command ends the connection."""
    message_bytes: int = 1024 * 1024
    ping_seconds: int = 25
    pong_seconds: int = 8
    connect_seconds: float = 10.0
    expiry_grace_seconds: float = 25.0
    page_bytes: int = PAGE_BYTES
    """Event data in one reply or one page of a stream, unless its first event alone is larger."""
    presence_bytes: int = 512 * 1024
    """Of a presence list. A longer one is refused; presence_stats still counts it."""
    resume_bytes: int = 256 * 1024
    """A large reply or page is written when at most this is pending."""
