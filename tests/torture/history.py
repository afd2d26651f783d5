"""The record of a run for the judge: writes, reads and removals."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]

Outcome = Literal["answered", "refused", "unknown"]


@dataclass(slots=True)
class Operation:
    """A write as its author knows it. `id` comes back as the event's `mutation_id`; `word` is part of its content."""

    id: str
    kind: str
    word: str
    outcome: Outcome = "unknown"
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as it reached a reader. `live_since`: when this connection had caught up; None: read from a page."""

    at: float
    offset: int
    body: bytes
    live_since: float | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Events of an inbox that a reader did not get, for which it took the list of entries again."""

    after: int
    upto: int
    entries: list[Json]


@dataclass(slots=True)
class Trail:
    """Everything that reached one reader, in order, beginning after its snapshot."""

    name: str
    person_id: str
    snapshot: Json = field(default_factory=dict)
    final: Json = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    resets: int = 0
    gaps: list[Gap] = field(default_factory=list)
    epochs: set[str] = field(default_factory=set)
    losses: Counter[str] = field(default_factory=Counter)
    """Why its connections ended."""

    @property
    def start(self) -> int:
        """The offset of its first snapshot."""
        offset: int = self.snapshot["stream"]["offset"]
        return offset


@dataclass(slots=True)
class Manuscript:
    """One typist's part of the document. `replica` is their copy when all was over, as one update."""

    name: str
    made: int = 0
    acknowledged: list[bytes] = field(default_factory=list)
    refused: int = 0
    replica: bytes = b""
    losses: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Flip:
    """A person removed and added again. No event from the removal on may arrive before they were added."""

    person_id: str
    removal_id: str
    let_in_at: float = float("inf")


@dataclass(frozen=True, slots=True)
class Mail:
    """A digest that has arrived: the id of its batch, and the tasks that it lists."""

    id: str
    tasks: frozenset[str]


@dataclass(slots=True)
class InboxRecord:
    """One person's channel as the database has it, those who followed it, and the mail in the order of its arrival."""

    channel: str = ""
    epoch: str = ""
    log: list[bytes] = field(default_factory=list)
    trails: list[Trail] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)


@dataclass(slots=True)
class History:
    operations: list[Operation] = field(default_factory=list)
    trails: list[Trail] = field(default_factory=list)
    flips: list[Flip] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    log: list[bytes] = field(default_factory=list)
    level: int | None = None
    """Every reader had reached this offset before they left; a digest of typing may follow. None is the log's end."""
    manuscripts: list[Manuscript] = field(default_factory=list)
    inbox: InboxRecord = field(default_factory=InboxRecord)
    rows: bytes = b""
    """The document as its rows in the database give it, as one update."""
    rows_are_whole: bool = True
    gauges: dict[str, float] = field(default_factory=dict)
    """The nodes' counts after everybody has left; all must be 0."""
    late: list[str] = field(default_factory=list)
    """Readers that had not caught up with the log in time."""
