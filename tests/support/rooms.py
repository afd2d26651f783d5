"""Documents for tests of the store, without the feature that makes them."""

from dataclasses import dataclass, field
from datetime import timedelta

from pycrdt import Doc, Text, TransactionEvent
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.db.engine import Database
from roomful.documents.models import DOCUMENT
from roomful.identity.models import USER
from roomful.ids import new_id
from roomful.projects.models import PROJECT
from roomful.rooms.store.port import Head, Reason, Refused
from roomful.roomstore import content, generations
from roomful.roomstore.append import LockedRoom, StoredRow, lock
from roomful.roomstore.compaction import Compactor
from roomful.roomstore.models import ROOM


class Typist:
    """A Yjs document in which somebody types, and the update of each change."""

    def __init__(self, client_id: int = 7) -> None:
        self._doc: Doc = Doc(client_id=client_id)  # type: ignore[type-arg]
        self._text = self._doc.get("default", type=Text)
        self._updates: list[bytes] = []
        self._subscription = self._doc.observe(self._note)

    def type(self, text: str) -> bytes:
        self._text += text
        return self._updates[-1]

    def delete(self, index: int) -> bytes:
        del self._text[index]
        return self._updates[-1]

    def receive(self, update: bytes) -> None:
        self._doc.apply_update(update)

    def _note(self, event: TransactionEvent) -> None:
        self._updates.append(event.update)


def text_of(*updates: bytes) -> str:
    """A document's text after these updates."""
    doc: Doc = Doc()  # type: ignore[type-arg]
    for each in updates:
        if each:
            doc.apply_update(each)
    return str(doc.get("default", type=Text))


@dataclass
class PlainHooks:
    """Hooks that refuse what the test says, and note what was appended."""

    refused: dict[str, Reason] = field(default_factory=dict)
    rows: list[StoredRow] = field(default_factory=list)

    async def lock(self, session: AsyncSession, room_id: str) -> LockedRoom:
        if (reason := self.refused.get(room_id)) is not None:
            raise Refused(reason)
        return await lock(session, room_id)

    async def appended(self, session: AsyncSession, row: StoredRow) -> None:
        self.rows.append(row)


class SqlRooms:
    """Makes documents in a database, and does to them what others do there."""

    def __init__(self, database: Database, hooks: PlainHooks, compactor: Compactor) -> None:
        self._database = database
        self._hooks = hooks
        self._compactor = compactor

    async def create(self, document_id: str, state: bytes = b"\x00\x00") -> Head:
        async with self._database.write() as session:
            project_id = await _project(session)
            await session.execute(
                insert(DOCUMENT),
                {
                    "id": document_id,
                    "project_id": project_id,
                    "title": "Plan",
                    "bytes": len(state),
                    "created_by": (await session.scalars(select(USER.c.id))).first(),
                },
            )
            head = await content.open_room(session, document_id, state)
            await session.commit()
        return head

    async def refuse(self, document_id: str, reason: Reason | None) -> None:
        if reason is None or reason != "deleted":
            self._hooks.refused = {} if reason is None else {document_id: reason}
        async with self._database.write() as session:
            await content.set_deleted(session, document_id, is_deleted=reason == "deleted")
            await session.commit()

    async def replace(self) -> None:
        """Give every document another history, as it has it after a backup was restored."""
        await generations.renew_all(self._database)

    async def fold(self, document_id: str) -> None:
        assert await self._compactor.compact(document_id)

    async def age(self, document_id: str, seconds: float) -> None:
        """Let everything in a document have happened so long ago."""
        async with self._database.write() as session:
            row = (await session.execute(select(ROOM).where(ROOM.c.id == document_id))).one()
            values = {
                name: getattr(row, name) - timedelta(seconds=seconds)
                for name in ("edited_at", "dirty_since", "unversioned_since")
                if getattr(row, name) is not None
            }
            await session.execute(update(ROOM).where(ROOM.c.id == document_id).values(**values))
            await session.commit()


async def _project(session: AsyncSession) -> str:
    found = (await session.scalars(select(PROJECT.c.id))).first()
    if found is not None:
        return str(found)
    user_id, project_id = new_id(), new_id()
    await session.execute(
        insert(USER),
        {"id": user_id, "email": "ada@example.org", "name": "Ada", "password_hash": "!", "role": "user"},
    )
    await session.execute(insert(PROJECT), {"id": project_id, "name": "Apollo", "owner_id": user_id})
    return project_id
