"""The store of rooms on every database: a row is stored or it is not, and no number is missing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from roomful.concurrency.background_loops import BackgroundLoops
from roomful.db.engine import Database
from roomful.ids import new_id
from roomful.rooms.store.port import (
    Head,
    Loaded,
    Reason,
    Refused,
    Store,
    StoreUnavailable,
    UnknownDocument,
)
from roomful.roomstore import compaction, folding, generations, sql_store, versions
from roomful.roomstore.append import LockedRoom, append_row, lock, take_appended
from roomful.roomstore.compaction import Compactor
from roomful.roomstore.fold import CantFold
from roomful.roomstore.models import ROOM, UPDATE, VERSION
from roomful.roomstore.sql_store import SqlStore
from tests.conftest import settings_for
from tests.support.rooms import PlainHooks, SqlRooms, Typist, text_of

MAX_BYTES = 10_000


class Ground(NamedTuple):
    """A store, and what makes and changes documents behind it."""

    store: Store
    rooms: SqlRooms
    hooks: PlainHooks
    compactor: Compactor
    database: Database


@pytest.fixture
def ground(database: Database) -> Ground:
    @asynccontextmanager
    async def transaction() -> AsyncIterator[AsyncSession]:
        async with database.write() as session:
            yield session
            await session.commit()

    hooks, compactor = PlainHooks(), Compactor(database)
    store = SqlStore(
        database=database,
        transaction=transaction,
        hooks=hooks,
        compactor=compactor,
        soft_bytes=MAX_BYTES // 2,
        max_bytes=MAX_BYTES,
    )
    return Ground(store, SqlRooms(database, hooks, compactor), hooks, compactor, database)


@pytest.fixture
async def document(ground: Ground) -> tuple[str, Head]:
    document_id = new_id()
    return document_id, await ground.rooms.create(document_id)


async def type_all(ground: Ground, document: tuple[str, Head], *texts: str, typist: Typist | None = None) -> list[Head]:
    document_id, head = document
    typist = typist or Typist()
    return [await ground.store.append(document_id, head.generation, typist.type(text), ["ada"]) for text in texts]


def text_in(loaded: Loaded) -> str:
    return text_of(loaded.state, *[row.update for row in loaded.rows])


async def test_rows_count_on_from_the_first_content(ground: Ground, document: tuple[str, Head]) -> None:
    document_id, head = document
    assert head.number == 1
    heads = await type_all(ground, document, "a", "b", "c")
    assert heads == [Head(head.generation, number) for number in (2, 3, 4)]
    loaded = await ground.store.load(document_id)
    assert loaded.head == heads[-1]
    assert [row.number for row in loaded.rows] == [2, 3, 4]
    assert {row.user_ids for row in loaded.rows} == {("ada",)}
    assert text_in(loaded) == "abc"


async def test_what_came_after_a_row(ground: Ground, document: tuple[str, Head]) -> None:
    document_id, first = document
    heads = await type_all(ground, document, "a", "b", "c")
    since = await ground.store.read_since(document_id, heads[0])
    assert (since.head, since.state, [row.number for row in since.rows]) == (heads[-1], b"", [3, 4])
    assert await ground.store.read_since(document_id, heads[-1]) == Loaded(head=heads[-1], state=b"", rows=[])

    await ground.rooms.fold(document_id)
    assert (await ground.store.read_since(document_id, heads[-1])).state == b""
    folded = await ground.store.read_since(document_id, first)
    assert (text_in(folded), folded.rows, folded.head) == ("abc", [], heads[-1])
    for foreign in (Head("00000000", 4), Head(first.generation, 5)):
        assert text_in(await ground.store.read_since(document_id, foreign)) == "abc"


async def test_two_writers_at_once_leave_no_hole(ground: Ground, document: tuple[str, Head]) -> None:
    async with asyncio.TaskGroup() as tasks:
        writers = [
            tasks.create_task(type_all(ground, document, *"0123456789", typist=Typist(client_id)))
            for client_id in range(1, 6)
        ]
    numbers = [head.number for writer in writers for head in writer.result()]
    assert sorted(numbers) == list(range(2, 52))
    assert all(writer.result() == sorted(writer.result()) for writer in writers)
    loaded = await ground.store.load(document[0])
    assert [row.number for row in loaded.rows] == list(range(2, 52))
    assert len(text_in(loaded)) == 50


async def test_heads_of_many_documents(ground: Ground) -> None:
    ids = [new_id() for _ in range(3)]
    heads = {document_id: await ground.rooms.create(document_id) for document_id in ids}
    await ground.rooms.refuse(ids[2], "deleted")
    assert await ground.store.heads([*ids, new_id()]) == {id_: heads[id_] for id_ in ids[:2]}
    assert await ground.store.heads([]) == {}


async def test_a_document_that_is_not_there(ground: Ground, document: tuple[str, Head]) -> None:
    document_id, head = document
    await ground.rooms.refuse(document_id, "deleted")
    for absent in (document_id, new_id()):
        with pytest.raises(UnknownDocument):
            await ground.store.load(absent)
        with pytest.raises(UnknownDocument):
            await ground.store.read_since(absent, head)
        with pytest.raises(UnknownDocument):
            await ground.store.append(absent, head.generation, Typist().type("a"), [])
    await ground.rooms.refuse(document_id, None)
    assert (await ground.store.load(document_id)).head == head


@pytest.mark.parametrize("reason", ["read_only", "replaced"])
async def test_an_update_that_is_refused_leaves_nothing(
    ground: Ground, document: tuple[str, Head], reason: Reason
) -> None:
    document_id, head = document
    if reason == "replaced":
        await ground.rooms.replace()
    else:
        await ground.rooms.refuse(document_id, reason)
    with pytest.raises(Refused) as refused:
        await ground.store.append(document_id, head.generation, Typist().type("a"), ["ada"])
    assert refused.value.reason == reason
    loaded = await ground.store.load(document_id)
    assert (loaded.head.number, loaded.rows) == (1, [])
    assert (loaded.head.generation != head.generation) == (reason == "replaced")


async def test_a_document_at_its_limit_is_folded_before_it_is_refused(
    ground: Ground, document: tuple[str, Head]
) -> None:
    document_id, head = document
    typist = Typist()
    await type_all(ground, document, *["x"] * 900, typist=typist)  # 13 bytes each in rows, one each when folded
    assert (await ground.store.load(document_id)).rows[0].number > 2
    await type_all(ground, document, "y" * 8_000, typist=typist)
    with pytest.raises(Refused, match="too_large"):
        await type_all(ground, document, "z" * 5_000, typist=typist)
    # A deletion is accepted although it needs room itself.
    await type_all(ground, document, "w" * 1_000, typist=Typist(8))
    await ground.store.append(document_id, head.generation, typist.delete(0), ["ada"])
    with pytest.raises(Refused, match="too_large"):
        await type_all(ground, document, *["v" * 1_000], typist=Typist(9))


async def test_an_outage_is_told_as_one(
    ground: Ground, document: tuple[str, Head], monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id, head = document
    outages = (
        ["PRAGMA query_only=ON"] if ground.database.is_sqlite else ["SELECT pg_terminate_backend(pg_backend_pid())"]
    )

    async def lock_badly(session: AsyncSession, room_id: str) -> LockedRoom:
        if not outages:
            await asyncio.Event().wait()
        await session.execute(text(outages.pop()))
        return await lock(session, room_id)

    monkeypatch.setattr(ground.hooks, "lock", lock_badly)
    monkeypatch.setattr(sql_store, "APPEND_SECONDS", 0.2)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await ground.store.append(document_id, head.generation, Typist().type("a"), [])
    monkeypatch.undo()
    [again] = await type_all(ground, document, "a")
    assert again.number == 2


async def test_a_bug_is_no_outage(ground: Ground, document: tuple[str, Head], monkeypatch: pytest.MonkeyPatch) -> None:
    async def lock_badly(session: AsyncSession, room_id: str) -> LockedRoom:
        await session.execute(text("SELECT nothing FROM nowhere"))
        return await lock(session, room_id)

    monkeypatch.setattr(ground.hooks, "lock", lock_badly)
    with pytest.raises(DBAPIError):
        await ground.store.append(document[0], document[1].generation, Typist().type("a"), [])


# Only in the SQL store.


async def test_a_transaction_that_does_not_commit_leaves_no_row(ground: Ground, document: tuple[str, Head]) -> None:
    document_id, _ = document
    async with ground.database.write() as session:
        row = await append_row(session, document_id, Typist().type("never"), [], max_bytes=MAX_BYTES)
        assert row.head.number == 2
        await session.rollback()
    [again] = await type_all(ground, document, "a")
    assert again.number == 2
    assert text_in(await ground.store.load(document_id)) == "a"


async def test_rows_of_a_request_are_told_after_its_commit(ground: Ground, document: tuple[str, Head]) -> None:
    typist = Typist()
    async with ground.database.write() as session:
        for text in "ab":
            await append_row(session, document[0], typist.type(text), ["ada"], max_bytes=MAX_BYTES)
        await session.commit()
        rows = take_appended(session)
        assert take_appended(session) == []
    assert [(row.room_id, row.head.number) for row in rows] == [(document[0], 2), (document[0], 3)]
    assert [row.was_dirty for row in rows] == [False, True]
    assert rows[0].was_quiet(30)
    assert not rows[1].was_quiet(30)


async def test_compaction_deletes_exactly_what_it_folded(
    ground: Ground, document: tuple[str, Head], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that is appended while others are folded stays."""
    document_id, _ = document
    typist = Typist()
    await type_all(ground, document, *"abc", typist=typist)
    folds = asyncio.Event()
    goes_on = asyncio.Event()
    fold = folding.fold_off_loop

    async def fold_slowly(state: bytes, updates: Sequence[bytes]) -> bytes | None:
        folds.set()
        await goes_on.wait()
        return await fold(state, updates)

    monkeypatch.setattr(compaction, "fold_off_loop", fold_slowly)
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        compacting = tasks.create_task(ground.compactor.compact(document_id))
        await folds.wait()
        await type_all(ground, document, *"de", typist=typist)
        goes_on.set()
    assert compacting.result()
    loaded = await ground.store.load(document_id)
    assert [row.number for row in loaded.rows] == [5, 6]
    assert text_of(loaded.state) == "abc"
    assert text_in(loaded) == "abcde"


async def test_compaction_waits_for_a_slow_append(ground: Ground, document: tuple[str, Head]) -> None:
    """Its number is lower than none that is folded: numbers are committed in their order."""
    document_id, _ = document
    typist = Typist()
    await type_all(ground, document, *"ab", typist=typist)
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        async with ground.database.write() as session:
            await append_row(session, document_id, typist.type("c"), [], max_bytes=MAX_BYTES)
            compacting = tasks.create_task(ground.compactor.compact(document_id))
            appending = tasks.create_task(type_all(ground, document, "d", typist=typist))
            await asyncio.sleep(0.1)
            assert not compacting.done()
            assert not appending.done()
            await session.commit()
    loaded = await ground.store.load(document_id)
    assert text_in(loaded) == "abcd"
    assert loaded.head.number == 5


async def test_two_nodes_that_compact_at_once(ground: Ground, document: tuple[str, Head]) -> None:
    await type_all(ground, document, *"abcdef")
    async with asyncio.TaskGroup() as tasks:
        nodes = [tasks.create_task(Compactor(ground.database).compact(document[0])) for _ in range(4)]
    assert sorted(node.result() for node in nodes)[-1]
    loaded = await ground.store.load(document[0])
    assert (text_in(loaded), loaded.rows) == ("abcdef", [])
    assert await sizes(ground, document[0]) == (len(loaded.state), 0)


async def test_a_row_that_lacks_something_is_not_folded(ground: Ground, document: tuple[str, Head]) -> None:
    """No room writes one. The library would leave out its text and its deletions, and the row would be gone."""
    document_id, head = document
    typist = Typist()
    first, second, third, deletion = typist.type("a"), typist.type("b"), typist.type("c"), typist.delete(0)
    for update in (deletion, third, second):
        await ground.store.append(document_id, head.generation, update, [])
        with pytest.raises(CantFold):
            await ground.compactor.compact(document_id)
    assert [row.update for row in (await ground.store.load(document_id)).rows] == [deletion, third, second]
    await ground.store.append(document_id, head.generation, first, [])
    assert text_in(await ground.store.load(document_id)) == "bc"
    assert await ground.compactor.compact(document_id)
    loaded = await ground.store.load(document_id)
    assert (text_of(loaded.state), loaded.rows) == ("bc", [])


async def test_large_documents_are_folded_in_another_process(
    ground: Ground, document: tuple[str, Head], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "MAX_ROWS_HERE", 2)
    monkeypatch.setattr(folding, "fold", None)
    await type_all(ground, document, *"abcdef")
    await ground.rooms.fold(document[0])
    assert text_of((await ground.store.load(document[0])).state) == "abcdef"


async def test_a_damaged_row_stays_and_is_told_of(
    ground: Ground, document: tuple[str, Head], monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id, head = document
    await ground.store.append(document_id, head.generation, b"\x01\x01\x01garbage", [])
    with pytest.raises(CantFold):
        await ground.compactor.compact(document_id)
    monkeypatch.setattr(folding, "MAX_ROWS_HERE", 0)
    with pytest.raises(CantFold):
        await ground.compactor.compact(document_id)
    assert len((await ground.store.load(document_id)).rows) == 1


async def test_what_is_due_for_compaction(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "MAX_ROWS", 3)
    documents = []
    for _ in range(3):
        document_id = new_id()
        documents.append((document_id, await ground.rooms.create(document_id)))
    busy, idle, fresh = documents
    await type_all(ground, busy, *"abcd")
    await type_all(ground, idle, "a")
    await type_all(ground, fresh, "a")
    await ground.rooms.age(idle[0], 600)
    # The number of rows is part of the statement, which was made before this test changed it.
    assert set(await ground.compactor.find_due()) == {idle[0]}
    assert busy[0] in ground.compactor._waiting
    assert fresh[0] not in ground.compactor._waiting


async def test_a_pause_makes_a_version(ground: Ground, document: tuple[str, Head]) -> None:
    document_id, _ = document
    await type_all(ground, document, *"abc")
    await ground.rooms.fold(document_id)
    assert await made_versions(ground, document_id) == []
    await type_all(ground, document, "d", typist=Typist(8))
    await ground.rooms.age(document_id, 301)
    await ground.rooms.fold(document_id)
    [version] = await made_versions(ground, document_id)
    assert (version.trigger, version.label, version.changes_by, version.triggered_by) == ("idle", None, ["ada"], None)
    async with ground.database.read() as session:
        assert len(text_of(await versions.read_state(session, version.id))) == 4
    await ground.rooms.age(document_id, 301)
    await ground.rooms.fold(document_id)
    assert len(await made_versions(ground, document_id)) == 1  # nothing has changed since
    assert await ground.compactor.find_due() == []


async def sizes(ground: Ground, document_id: str) -> tuple[int, int]:
    async with ground.database.read() as session:
        row = (
            await session.execute(select(ROOM.c.state_bytes, ROOM.c.update_bytes).where(ROOM.c.id == document_id))
        ).one()
        in_rows = await session.scalar(
            select(func.coalesce(func.sum(func.length(UPDATE.c.payload)), 0)).where(UPDATE.c.room_id == document_id)
        )
    assert row.update_bytes == in_rows
    return row.state_bytes, row.update_bytes


async def made_versions(ground: Ground, document_id: str) -> list[versions.Version]:
    async with ground.database.read() as session:
        columns = select(*(VERSION.c[name] for name in versions.Version._fields))
        return [
            versions.Version._make(row)
            for row in await session.execute(columns.where(VERSION.c.room_id == document_id).order_by(VERSION.c.id))
        ]


@pytest.mark.parametrize("outages", [0, 1])
async def test_the_loop_folds_what_it_is_woken_for(
    ground: Ground, document: tuple[str, Head], monkeypatch: pytest.MonkeyPatch, outages: int
) -> None:
    """Also after an outage."""
    await type_all(ground, document, *"abc")
    tried, left = asyncio.Event(), outages
    compact = ground.compactor.compact

    async def note(room_id: str) -> bool:
        nonlocal left
        tried.set()
        left -= 1
        if left >= 0:
            raise ConnectionRefusedError
        return await compact(room_id)

    monkeypatch.setattr(ground.compactor, "compact", note)
    async with asyncio.timeout(30), BackgroundLoops() as loops:
        loops.run("compaction", ground.compactor.run())
        while (await ground.store.load(document[0])).rows:
            ground.compactor.wake(document[0])
            await tried.wait()


@pytest.mark.parametrize("backend", ["sqlite"])
async def test_a_backup_from_before_there_were_documents(empty_database_url: str) -> None:
    database = Database(settings_for(empty_database_url))
    assert await generations.renew_all(database) == 0
    await database.close()
