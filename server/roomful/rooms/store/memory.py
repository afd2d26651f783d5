"""Documents kept in the memory of one process, for tests and for use without a database."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pycrdt import merge_updates

from roomful.rooms.store.port import Head, Loaded, Reason, Refused, StoredUpdate, UnknownDocument

GENERATION_BYTES = 4


@dataclass(slots=True)
class _Document:
    generation: str
    state: bytes = b""
    base: int = 0
    rows: list[StoredUpdate] = field(default_factory=list)
    refuses: Reason | None = None

    @property
    def head(self) -> Head:
        return Head(self.generation, self.base + len(self.rows))


class MemoryStore:
    """A store whose documents are made by `create`, in place of REST."""

    def __init__(self) -> None:
        self._documents: dict[str, _Document] = {}

    def create(self, document_id: str, update: bytes = b"") -> Head:
        """A new document, with its first row where an update is given."""
        document = self._documents[document_id] = _Document(secrets.token_hex(GENERATION_BYTES))
        if update:
            document.rows.append(StoredUpdate(1, update, ()))
        return document.head

    def refuse(self, document_id: str, reason: Reason | None) -> None:
        """Take no update from now on, for this reason; None takes them again. A deleted document is unknown."""
        self._documents[document_id].refuses = reason

    def replace(self, document_id: str, update: bytes = b"") -> Head:
        """Give a document another history, as restoring an older database does."""
        return self.create(document_id, update)

    def fold(self, document_id: str) -> None:
        """Put all rows into the state."""
        document = self._documents[document_id]
        updates = ([document.state] if document.state else []) + [row.update for row in document.rows]
        if updates:
            document.state = merge_updates(*updates)
        document.base += len(document.rows)
        document.rows.clear()

    async def load(self, document_id: str) -> Loaded:
        document = self._known(document_id)
        return Loaded(head=document.head, state=document.state, rows=tuple(document.rows))

    async def append(self, document_id: str, generation: str, update: bytes, user_ids: Sequence[str]) -> Head:
        document = self._known(document_id)
        if document.refuses is not None:
            raise Refused(document.refuses)
        if document.generation != generation:
            raise Refused("replaced")
        head = Head(document.generation, document.head.number + 1)
        document.rows.append(StoredUpdate(head.number, update, tuple(user_ids)))
        return head

    async def read_since(self, document_id: str, head: Head) -> Loaded:
        document = self._known(document_id)
        if head.generation != document.generation or not document.base <= head.number <= document.head.number:
            return await self.load(document_id)
        return Loaded(head=document.head, state=b"", rows=tuple(document.rows[head.number - document.base :]))

    async def heads(self, document_ids: Sequence[str]) -> Mapping[str, Head]:
        return {
            document_id: document.head
            for document_id in document_ids
            if (document := self._documents.get(document_id)) is not None and document.refuses != "deleted"
        }

    def _known(self, document_id: str) -> _Document:
        document = self._documents.get(document_id)
        if document is None or document.refuses == "deleted":
            raise UnknownDocument(document_id)
        return document
