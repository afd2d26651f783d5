"""What one connection, or one person, may cost."""

from dataclasses import dataclass

from roomful.realtime.history.port import PAGE_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one connection, or one person, may cost. Times are seconds; 0 turns a rate off."""

    recovery: int = 300
    history: int = 300
    channels: int = 128
    connections_per_user: int = 100
    commands_per_minute: int = 6_000
    """By one person, over all their connections."""
    queued_commands: int = 1_024
    queued_bytes: int = 512 * 1024
    """Of frames whose commands wait for those before them; the command after them ends the connection."""
    message_bytes: int = 1024 * 1024
    ping_seconds: int = 25
    pong_seconds: int = 8
    connect_seconds: float = 10.0
    expiry_grace_seconds: float = 25.0
    page_bytes: int = PAGE_BYTES
    """Event data in one reply or one page of a stream; a first event that alone is larger is given nevertheless."""
    presence_bytes: int = 512 * 1024
    """Of a list of who is present. A longer one is refused: presence_stats counts a crowd."""
    resume_bytes: int = 256 * 1024
    """A reply or page of such a size is written when no more than this waits to be sent."""
