"""The store port: where the updates of documents are kept.

A document's rows are numbered 1, 2, 3 … without a hole, in the order of their commits: a reader that has seen number n
and is given n + 1 has missed nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

Reason = Literal["deleted", "read_only", "too_large", "replaced"]
"""Why a document takes no update: it is gone or in the trash; its project is archived; it would outgrow its hard limit;
its history was replaced, and the writer has the one before.
"""


class StoreUnavailable(Exception):
    """The store is out of reach for now. An append may have been written or not; it may be repeated."""


class UnknownDocument(Exception):
    """There is no such document, or it is in the trash."""


class Refused(Exception):
    """The document does not take this update, and will not when it is sent again. Nothing was written."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class Head(NamedTuple):
    """Where a document stands: the number of its newest row, within one history. It is the content's ETag."""

    generation: str
    number: int


class StoredUpdate(NamedTuple):
    """One row: a Yjs update (encoding v1), and the ids of the people whose changes it holds."""

    number: int
    update: bytes
    user_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A document as it was stored at one moment: `state` is what was folded, `rows` are all that came after it.

    `state` is a Yjs update, or empty. Applying it and then the rows in their order gives the document at `head`.
    """

    head: Head
    state: bytes
    rows: Sequence[StoredUpdate]


class Store(Protocol):
    """Every method raises StoreUnavailable within a deadline of its own when the store does not answer."""

    async def load(self, document_id: str) -> Loaded:
        """The whole document. Raises UnknownDocument."""

    async def append(self, document_id: str, generation: str, update: bytes, user_ids: Sequence[str]) -> Head:
        """Store an update as the next row, and return its number once it is committed.

        Repeating an append whose outcome is unknown adds a row that changes nothing. Raises UnknownDocument, Refused.
        """

    async def read_since(self, document_id: str, head: Head) -> Loaded:
        """The rows stored after `head`, with an empty `state`. The whole document, with its state, if later rows were
        folded meanwhile or its history was replaced. Raises UnknownDocument.
        """

    async def heads(self, document_ids: Sequence[str]) -> Mapping[str, Head]:
        """Where these documents stand, in one query. One that does not exist, or is in the trash, is absent."""
