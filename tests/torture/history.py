"""What a trial remembers: what was written, what was read, who was shut out. The judge reads it afterwards."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]

Outcome = Literal["answered", "refused", "unknown"]


@dataclass(slots=True)
class Operation:
    """A write as its author knows it. `id` comes back as the event's `mutation_id`; `word` stands in what it wrote."""

    id: str
    kind: str
    word: str
    outcome: Outcome = "unknown"
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as it reached a reader. `live_since`: when this connection was level; None: read from a page."""

    at: float
    offset: int
    body: bytes
    live_since: float | None


@dataclass(slots=True)
class Trail:
    """All that reached one reader, in the order in which it came, beginning after its snapshot."""

    name: str
    person_id: str
    snapshot: Json = field(default_factory=dict)
    final: Json = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    resets: int = 0
    epochs: set[str] = field(default_factory=set)
    losses: Counter[str] = field(default_factory=Counter)
    """Why its connections ended."""

    @property
    def start(self) -> int:
        """The offset of the snapshot that it began with."""
        offset: int = self.snapshot["stream"]["offset"]
        return offset


@dataclass(slots=True)
class Flip:
    """A person shut out and let in again. Nothing from the removal on may arrive before the way back was opened."""

    person_id: str
    removal_id: str
    let_in_at: float = float("inf")


@dataclass(slots=True)
class History:
    operations: list[Operation] = field(default_factory=list)
    trails: list[Trail] = field(default_factory=list)
    flips: list[Flip] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    log: list[bytes] = field(default_factory=list)
    gauges: dict[str, float] = field(default_factory=dict)
    """What the nodes still count after everybody has gone; all of it must be 0."""
    late: list[str] = field(default_factory=list)
    """Who was not level with the log when the time for healing was over."""
