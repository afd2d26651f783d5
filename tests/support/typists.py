"""Documents without sockets: clients of both wires that type into rooms of this process, and stores that fail."""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import msgspec
from pycrdt import Doc, Text

from roomful.link.transport import Chunk, write_to_each
from roomful.rooms import AdmissionRefused, Ending, Grant, HocuspocusSession, Rooms, YjsSession, codes
from roomful.rooms.protocol import awareness, yjs
from roomful.rooms.protocol.lib0 import Reader, var_string
from roomful.rooms.store.port import Head, Loaded, Store, StoreUnavailable

DEADLINE_SECONDS = 10.0

_client_ids = itertools.count(1001)


class PacketFraming:
    name = "packets"

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        assert not text
        return Chunk(list(messages))

    broadcast = staticmethod(write_to_each)


class PacketTransport:
    """Hands each message to its client in the next turn of the loop, or keeps it while the client does not read."""

    framing = PacketFraming()

    def __init__(self, on_message: Callable[[bytes], None], on_close: Callable[[Ending], None]) -> None:
        self._on_message = on_message
        self._on_close = on_close
        self._kept: list[bytes] = []
        self.is_read = True
        self.bound = 4 * 1024 * 1024
        self.closed_with: Ending | None = None
        self.reading_paused = False
        self.max_message_bytes = 0
        self.pings = 0
        self.is_silent = False

    @property
    def pending_bytes(self) -> int:
        return sum(map(len, self._kept))

    @property
    def is_behind(self) -> bool:
        return self.pending_bytes > self.bound

    def write(self, chunk: Chunk, /) -> None:
        if self.closed_with is None:
            self._kept += cast("list[bytes]", chunk)
            if self.is_read:
                self.read()

    def read(self) -> None:
        """The client takes what was kept, and reads on from now."""
        self.is_read = True
        kept, self._kept = self._kept, []
        for message in kept:
            asyncio.get_running_loop().call_soon(self._on_message, message)

    def ping(self) -> bool:
        self.pings += 1
        return True

    def heard(self) -> bool:
        return not self.is_silent

    def taken_bytes(self) -> int | None:
        return None

    def limit_messages(self, max_message_bytes: int, *, close_code: int = 1009) -> None:
        self.max_message_bytes = max_message_bytes

    def pause_reading(self) -> None:
        self.reading_paused = True

    def resume_reading(self) -> None:
        self.reading_paused = False

    def close(self, code: int, reason: str) -> None:
        if self.closed_with is None:
            self.closed_with = Ending(code, reason)
            self._on_close(self.closed_with)

    def abort(self) -> None:
        self.close(1006, "")


class TokenPolicy:
    """A token is a person's name, `NAME:read` reads only. Who is in `refused` is refused, with that ending."""

    __test__ = False

    def __init__(self) -> None:
        self.refused: dict[str, Ending] = {}
        self.viewers: set[str] = set()
        self.expires_at: float | None = None
        self.gate: asyncio.Event | None = None
        self.asked = 0

    def grant(self, token: str) -> Grant:
        name, _, scope = token.partition(":")
        return Grant(
            user_id=f"u-{name}",
            session_id=f"s-{name}",
            name=name.title(),
            may_write=scope != "read" and name not in self.viewers,
            expires_at=self.expires_at,
        )

    async def admit(self, token: str, document_id: str, generation: str) -> Grant:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if token in self.refused:
            raise AdmissionRefused(self.refused[token])
        return self.grant(token)

    async def review(self, grant: Grant, document_id: str) -> Grant:
        return await self.admit(grant.name.lower() + ("" if grant.may_write else ":read"), document_id, "")


class Typist:
    """A client as the stock providers are: keeps its document when it is cut off, and brings what it wrote."""

    def __init__(
        self, rooms: Rooms, policy: TokenPolicy, document_id: str, token: str, *, generation: str = ""
    ) -> None:
        self.rooms = rooms
        self.policy = policy
        self.document_id = document_id
        self.token = token
        self.generation = generation
        self.client_id = next(_client_ids)
        self.doc: Doc[Text] = Doc(client_id=self.client_id)
        self.body = self.doc.get("default", type=Text)
        self.session: YjsSession | HocuspocusSession | None = None
        self.transport: PacketTransport | None = None
        self.frames: list[bytes] = []
        """Everything that came, of the last connection."""
        self.is_synced = False
        self.sent = 0
        """Update messages of the last connection, and how many of them were acknowledged."""
        self.stored = 0
        self.sent_updates: list[bytes] = []
        self.on_stored: Callable[[Sequence[bytes]], None] = lambda _: None
        """Is given the updates that were acknowledged, when they are."""
        self.refused = 0
        self.others: dict[int, object] = {}
        self.endings: list[Ending] = []
        self._applying = False
        self._clock = 0
        self._connection = 0
        self._subscription = self.doc.observe(lambda event: self._changed(event.update))

    @property
    def text(self) -> str:
        return str(self.body)

    @property
    def last_ending(self) -> Ending | None:
        return self.endings[-1] if self.endings else None

    def connect(self) -> "Typist":
        """Open a connection, and begin as the providers do."""
        self._connection += 1
        connection = self._connection
        self.frames, self.is_synced, self.sent, self.stored, self.sent_updates = [], False, 0, 0, []
        self.transport = PacketTransport(
            lambda message: self._receive(message) if connection == self._connection else None,
            lambda ending: self._closed(ending),
        )
        self.session = self._make_session(self.transport)
        self.session.begin()
        self._greet()
        self.send(yjs.sync_step_1(self.doc.get_state()))
        return self

    def cut(self) -> None:
        """Lose the connection."""
        self._connection += 1
        session, self.session = self.session, None
        if session is not None:
            session.closed(1006)

    def type(self, text: str, *, at: int | None = None) -> None:
        self.body.insert(len(str(self.body)) if at is None else at, text)

    def delete(self, start: int, end: int) -> None:
        del self.body[start:end]

    def say(self, state: Mapping[str, object] | None) -> None:
        """Set the awareness state."""
        if state is not None:
            self._clock += 1
        entry = awareness.AwarenessEntry(self.client_id, self._clock, msgspec.json.encode(state))
        self.send(yjs.awareness(awareness.encode([entry])))

    def send(self, body: bytes) -> None:
        """Send a message, if there is a connection."""
        self.send_frame(self.prefix + body)

    def send_frame(self, frame: bytes | str) -> None:
        if self.session is not None:
            self.session.receive(frame)

    def close(self) -> None:
        self.cut()
        self.doc.unobserve(self._subscription)

    # Differences of the wires

    prefix = b""

    def _make_session(self, transport: PacketTransport) -> YjsSession | HocuspocusSession:
        return YjsSession(
            self.rooms,
            transport,
            self.policy,
            document_id=self.document_id,
            generation=self.generation,
            grant=self.policy.grant(self.token),
            admitted_at=self.rooms.revocations,
            tells_stored=True,
        )

    def _greet(self) -> None: ...

    def _read(self, frame: bytes) -> Reader | None:
        reader = Reader(frame)
        if frame[0] == yjs.STORED:
            reader.var_uint()  # its type
            self._acknowledged(reader.var_uint())
            return None
        if frame[0] == yjs.AUTH:
            self.refused += 1
            return None
        return reader

    # The rest is the same

    def _changed(self, update: bytes) -> None:
        if not self._applying and self.session is not None:
            self._send_update(update, yjs.update(update))

    def _send_update(self, update: bytes, body: bytes) -> None:
        self.sent += 1
        self.sent_updates.append(update)
        self.send(body)

    def _acknowledged(self, count: int) -> None:
        if count:
            self.on_stored(self.sent_updates[self.stored : self.stored + count])
            self.stored += count

    def _receive(self, frame: bytes) -> None:
        self.frames.append(frame)
        reader = self._read(frame)
        if reader is None or not reader.has_more:
            return
        message = yjs.read(reader)
        assert reader.rest() == b"", "stock clients read one message a frame"
        match message:
            case yjs.SyncStep1():
                update = self.doc.get_update(message.state_vector)
                self._send_update(update, yjs.sync_step_2(update))
            case yjs.SyncUpdate():
                self._applying = True
                try:
                    self.doc.apply_update(message.update)
                finally:
                    self._applying = False
                self.is_synced = self.is_synced or message.is_reply
            case yjs.Awareness():
                self._hear(message.update)
            case yjs.QueryAwareness() | yjs.Unknown():
                raise AssertionError(f"a server does not send {message}")

    def _hear(self, update: bytes) -> None:
        for client_id, _, state in awareness.decode(update):
            if state == awareness.GONE:
                self.others.pop(client_id, None)
            elif client_id != self.client_id:
                self.others[client_id] = msgspec.json.decode(state)

    def _closed(self, ending: Ending) -> None:
        self.endings.append(ending)
        self._connection += 1
        self.session = None
        self.others.clear()


class HocuspocusTypist(Typist):
    """The same on the other wire, with one document on its socket."""

    scope = ""

    @property
    def key(self) -> str:
        return f"{self.document_id}@{self.generation}" if self.generation else self.document_id

    @property
    def prefix(self) -> bytes:  # type: ignore[override]  # of a wire, or of a document
        return var_string(self.key)

    def _make_session(self, transport: PacketTransport) -> YjsSession | HocuspocusSession:
        return HocuspocusSession(self.rooms, transport, self.policy)

    def _greet(self) -> None:
        self.authenticate(self.token)

    def authenticate(self, token: str) -> None:
        self.send(b"\x02\x00" + var_string(token) + var_string("4.8.0"))

    def _read(self, frame: bytes) -> Reader | None:
        reader = Reader(frame)
        assert reader.var_string() == self.key
        start = reader.position
        match reader.var_uint():
            case 2:
                self._hear_authentication(reader)
            case 7:
                self.endings.append(Ending(0, reader.var_string()))
            case 8:
                is_stored = reader.var_uint()
                self._acknowledged(is_stored)
                self.refused += 1 - is_stored
            case _:
                reader.position = start
                return reader
        return None

    def _hear_authentication(self, reader: Reader) -> None:
        match reader.var_uint():
            case 0:
                self.authenticate(self.token)
            case 1:
                self.endings.append(Ending(codes.RIGHT_LOST.code, reader.var_string()))
            case 2:
                self.scope = reader.var_string()


class FaultyStore:
    """A store in front of another one that fails when a test says so."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.is_away = False
        self.loads = 0
        self.appends = 0
        self.load_gate: asyncio.Event | None = None
        self.append_gate: asyncio.Event | None = None
        self.lost_answers = 0
        """So many appends are committed, and their answers lost."""

    async def load(self, document_id: str) -> Loaded:
        self.loads += 1
        if self.load_gate is not None:
            await self.load_gate.wait()
        self._check()
        return await self.store.load(document_id)

    async def append(self, document_id: str, generation: str, update: bytes, user_ids: Sequence[str]) -> Head:
        self.appends += 1
        if self.append_gate is not None:
            await self.append_gate.wait()
        self._check()
        head = await self.store.append(document_id, generation, update, user_ids)
        if self.lost_answers:
            self.lost_answers -= 1
            raise StoreUnavailable
        return head

    async def read_since(self, document_id: str, head: Head) -> Loaded:
        self._check()
        return await self.store.read_since(document_id, head)

    async def heads(self, document_ids: Sequence[str]) -> Mapping[str, Head]:
        self._check()
        return await self.store.heads(document_ids)

    def _check(self) -> None:
        if self.is_away:
            raise StoreUnavailable


async def until(condition: Callable[[], bool], *, seconds: float = DEADLINE_SECONDS) -> None:
    """Wait until something holds. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not condition():
        if loop.time() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.002)


def text_in(loaded: Loaded) -> str:
    """A stored document's text."""
    doc: Doc[Text] = Doc()
    for update in [loaded.state, *(row.update for row in loaded.rows)]:
        if update:
            doc.apply_update(update)
    return str(doc.get("default", type=Text))
