"""The names of channels, and what each kind allows."""

from dataclasses import dataclass
from typing import Literal

from server.realtime.policy import Rules

Kind = Literal["project", "signal", "user"]

_RULES: dict[str, Rules] = {
    "project": Rules(is_recoverable=True, has_presence=True),
    # Cursors and typing: small, often, and worth nothing a second later.
    "signal": Rules(takes_publish=True, max_publish_bytes=2 * 1024, publishes_per_minute=1_800),
    "user": Rules(is_recoverable=True),
}


@dataclass(frozen=True, slots=True)
class ChannelName:
    """`project:{id}` (its events), `signal:{id}` (its members' cursors), `user:{id}` (a person's own)."""

    kind: Kind
    id: str

    @property
    def rules(self) -> Rules:
        return _RULES[self.kind]

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


def parse_channel(name: str) -> ChannelName | None:
    """None for anything that can't be the name of a channel here."""
    kind, separator, channel_id = name.partition(":")
    if not separator or not 0 < len(channel_id) <= 36 or not all(c.isalnum() or c == "-" for c in channel_id):
        return None
    match kind:
        case "project" | "signal" | "user":
            return ChannelName(kind, channel_id)
    return None
