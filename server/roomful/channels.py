"""The names of channels: nothing else knows how they are made."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["project", "signal", "user"]

ACCESS_CHANNEL = "access"
"""Tells every node of sign-ins that end early. No client can subscribe to it."""

_ID = re.compile(r"[a-zA-Z0-9-]{1,36}")


@dataclass(frozen=True, slots=True)
class ChannelName:
    """`project:{id}` (its events), `signal:{id}` (its members' cursors), `user:{id}` (a person's own)."""

    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


def project_channel(project_id: str) -> str:
    return f"project:{project_id}"


def signal_channel(project_id: str) -> str:
    return f"signal:{project_id}"


def user_channel(user_id: str) -> str:
    """The channel of one person's notifications."""
    return f"user:{user_id}"


@lru_cache(maxsize=4096)  # asked four times for each subscription
def parse_channel(name: str) -> ChannelName | None:
    """None for anything that no client may name."""
    kind, _, channel_id = name.partition(":")
    if _ID.fullmatch(channel_id) is None:
        return None
    match kind:
        case "project" | "signal" | "user":
            return ChannelName(kind, channel_id)
    return None
