"""The search's cursor: it lets the index follow the events of projects."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

import msgspec

from roomful.db.engine import Database
from roomful.documents.conversions import Conversions
from roomful.eventlog.cursor import Cursor
from roomful.eventlog.cursor_batch import Batch, CursorRules, Transaction
from roomful.search import index, sources
from roomful.search.discussions import Discussions
from roomful.search.filling import Filling, project_of
from roomful.search.sources import Source

RULES = CursorRules(name="search", prefix="project:", gather=timedelta(seconds=1))
"""All types of events: the first event of a project, whatever it is, fills the index with what was there before."""

_TEXTS = {"title", "description", "name", "body", "content"}
"""The fields that are found."""


def search_cursor(database: Database, transaction: Transaction) -> Cursor:
    return Cursor(RULES, database, transaction, Indexer(database, transaction).handle)


class Indexer:
    """Makes the entries of what events have changed anew, from the rows as they are now."""

    def __init__(self, database: Database, transaction: Transaction) -> None:
        self._database = database
        self._transaction = transaction
        self._conversions = Conversions()
        self._discussions = Discussions(database, transaction)
        self._filling = Filling(database, transaction, self._conversions, self._discussions)

    async def handle(self, batch: Batch) -> None:
        """Raises Unavailable, Later, LeaseLost."""
        project_id = project_of(batch.channel)
        if batch.place.position == 0 or batch.has_lost:
            batch.upto = await self._filling.fill(batch.place)
            async with self._transaction() as session:
                await index.claim(session)
                await self._filling.end(session, project_id)
                await batch.advance(session)
            return
        touched = _Touched.by(batch)
        if touched.is_end:
            await self._remove_project(project_id, batch)
        elif touched.has_any:
            await self._renew(project_id, touched, batch)

    async def _renew(self, project_id: str, touched: "_Touched", batch: Batch) -> None:
        if touched.whole_tasks:
            await self._discussions.remove_hidden(batch.place, sorted(touched.whole_tasks))
            await self._discussions.complete(batch.place, project_id, sorted(touched.whole_tasks))
        rows = await index.prepare(project_id, await self._read(project_id, touched))
        async with self._transaction() as session:
            await index.claim(session)
            await index.remove(session, sorted(touched.ids))
            await index.put(session, rows)
            await batch.advance(session)

    async def _read(self, project_id: str, touched: "_Touched") -> list[Source]:
        async with self._database.read() as session:
            found = await sources.project(session, project_id) if touched.has_project else []
            found += await sources.tasks(session, sorted(touched.tasks | touched.whole_tasks))
            found += await sources.comments(session, sorted(touched.comments))
            found += await sources.documents(session, sorted(touched.documents), self._conversions)
        return found

    async def _remove_project(self, project_id: str, batch: Batch) -> None:
        """In parts, so that other writers come in between."""
        removed = index.REMOVED_AT_ONCE
        while removed == index.REMOVED_AT_ONCE:
            async with self._transaction() as session:
                await index.claim(session)
                removed = await index.remove_some(session, project_id)
                if removed < index.REMOVED_AT_ONCE:
                    await batch.advance(session)


@dataclass(slots=True)
class _Touched:
    """The ids of what some events of a project have changed. All comments on `whole_tasks` went too, or came back."""

    tasks: set[str] = field(default_factory=set)
    whole_tasks: set[str] = field(default_factory=set)
    comments: set[str] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)
    has_project: bool = False
    is_end: bool = False

    @classmethod
    def by(cls, batch: Batch) -> Self:
        touched = cls()
        for event in batch.events:
            touched._add(event.type, event.data)
        return touched

    @property
    def has_any(self) -> bool:
        return bool(self.ids or self.has_project)

    @property
    def ids(self) -> set[str]:
        return self.tasks | self.whole_tasks | self.comments | self.documents

    def _add(self, type: str, body: bytes) -> None:
        subject, _, what = type.partition(".")
        if subject not in _SUBJECTS or type in _NOTHING_NEW:
            return
        data = _decode(body).data
        if what == "updated" and data.changed is not None and _TEXTS.isdisjoint(data.changed):
            return
        if data.task is not None:
            (self.whole_tasks if what in ("deleted", "restored") else self.tasks).add(data.task.id)
        elif data.comment is not None:
            self.comments.add(data.comment.id)
        elif data.document is not None:
            self.documents.add(data.document.id)
        elif type == "project.deleted":
            self.is_end = True
        else:
            self.has_project = True


_SUBJECTS = ("task", "comment", "document", "project")
_NOTHING_NEW = ("task.moved", "project.archived", "project.restored", "document.version_created")


class _Subject(msgspec.Struct):
    id: str


class _Data(msgspec.Struct):
    task: _Subject | None = None
    comment: _Subject | None = None
    document: _Subject | None = None
    changed: list[str] | None = None


class _Body(msgspec.Struct):
    data: _Data


_decode = msgspec.json.Decoder(_Body).decode
