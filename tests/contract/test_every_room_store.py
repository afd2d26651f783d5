"""The guarantees of every store of documents (server/roomful/rooms/store/port.py)."""

import asyncio
from contextlib import suppress

import pytest
from pycrdt import Doc, Text

from roomful.db.engine import Database
from roomful.rooms.store.port import Head, Loaded, Reason, Refused, UnknownDocument
from roomful.roomstore.fold import CantFold
from tests.support.room_stores import MemoryCase, SqlCase, StoreCase


def keystrokes(text: str) -> list[bytes]:
    """Updates of one client that types this."""
    doc: Doc[Text] = Doc()
    written = doc.get("default", type=Text)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for letter in text:
        written += letter
    doc.unobserve(subscription)
    return updates


def text_of(loaded: Loaded) -> str:
    doc: Doc[Text] = Doc()
    for update in ([loaded.state] if loaded.state else []) + [row.update for row in loaded.rows]:
        doc.apply_update(update)
    return str(doc.get("default", type=Text))


async def written(case: StoreCase, text: str, document_id: str | None = None) -> tuple[str, Head]:
    document_id = document_id or await case.create()
    head = (await case.store.load(document_id)).head
    for update in keystrokes(text):
        head = await case.store.append(document_id, head.generation, update, ["ada"])
    return document_id, head


class StoreContract:
    async def test_new_document_is_empty(self, case: StoreCase) -> None:
        loaded = await case.store.load(await case.create())
        assert loaded.head.generation
        assert list(loaded.rows) == []
        assert text_of(loaded) == ""

    async def test_rows_are_numbered_without_a_hole(self, case: StoreCase) -> None:
        document_id = await case.create()
        generation, base = (await case.store.load(document_id)).head
        heads = [await case.store.append(document_id, generation, update, ["ada"]) for update in keystrokes("abc")]
        assert heads == [Head(generation, base + number) for number in (1, 2, 3)]
        loaded = await case.store.load(document_id)
        assert [row.number for row in loaded.rows] == [base + 1, base + 2, base + 3]
        assert loaded.head == heads[-1]
        assert text_of(loaded) == "abc"

    async def test_rows_of_writers_at_once_have_numbers_of_their_own(self, case: StoreCase) -> None:
        document_id = await case.create()
        generation, base = (await case.store.load(document_id)).head
        async with asyncio.TaskGroup() as tasks:
            appends = [
                tasks.create_task(case.store.append(document_id, generation, update, ["ada"]))
                for update in keystrokes("abcdefghijkl")
            ]
        assert sorted(append.result().number for append in appends) == list(range(base + 1, base + 13))
        assert text_of(await case.store.load(document_id)) == "abcdefghijkl"

    async def test_rows_keep_the_people_whose_changes_they_hold(self, case: StoreCase) -> None:
        document_id = await case.create()
        generation = (await case.store.load(document_id)).head.generation
        await case.store.append(document_id, generation, keystrokes("a")[0], ["ada", "bob"])
        assert set((await case.store.load(document_id)).rows[0].user_ids) == {"ada", "bob"}

    async def test_documents_are_apart(self, case: StoreCase) -> None:
        first, _ = await written(case, "first")
        second, _ = await written(case, "second")
        assert text_of(await case.store.load(first)) == "first"
        assert text_of(await case.store.load(second)) == "second"

    async def test_what_was_stored_since_a_head(self, case: StoreCase) -> None:
        document_id, head = await written(case, "abc")
        await written(case, "de", document_id)
        loaded = await case.store.read_since(document_id, head)
        assert loaded.state == b""
        assert [row.number for row in loaded.rows] == [head.number + 1, head.number + 2]
        assert loaded.head == Head(head.generation, head.number + 2)

    async def test_nothing_was_stored_since_the_newest_head(self, case: StoreCase) -> None:
        document_id, head = await written(case, "abc")
        loaded = await case.store.read_since(document_id, head)
        assert (loaded.head, loaded.state, list(loaded.rows)) == (head, b"", [])

    async def test_folding_changes_neither_content_nor_head(self, case: StoreCase) -> None:
        document_id, head = await written(case, "abc")
        await case.fold(document_id)
        loaded = await case.store.load(document_id)
        assert text_of(loaded) == "abc"
        assert loaded.head == head
        _, after = await written(case, "d", document_id)
        assert after.number == head.number + 1
        assert sorted(text_of(await case.store.load(document_id))) == ["a", "b", "c", "d"]

    async def test_reading_since_rows_that_were_folded_gives_the_whole(self, case: StoreCase) -> None:
        document_id, head = await written(case, "abc")
        await written(case, "d", document_id)
        await case.fold(document_id)
        loaded = await case.store.read_since(document_id, head)
        assert loaded.state
        assert sorted(text_of(loaded)) == ["a", "b", "c", "d"]
        assert loaded.head.number == head.number + 1

    async def test_a_fold_loses_no_row_that_builds_on_a_later_one(self, case: StoreCase) -> None:
        document_id = await case.create()
        generation = (await case.store.load(document_id)).head.generation
        a, b, c = keystrokes("abc")
        await case.store.append(document_id, generation, a, ["ada"])
        await case.store.append(document_id, generation, c, ["ada"])
        with suppress(CantFold):
            await case.fold(document_id)
        await case.store.append(document_id, generation, b, ["ada"])
        assert text_of(await case.store.load(document_id)) == "abc"

    async def test_unknown_document(self, case: StoreCase) -> None:
        with pytest.raises(UnknownDocument):
            await case.store.load("nobody-made-this")
        with pytest.raises(UnknownDocument):
            await case.store.append("nobody-made-this", "00000000", keystrokes("a")[0], ["ada"])
        with pytest.raises(UnknownDocument):
            await case.store.read_since("nobody-made-this", Head("00000000", 0))
        assert await case.store.heads(["nobody-made-this"]) == {}

    async def test_deleted_document_takes_nothing_and_is_absent(self, case: StoreCase) -> None:
        document_id, head = await written(case, "abc")
        await case.delete(document_id)
        with pytest.raises((UnknownDocument, Refused)):
            await case.store.append(document_id, head.generation, keystrokes("a")[0], ["ada"])
        with pytest.raises(UnknownDocument):
            await case.store.load(document_id)
        assert await case.store.heads([document_id]) == {}

    @pytest.mark.parametrize("reason", ["read_only", "too_large"])
    async def test_refused_update_is_not_written(self, case: StoreCase, reason: Reason) -> None:
        document_id, head = await written(case, "abc")
        await case.refuse(document_id, reason)
        with pytest.raises(Refused) as refused:
            await case.store.append(document_id, head.generation, keystrokes("d")[0], ["ada"])
        assert refused.value.reason == reason
        assert (await case.store.load(document_id)).head == head

    async def test_writer_of_a_history_that_was_replaced_is_refused(self, case: StoreCase) -> None:
        document_id, head = await written(case, "abc")
        await case.replace(document_id)
        with pytest.raises(Refused) as refused:
            await case.store.append(document_id, head.generation, keystrokes("d")[0], ["ada"])
        assert refused.value.reason == "replaced"
        loaded = await case.store.read_since(document_id, head)
        assert loaded.head.generation != head.generation

    async def test_heads_of_many(self, case: StoreCase) -> None:
        first, head = await written(case, "abc")
        second = await case.create()
        heads = await case.store.heads([first, second, "nobody-made-this"])
        assert heads[first] == head
        assert heads[second] == (await case.store.load(second)).head
        assert set(heads) == {first, second}
        assert await case.store.heads([]) == {}


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def case(self) -> StoreCase:
        return MemoryCase()


class TestSqlStore(StoreContract):
    @pytest.fixture
    def case(self, database: Database) -> StoreCase:
        return SqlCase(database)
