"""Counters of a process's rooms, for its metrics."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class RoomCounters:
    """All only grow, except the gauges `rooms`, `connections` and `gathered_bytes`."""

    rooms: int = 0
    connections: int = 0
    gathered_bytes: int = 0
    """Updates applied here and not stored yet."""

    loads: int = 0
    load_failures: int = 0
    load_seconds: float = 0.0
    unloads: int = 0

    updates_applied: int = 0
    """Updates of clients that changed a document."""
    updates_delivered: int = 0
    """Frames with updates, once per reader."""
    awareness_received: int = 0
    """Frames from clients."""
    awareness_echoed: int = 0
    """Frames from clients without news."""
    awareness_delivered: int = 0
    """Frames, once per reader."""

    rows_appended: int = 0
    append_seconds: float = 0.0
    append_failures: int = 0
    acknowledged: int = 0
    """Update messages that are stored."""
    acknowledge_seconds: float = 0.0
    """From arrival to acknowledgement of the first update in each row, summed over rows."""

    rows_received: int = 0
    """Rows of other nodes and of REST, applied here."""
    gaps: int = 0
    rows_unreadable: int = 0
    """Rows of the store that could not be applied."""
    pending: int = 0
    """Updates that build on changes this node lacks."""
    resyncs: int = 0
    """Differences sent to readers that were too slow."""
    large_documents: int = 0
    """Documents that passed the soft limit while they were open."""
    messages_dropped: int = 0
    """Unreadable messages from the broker."""

    refused: "Counter[str]" = field(default_factory=Counter)
    """Refused messages of clients, by reason."""
    closed: "Counter[int]" = field(default_factory=Counter)
    """Connections that the server ended, by close code."""
