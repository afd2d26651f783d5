"""The names of channels, and what each kind allows."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from roomful.realtime.policy import Rules

Kind = Literal["project", "signal", "user"]

_ID = re.compile(r"[a-zA-Z0-9-]{1,36}")

_RULES: dict[str, Rules] = {
    "project": Rules(is_recoverable=True, has_patches=True, has_presence=True),
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


@lru_cache(maxsize=4096)  # asked four times for each subscription
def parse_channel(name: str) -> ChannelName | None:
    """None for anything that can't be the name of a channel here."""
    kind, _, channel_id = name.partition(":")
    if _ID.fullmatch(channel_id) is None:
        return None
    match kind:
        case "project" | "signal" | "user":
            return ChannelName(kind, channel_id)
    return None
