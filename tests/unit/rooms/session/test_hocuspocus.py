"""A socket of the Hocuspocus provider, with all that is on it."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from pycrdt import Doc, Text

from roomful.rooms import Ending, HocuspocusSession, RoomLimits, Rooms, codes
from roomful.rooms.protocol import yjs
from roomful.rooms.protocol.lib0 import Reader, var_string
from roomful.rooms.store.memory import MemoryStore
from tests.support.typists import FaultyStore, HocuspocusTypist, PacketTransport, TokenPolicy, Typist, text_in, until

STEP_1 = b"\x00\x00\x01\x00"
READ_WRITE = b"\x02\x02\x0aread-write"


class Socket:
    """A socket that a test writes to frame by frame."""

    def __init__(self, rooms: Rooms, policy: TokenPolicy) -> None:
        self.frames: list[tuple[str, bytes]] = []
        self.endings: list[Ending] = []
        self.transport = PacketTransport(self._receive, self.endings.append)
        self.session = HocuspocusSession(rooms, self.transport, policy)
        self.session.begin()

    def send(self, key: str, body: bytes) -> None:
        self.session.receive(var_string(key) + body)

    def authenticate(self, key: str, token: str) -> None:
        self.send(key, b"\x02\x00" + var_string(token) + var_string("4.8.0"))

    def of(self, key: str) -> list[bytes]:
        return [body for name, body in self.frames if name == key]

    def close(self) -> None:
        self.session.closed(1006)

    def _receive(self, frame: bytes) -> None:
        if len(frame) == 1:
            self.frames.append(("", frame))
        else:
            reader = Reader(frame)
            self.frames.append((reader.var_string(), reader.rest()))


@pytest.fixture
def limits() -> RoomLimits:
    return RoomLimits(
        gather_seconds=0.002,
        unauthenticated_seconds=0.6,
        unauthenticated_documents=5,
        unauthenticated_messages=20,
        unauthenticated_bytes=5_000,
        documents_per_socket=8,
        document_bytes=50_000,
        token_sync_seconds=30,
    )


@pytest.fixture
def memory(memory: MemoryStore) -> MemoryStore:
    for number in range(2, 10):
        memory.create(f"d{number}")
    return memory


@pytest.fixture
async def socket(rooms: Rooms, policy: TokenPolicy) -> AsyncIterator[Socket]:
    socket = Socket(rooms, policy)
    yield socket
    socket.close()


def typed(text: str) -> bytes:
    doc: Doc[Text] = Doc()
    body = doc.get("default", type=Text)
    body += text
    return doc.get_update()


async def test_many_documents_on_one_socket(socket: Socket, memory: MemoryStore) -> None:
    for key in ("d1", "d2"):
        socket.authenticate(key, "ada")
        socket.send(key, STEP_1)
        socket.send(key, yjs.update(typed(key)))
    await until(lambda: all(b"\x08\x01" in socket.of(key) for key in ("d1", "d2")))
    for key in ("d1", "d2"):
        assert socket.of(key)[0] == READ_WRITE
        assert text_in(await memory.load(key)) == key


async def test_messages_wait_for_their_token(socket: Socket, memory: MemoryStore) -> None:
    socket.send("d1", STEP_1)
    socket.send("d1", yjs.update(typed("x")))
    await asyncio.sleep(0.01)
    assert socket.frames == []
    socket.authenticate("d1", "ada")
    await until(lambda: b"\x08\x01" in socket.of("d1"))
    assert text_in(await memory.load("d1")) == "x"


async def test_what_waits_for_a_token_is_bounded(rooms: Rooms, policy: TokenPolicy) -> None:
    many, large, wide = (Socket(rooms, policy) for _ in range(3))
    for _ in range(21):
        many.send("d1", STEP_1)
    large.send("d1", yjs.update(b"x" * 5_001))
    for number in range(6):
        wide.send(f"d{number}", STEP_1)
    assert [each.endings for each in (many, large, wide)] == [[codes.TOO_BIG]] * 3
    assert rooms.counters.refused["too much before a token"] == 3


async def test_socket_that_shows_no_token_is_closed(rooms: Rooms, policy: TokenPolicy, socket: Socket) -> None:
    silent = Socket(rooms, policy)
    socket.authenticate("d1", "ada")
    await until(lambda: bool(socket.of("d1")))
    socket.send("d2", STEP_1)
    await until(lambda: silent.endings == socket.endings == [codes.TIMED_OUT])


async def test_socket_that_showed_a_token_stays(socket: Socket) -> None:
    socket.authenticate("d1", "ada")
    await asyncio.sleep(1.0)
    assert socket.endings == []


async def test_refused_document_leaves_the_others_alone(socket: Socket, policy: TokenPolicy) -> None:
    policy.refused["eve"] = codes.RIGHT_LOST
    socket.authenticate("d1", "ada")
    socket.authenticate("d2", "eve")
    socket.send("d2", STEP_1)
    await until(lambda: bool(socket.of("d1") and socket.of("d2")))
    assert socket.of("d2") == [b"\x02\x01" + var_string("permission-denied")]
    for _ in range(50):  # the provider goes on sending what is typed
        socket.send("d2", yjs.update(typed("x")))
    await asyncio.sleep(0.02)
    assert socket.endings == []
    assert len(socket.of("d2")) == 1


async def test_refused_document_may_be_tried_again(socket: Socket, policy: TokenPolicy, memory: MemoryStore) -> None:
    policy.refused["eve"] = codes.RIGHT_LOST
    socket.authenticate("d1", "eve")
    await until(lambda: bool(socket.of("d1")))
    socket.send("d1", yjs.update(typed("refused")))
    socket.authenticate("d1", "ada")
    socket.send("d1", yjs.update(typed("x")))
    await until(lambda: socket.of("d1")[1:] == [READ_WRITE, b"\x08\x01"])
    assert text_in(await memory.load("d1")) == "x"


async def test_outage_closes_the_socket_so_that_the_client_comes_back(socket: Socket, store: FaultyStore) -> None:
    store.is_away = True
    socket.authenticate("d1", "ada")
    await until(lambda: socket.endings == [codes.STORE_FAILING])


async def test_document_that_ends_leaves_the_others_alone(socket: Socket, rooms: Rooms) -> None:
    for key in ("d1", "d2", "d3"):
        socket.authenticate(key, "ada")
    await until(lambda: len(socket.frames) == 3)
    rooms.end_document("d1")
    rooms.end_user("d2", "u-ada")
    assert rooms.counters.connections == 1
    await until(lambda: len(socket.frames) == 5)
    assert socket.of("d1")[1:] == [b"\x07" + var_string("document deleted")]
    assert socket.of("d2")[1:] == [b"\x02\x01" + var_string("permission-denied")]
    assert socket.endings == []


async def test_client_closes_one_document(socket: Socket, rooms: Rooms) -> None:
    for key in ("d1", "d2"):
        socket.authenticate(key, "ada")
    await until(lambda: rooms.counters.connections == 2)
    socket.send("d1", b"\x07")
    socket.send("d1", yjs.KEEP_ALIVE)
    assert rooms.counters.connections == 1
    await asyncio.sleep(0.7)
    assert socket.endings == []
    socket.authenticate("d1", "ada")
    await until(lambda: rooms.counters.connections == 2)


async def test_role_that_changes_is_told(socket: Socket, rooms: Rooms) -> None:
    socket.authenticate("d1", "ada")
    await until(lambda: socket.of("d1") == [READ_WRITE])
    rooms.set_may_write("d1", "u-ada", may_write=False)
    socket.send("d1", yjs.update(typed("x")))
    await until(lambda: len(socket.of("d1")) == 3)
    assert socket.of("d1")[1:] == [b"\x02\x02\x08readonly", b"\x08\x00"]


async def test_each_update_of_a_viewer_is_answered(socket: Socket) -> None:
    socket.authenticate("d1", "vera:read")
    for _ in range(2):
        socket.send("d1", yjs.update(typed("x")))
    socket.send("d1", b"\x00\x01\x02\x00\x00")
    await until(lambda: len(socket.of("d1")) == 4)
    assert socket.of("d1") == [b"\x02\x02\x08readonly", b"\x08\x00", b"\x08\x00", b"\x08\x01"]


async def test_token_is_asked_for_again_before_it_expires(rooms: Rooms, policy: TokenPolicy, socket: Socket) -> None:
    policy.expires_at = time.time() + 5
    socket.authenticate("d1", "ada")
    await until(lambda: socket.of("d1") != [])
    assert socket.of("d1") == [READ_WRITE, b"\x02\x00"]  # at once, not at the next look
    policy.expires_at = time.time() + 900
    socket.authenticate("d1", "ada")
    await until(lambda: socket.of("d1") == [READ_WRITE, b"\x02\x00", READ_WRITE])
    assert rooms.counters.connections == 1


async def test_document_ends_with_its_token(rooms: Rooms, policy: TokenPolicy, socket: Socket) -> None:
    policy.expires_at = time.time() + 0.3
    socket.authenticate("d1", "ada")
    await until(lambda: socket.of("d1")[-1:] == [b"\x02\x01" + var_string("token expired")])
    assert rooms.counters.connections == 0
    assert socket.endings == []


async def test_fresh_token_of_somebody_else_is_refused(rooms: Rooms, socket: Socket) -> None:
    socket.authenticate("d1", "ada")
    await until(lambda: rooms.counters.connections == 1)
    socket.authenticate("d1", "bob")
    await until(lambda: rooms.counters.connections == 0)
    await until(lambda: socket.of("d1")[-1:] == [b"\x02\x01" + var_string("permission-denied")])


async def test_fresh_token_that_can_not_be_checked_now_changes_nothing(
    rooms: Rooms, policy: TokenPolicy, socket: Socket
) -> None:
    socket.authenticate("d1", "ada")
    await until(lambda: rooms.counters.connections == 1)
    policy.refused["ada"] = codes.STORE_FAILING
    socket.authenticate("d1", "ada")
    await until(lambda: policy.asked == 2)
    await asyncio.sleep(0.01)
    assert rooms.counters.connections == 1


async def test_tokens_at_once_open_a_document_once(rooms: Rooms, policy: TokenPolicy, socket: Socket) -> None:
    policy.gate = asyncio.Event()
    socket.authenticate("d1", "ada")
    assert socket.transport.reading_paused
    socket.authenticate("d1", "ada")
    socket.send("d1", b"\x07")
    socket.authenticate("d1", "bob")
    policy.gate.set()
    await until(lambda: not socket.transport.reading_paused and rooms.counters.connections == 1)
    assert rooms.services.task_scope is rooms.task_scope
    await until(lambda: len(rooms.task_scope) == 0)
    assert rooms.counters.connections == 1


async def test_stateless_messages_are_dropped(rooms: Rooms, socket: Socket, policy: TokenPolicy) -> None:
    other = Socket(rooms, policy)
    for each in (socket, other):
        each.authenticate("d1", "ada")
    await until(lambda: rooms.counters.connections == 2)
    for body in (b"\x05\x02hi", b"\x06\x02hi"):
        socket.send("d1", body)
    await asyncio.sleep(0.01)
    assert rooms.counters.refused == {"stateless": 2}
    assert other.of("d1") == [READ_WRITE]
    assert socket.endings == other.endings == []
    other.close()


async def test_ping_is_answered(socket: Socket) -> None:
    socket.session.receive(b"\x09")
    socket.session.receive(b"\x0a")
    await until(lambda: socket.frames == [("", b"\x0a")])


async def test_documents_of_a_socket_are_bounded(rooms: Rooms, socket: Socket) -> None:
    for number in range(1, 9):
        socket.authenticate(f"d{number}", "ada")
    await until(lambda: rooms.counters.connections == 8)
    socket.send("d1", b"\x07")
    socket.authenticate("d9", "ada")  # in the place of the one that was closed
    await until(lambda: rooms.counters.connections == 8)
    socket.authenticate("d1", "ada")
    assert socket.endings == [codes.BAD_MESSAGE]
    assert rooms.counters.connections == 0


async def test_update_that_is_too_big_ends_its_document(rooms: Rooms, socket: Socket) -> None:
    for key in ("d1", "d2"):
        socket.authenticate(key, "ada")
    await until(lambda: rooms.counters.connections == 2)
    socket.send("d1", yjs.update(typed("x" * 50_001)))
    await until(lambda: socket.of("d1")[-1:] == [b"\x07" + var_string("too big")])
    assert rooms.counters.connections == 1


@pytest.mark.parametrize("frame", [b"", b"\x00\x01", b"\x02d1", b"\x02d1\x00\x02\x03abc", b"\x02d1\x02\x05", "text"])
async def test_garbage_closes_the_socket(rooms: Rooms, socket: Socket, frame: bytes | str) -> None:
    socket.authenticate("d1", "ada")
    await until(lambda: rooms.counters.connections == 1)
    socket.session.receive(frame)
    assert socket.endings == [codes.BAD_MESSAGE]
    assert rooms.counters.connections == 0


async def test_one_document_under_two_keys(rooms: Rooms, socket: Socket, memory: MemoryStore) -> None:
    """`sessionAwareness` puts a session's name into the key, and answers must bear it."""
    for key in ("d1\0one", "d1\0two"):
        socket.authenticate(key, "ada")
    await until(lambda: rooms.counters.connections == 2)
    socket.send("d1\0one", yjs.update(typed("x")))
    await until(lambda: any(body.startswith(b"\x00\x02") for body in socket.of("d1\0two")))
    assert not any(body.startswith(b"\x00\x02") for body in socket.of("d1\0one"))


async def test_both_wires_meet_in_one_room(rooms: Rooms, policy: TokenPolicy) -> None:
    ada, bob = HocuspocusTypist(rooms, policy, "d1", "ada"), Typist(rooms, policy, "d1", "bob")
    ada.connect()
    bob.connect()
    await until(lambda: ada.is_synced and bob.is_synced)
    assert ada.scope == "read-write"
    ada.type("a")
    await until(lambda: bob.text == "a")
    bob.type("b")
    bob.say({"at": 1})
    await until(lambda: ada.text == "ab" and bob.client_id in ada.others)
    ada.close()
    bob.close()
    await until(lambda: rooms.counters.connections == 0)
