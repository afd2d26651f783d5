"""The Yjs document of a room, and what the library does that nobody would expect."""

import asyncio
import gc
import random
import time

import pytest
from pycrdt import Doc, Text, merge_updates

from roomful.rooms.document.replica import BadUpdate, Lacking, Replica
from roomful.rooms.protocol.state import decode_state_vector


class Source:
    """A client's document, and its updates one by one."""

    def __init__(self, client_id: int = 7) -> None:
        self.doc: Doc[Text] = Doc(client_id=client_id)
        self.body = self.doc.get("default", type=Text)
        self.updates: list[bytes] = []
        self._subscription = self.doc.observe(lambda event: self.updates.append(event.update))

    def type(self, text: str) -> list[bytes]:
        before = len(self.updates)
        for letter in text:
            self.body += letter
        return self.updates[before:]

    def delete(self, start: int, end: int) -> bytes:
        del self.body[start:end]
        return self.updates[-1]


def text_of(replica: Replica) -> str:
    doc: Doc[Text] = Doc()
    doc.apply_update(replica.full())
    return str(doc.get("default", type=Text))


def test_change_is_what_is_new() -> None:
    replica, source = Replica(), Source()
    for update in source.type("abc"):
        assert replica.apply(update) == update
    assert [replica.apply(update) for update in source.updates] == [b""] * 3
    assert replica.version == 3
    assert text_of(replica) == "abc"


def test_reply_of_a_client_that_has_nothing_new_changes_nothing() -> None:
    """It carries all deletions each time."""
    replica, source = Replica(), Source()
    source.type("abc")
    source.delete(0, 2)
    replica.apply(source.doc.get_update())
    answer = source.doc.get_update(replica.state_vector())
    assert answer != b"\x00\x00"
    assert replica.apply(answer) == b""


def test_update_that_builds_on_what_is_missing_is_not_applied() -> None:
    """What the library keeps for later, mutated a little, ends the process."""
    replica, source = Replica(), Source()
    a, b, c = source.type("abc")
    replica.apply(a)
    with pytest.raises(Lacking):
        replica.apply(c)
    assert [replica.apply(update) for update in (b, c)] == [b, c]
    assert text_of(replica) == "abc"


def test_update_of_which_a_part_is_missing_is_not_applied() -> None:
    replica, ada, bob = Replica(), Source(1), Source(2)
    bob.doc.apply_update(ada.type("a")[0])
    bobs = bob.type("bc")
    [other] = Source(3).type("x")
    with pytest.raises(Lacking):
        replica.apply(merge_updates(other, bobs[1]))
    assert text_of(replica) == ""


def test_deletion_of_what_is_missing_is_not_applied() -> None:
    """The library says nothing of it, and a row of what it did say would lack it."""
    replica, source = Replica(), Source()
    [typed] = source.type("a")
    deletion = source.delete(0, 1)
    with pytest.raises(Lacking):
        replica.apply(deletion)
    replica.apply(typed)
    replica.apply(deletion)
    assert text_of(replica) == ""


def test_whether_an_update_adds_nothing() -> None:
    replica, source = Replica(), Source()
    for update in source.type("abc"):
        replica.apply(update)
    assert replica.adds_nothing(source.doc.get_update())
    assert replica.adds_nothing(b"\x00\x00")
    deletion = source.delete(0, 1)
    assert not replica.adds_nothing(deletion)
    assert replica.only_deletes(deletion)
    replica.apply(deletion)
    assert replica.adds_nothing(deletion)
    assert not replica.adds_nothing(source.type("d")[0])
    assert not replica.only_deletes(source.updates[-1])


def test_what_somebody_lacks() -> None:
    replica, source = Replica(), Source()
    a, b = source.type("ab")
    replica.apply(a)
    state_vector = replica.state_vector()
    replica.apply(b)
    doc: Doc[Text] = Doc()
    doc.apply_update(a)
    doc.apply_update(replica.since(state_vector))
    assert str(doc.get("default", type=Text)) == "ab"
    assert replica.since(b"\x00") == replica.since(b"") == replica.full()


@pytest.mark.parametrize("update", [b"", b"\x00", b"garbage", b"\x01\x02\x03", b"\xff" * 20])
def test_garbage_leaves_the_document_as_it_was(update: bytes) -> None:
    replica, source = Replica(), Source()
    replica.apply(source.type("a")[0])
    for use in (replica.apply, replica.adds_nothing, replica.only_deletes):
        with pytest.raises(BadUpdate):
            use(update)
    replica.apply(source.type("b")[0])
    assert text_of(replica) == "ab"


@pytest.mark.parametrize("state_vector", [b"garbage", b"\x01\x02", b"\xff" * 20, b"\x00\x00"])
def test_garbage_is_no_state_vector(state_vector: bytes) -> None:
    with pytest.raises(BadUpdate):
        Replica().since(state_vector)


def test_mutated_updates_end_in_a_refusal_or_in_the_document() -> None:
    """Whatever comes of one, the replica goes on, and its changes together are its content."""
    chance = random.Random(7)
    source = Source()
    source.type("The quick brown fox")
    source.delete(3, 6)
    replica, changes = Replica(), [b"\x00\x00"]
    for _ in range(3000):
        mutated = bytearray(chance.choice(source.updates))
        for _ in range(chance.randint(1, 4)):
            mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        try:
            changes.append(replica.apply(bytes(mutated)))
        except (BadUpdate, Lacking) as error:
            changes.append(getattr(error, "change", b""))
    for update in source.updates:
        changes.append(replica.apply(update))
    copy: Doc[Text] = Doc()
    for change in changes:
        if change:
            copy.apply_update(change)
    assert known(copy.get_state()) == known(replica.state_vector())
    assert str(copy.get("default", type=Text)) == text_of(replica)


def known(state_vector: bytes) -> dict[int, int]:
    """What a state vector says, without those of whom nothing is known."""
    return {client_id: clock for client_id, clock in decode_state_vector(state_vector).items() if clock}


async def test_loading_gives_others_their_turns() -> None:
    source = Source()
    source.type("x" * 3000)
    replica = Replica()
    longest, before = 0.0, time.monotonic()
    is_loading = True

    async def watch() -> None:
        nonlocal longest, before
        while is_loading:
            await asyncio.sleep(0)
            longest, before = max(longest, time.monotonic() - before), time.monotonic()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        turns = asyncio.all_tasks()
        assert await replica.load(b"", source.updates) == 0
        is_loading = False
    assert turns
    assert text_of(replica) == "x" * 3000


async def test_loading_leaves_out_what_can_not_be_read() -> None:
    source = Source()
    a, b = source.type("ab")
    replica = Replica()
    assert await replica.load(a, [b"garbage", b]) == 1
    assert text_of(replica) == "ab"


def test_closed_replica_leaves_nothing_behind() -> None:
    def documents() -> int:
        gc.collect()
        return sum(isinstance(each, Doc) for each in gc.get_objects())

    before = documents()
    update = Source().type("abc")[0]
    for _ in range(50):
        replica = Replica()
        replica.apply(update)
        replica.full()
        replica.close()
        replica.close()
    del replica
    assert documents() <= before + 1
