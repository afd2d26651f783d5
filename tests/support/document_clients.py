"""Clients of documents over the network: a replica, and a socket on one of the two wires."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Any, Literal, Self

from pycrdt import Doc, Text

from roomful.concurrency.task_scope import TaskScope
from roomful.rooms.protocol import awareness, hocuspocus, yjs
from roomful.rooms.protocol.awareness import AwarenessEntry
from roomful.rooms.protocol.lib0 import Reader, var_string
from tests.support.sockets import DEADLINE_SECONDS, Closed, Socket

Wire = Literal["yjs", "hocuspocus"]
WIRES: tuple[Wire, ...] = ("yjs", "hocuspocus")

TEXT = "a text of the tests"
"""A root of its own, beside the document's."""


class DocumentClient:
    """Somebody who types in one document, on a socket of their own. Without a network: `typists.Typist`.

    `sent` counts the updates that went out, and `stored` those that the server has confirmed. What the server says
    otherwise is in `scope`, `denied` (the reason of a refusal), `refused` (how many updates it did not take), `states`
    (of awareness, by client id) and `closed`.
    """

    def __init__(
        self,
        socket_url: str,
        document_id: str,
        *,
        token: str,
        wire: Wire = "yjs",
        parameters: str = "stored=1",
        headers: Mapping[str, str] | None = None,
        subprotocols: list[str] | None = None,
    ) -> None:
        self.wire = wire
        self._token = token
        self._prefix = var_string(document_id) if wire == "hocuspocus" else b""
        path = "/hocuspocus"
        if wire == "yjs":
            path = f"/yjs/{document_id}"
            parameters = "&".join(part for part in (f"token={token}" if token else "", parameters) if part)
        path += f"?{parameters}" if parameters else ""
        self.socket = Socket(f"{socket_url}{path}", headers=headers, subprotocols=subprotocols)
        self.doc: Doc[Any] = Doc()
        self.doc[TEXT] = self.text = Text()
        self._stack = AsyncExitStack()
        self._changed = asyncio.Event()
        self._clock = 0
        self.sent = 0
        self.rows: list[int] = []
        self._forget()

    def _forget(self) -> None:
        self.is_synced = False
        self.stored = 0
        self.refused = 0
        self.sent = 0
        self.scope = ""
        self.denied: str | None = None
        self.states: dict[int, dict[str, Any]] = {}
        self.closed: Closed | None = None

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Open the socket and say what an editor says first. Raises InvalidStatus."""
        self._forget()
        await self.socket.open()
        scope = await self._stack.enter_async_context(TaskScope("document client"))
        scope.spawn(self._read())
        if self.wire == "hocuspocus":
            await self.show_token(self._token)
        await self.send(yjs.sync_step_1(self.doc.get_state()))

    async def connect(self) -> None:
        """Open it, and wait until the document is here, and what was typed before is there."""
        await self.open()
        await self.becomes(lambda: self.is_synced)

    async def show_token(self, token: str) -> None:
        await self.send(b"\x02\x00" + var_string(token) + var_string("tests"))

    async def send(self, message: bytes) -> None:
        """Send a message of y-protocols, or of Hocuspocus without its key."""
        await self.socket.send(self._prefix + message)

    async def insert(self, text: str) -> None:
        """Type something at the end."""
        await self.change(lambda: self.text.insert(len(self.text), text))

    async def change(self, edit: Callable[[], object]) -> None:
        before = self.doc.get_state()
        edit()
        self.sent += 1
        await self.send(yjs.update(self.doc.get_update(before)))

    async def delete_all(self) -> None:
        """A change without new characters: no state vector shows it."""
        event: list[bytes] = []
        subscription = self.doc.observe(lambda change: event.append(change.update))
        self.text.clear()
        self.doc.unobserve(subscription)
        self.sent += 1
        await self.send(yjs.update(event[0]))

    async def show(self, **state: object) -> None:
        """Tell the others where one is."""
        self._clock += 1
        entry = AwarenessEntry(self.doc.client_id, self._clock, json.dumps(state).encode())
        await self.send(yjs.awareness(awareness.encode([entry])))

    async def is_stored(self, seconds: float = DEADLINE_SECONDS) -> None:
        """Wait until the server has confirmed all that was sent."""
        await self.becomes(lambda: self.stored >= self.sent, seconds)

    async def reads(self, text: str, seconds: float = DEADLINE_SECONDS) -> None:
        await self.becomes(lambda: str(self.text) == text, seconds)

    async def becomes(self, is_so: Callable[[], object], seconds: float = DEADLINE_SECONDS) -> None:
        """Wait for something that a message brings. Raises Closed when the socket ends before."""
        async with asyncio.timeout(seconds):
            while not is_so():
                if self.closed is not None:
                    raise self.closed
                self._changed.clear()
                await self._changed.wait()

    async def becomes_or_closes(self, is_so: Callable[[], object], seconds: float = DEADLINE_SECONDS) -> None:
        with suppress(Closed):
            await self.becomes(is_so, seconds)

    async def expect_close(self, code: int, seconds: float = DEADLINE_SECONDS) -> Closed:
        async with asyncio.timeout(seconds):
            while self.closed is None:
                self._changed.clear()
                await self._changed.wait()
        assert self.closed.code == code, self.closed
        return self.closed

    async def expect_end(self, code: int, seconds: float = DEADLINE_SECONDS) -> str:
        """The document is taken from it: by the code of a close, or in a message. Returns the reason."""
        if self.wire == "yjs":
            return (await self.expect_close(code, seconds)).reason
        await self.becomes(lambda: self.denied is not None, seconds)
        return str(self.denied)

    async def drop(self) -> None:
        """Cut the connection, as a lost network does."""
        await self.socket.drop()
        await self._stack.aclose()

    async def close(self) -> None:
        await self.socket.close()
        await self._stack.aclose()

    async def _read(self) -> None:
        try:
            while True:
                frame = await self.socket.receive(24 * 3600)
                assert isinstance(frame, bytes)
                await self._take(frame)
                self._changed.set()
        except Closed as closed:
            self.closed = closed
            self._changed.set()

    async def _take(self, frame: bytes) -> None:
        reader = Reader(frame)
        if self.wire == "hocuspocus":
            assert var_string(reader.var_string()) == self._prefix
            match frame[reader.position]:
                case hocuspocus.AUTH:
                    self._take_auth(reader)
                    return
                case hocuspocus.CLOSE:
                    reader.var_uint()
                    self.denied = reader.var_string()
                    return
                case hocuspocus.SYNC_STATUS:
                    reader.var_uint()
                    is_stored = reader.var_uint() == 1
                    self.stored += is_stored
                    self.refused += not is_stored
                    return
        elif frame[0] == yjs.STORED:
            reader.var_uint()
            self.stored += reader.var_uint()
            self.rows.append(reader.var_uint())
            return
        elif frame[0] == yjs.AUTH:
            self.refused += 1
            return
        await self._take_yjs(yjs.read(reader))

    def _take_auth(self, reader: Reader) -> None:
        reader.var_uint()
        match reader.var_uint():
            case 0:
                self.scope = "token wanted"
            case 1:
                self.denied = reader.var_string()
            case 2:
                self.scope = reader.var_string()

    async def _take_yjs(self, message: yjs.YjsMessage) -> None:
        match message:
            case yjs.SyncStep1(state_vector):
                self.sent += 1  # it is confirmed like an update
                await self.send(yjs.sync_step_2(self.doc.get_update(state_vector)))
            case yjs.SyncUpdate(update, is_reply):
                self.doc.apply_update(update)
                self.is_synced = self.is_synced or is_reply
            case yjs.Awareness(update):
                for entry in awareness.decode(update):
                    if entry.state == awareness.GONE:
                        self.states.pop(entry.client_id, None)
                    else:
                        self.states[entry.client_id] = json.loads(entry.state)
