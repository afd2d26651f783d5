"""Somebody who writes in a rich-text document without a socket, as a room stores it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from pycrdt import Doc, TransactionEvent, XmlElement, XmlFragment, XmlText
from sqlalchemy import select, update

from roomful.documents.store import open_store
from roomful.richtext.tree import ROOT
from roomful.roomstore import content
from roomful.roomstore.models import ROOM
from roomful.runtime import Runtime


class Writer:
    """Writes in one document through the store of a node's rooms. `append` stores, and tells what is due."""

    def __init__(self, runtime: Runtime, document_id: str) -> None:
        self._runtime = runtime
        self._document_id = document_id
        self._store = open_store(runtime)

    async def type(self, text: str, *user_ids: str, block: int = 0) -> None:
        """Type at the end of a paragraph."""
        await self.change(lambda doc: _type(blocks_in(doc)[block], text), *user_ids)

    async def change(self, edit: Callable[[Doc[Any]], object], *user_ids: str) -> None:
        """Edit the present content."""
        async with self._runtime.database.read() as session:
            stored = await content.read(session, self._document_id)
        doc: Doc[Any] = Doc()
        for each in stored.updates:
            if each:
                doc.apply_update(each)
        seen: list[bytes] = []

        def note(event: TransactionEvent) -> None:
            seen.append(event.update)

        subscription = doc.observe(note)
        with doc.transaction():
            edit(doc)
        doc.unobserve(subscription)
        await self._store.append(self._document_id, stored.head.generation, seen[0], user_ids)

    async def wait(self, seconds: float) -> None:
        """Let time pass for the document."""
        async with self._runtime.transaction() as session:
            row = (await session.execute(select(ROOM).where(ROOM.c.id == self._document_id))).one()
            values = {
                name: value - timedelta(seconds=seconds)
                for name in ("edited_at", "dirty_since", "unversioned_since")
                if (value := getattr(row, name)) is not None
            }
            if values:
                await session.execute(update(ROOM).where(ROOM.c.id == self._document_id).values(**values))
        self._store = open_store(self._runtime)  # which remembers when the document was edited


def blocks_in(doc: Doc[Any]) -> Any:
    """The top-level blocks."""
    return doc.get(ROOT, type=XmlFragment).children


def _type(block: XmlElement, text: str) -> None:
    if not len(block.children):
        block.children.append(XmlText())
    run: Any = block.children[len(block.children) - 1]
    run.insert(len(run), text, {})
