"""The connections by which somebody types in a document."""

import asyncio
from types import TracebackType
from typing import Literal, NamedTuple, Self

from tests.support import yjs
from tests.support.sockets import Socket
from tests.torture.cluster import Node
from tests.torture.links import Ended

Wire = Literal["y-websocket", "hocuspocus"]

SILENCE_SECONDS = 30.0
"""As the stock providers: a server from which nothing comes for so long is given up."""


class Asked(NamedTuple):
    """The server wants what it lacks, and says what it has."""

    state_vector: bytes


class Told(NamedTuple):
    update: bytes


class Stored(NamedTuple):
    """So many more of this connection's updates are stored."""

    updates: int


class NotTaken(NamedTuple):
    """The next of this connection's updates was refused. y-websocket is told of the first refusal only."""


class DocumentLink:
    """Open from the beginning of the block to its end. Raises Ended, or what the network raises."""

    def __init__(self, node: Node, wire: Wire, document_id: str, token: str) -> None:
        self._is_keyed = wire == "hocuspocus"
        self._prefix = yjs.var_string(document_id) if self._is_keyed else b""
        self._token = token
        path = "/hocuspocus" if self._is_keyed else f"/yjs/{document_id}?stored=1&token={token}"
        self._socket = Socket(node.socket_url + path)

    async def __aenter__(self) -> Self:
        await self._socket.open()
        try:
            if self._is_keyed:
                await self._say(yjs.auth(self._token))
        except BaseException:
            await self._socket.drop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.drop()

    async def ask(self, state_vector: bytes) -> None:
        await self._say(yjs.sync(yjs.STEP_1, state_vector))

    async def answer(self, update: bytes) -> None:
        await self._say(yjs.sync(yjs.STEP_2, update))

    async def tell(self, update: bytes) -> None:
        await self._say(yjs.sync(yjs.UPDATE, update))

    async def receive(self) -> Asked | Told | Stored | NotTaken:
        while True:
            frame = await self._socket.receive(seconds=SILENCE_SECONDS)
            assert isinstance(frame, bytes), "documents are told in bytes"
            if frame == yjs.PING and self._is_keyed:
                await self._socket.send(yjs.PONG)
            elif (message := self._read(frame)) is not None:
                return message

    def _read(self, frame: bytes) -> Asked | Told | Stored | NotTaken | None:
        message = yjs.read_keyed(frame)[1] if self._is_keyed else yjs.read(frame)
        match message.type, message.step:
            case yjs.SYNC, yjs.STEP_1:
                return Asked(message.payload)
            case yjs.SYNC, _:
                return Told(message.payload)
            case yjs.STORED, _:
                return Stored(message.numbers[0])
            case yjs.SYNC_STATUS, _:
                return Stored(1) if message.numbers[0] else NotTaken()
            case yjs.AUTH, _ if not self._is_keyed:
                return NotTaken()
            case yjs.AUTH, _ if message.numbers[0] == 1:
                raise Ended("denied")
            case yjs.CLOSE, _:
                raise Ended("document closed")
        return None

    async def _say(self, message: bytes) -> None:
        async with asyncio.timeout(SILENCE_SECONDS):
            await self._socket.send(self._prefix + message)
