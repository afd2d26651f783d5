"""Many clients of shared documents, of both wires, read by one loop that costs as little as Python can."""

import re
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench.crowd import CLOSE, PING, PONG, frame_at
from bench.document_updates import TOKEN_BYTES
from tests.support import yjs

Wire = Literal["y-websocket", "hocuspocus"]

BINARY = 0x2
OPEN_SECONDS = 60.0
_HEAD = (
    "GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: cm9vbWZ1bC1iZW5jaC1rZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_TOKEN = re.compile(rb"~(\d{%d})" % (TOKEN_BYTES - 1))
_ASK = yjs.sync(yjs.STEP_1, yjs.EMPTY_STATE_VECTOR)
_NOTHING = yjs.sync(yjs.STEP_2, b"\x00\x00")


@dataclass(frozen=True, slots=True)
class Address:
    """Where one document is, for one wire. `key` is its name on a Hocuspocus socket."""

    port: int
    path: str
    wire: Wire
    key: str = ""
    token: str = ""


@dataclass(slots=True)
class Heard:
    """What came to all clients: each keystroke's waits until others had it, and until it was acknowledged."""

    deliveries_ms: list[float] = field(default_factory=list)
    acknowledged_ms: list[float] = field(default_factory=list)
    frames: int = 0
    received_bytes: int = 0


class Client:
    """One client; `is_synced` when it has the document. Frames are masked with zeros, which changes nothing."""

    __slots__ = ("_prefix", "_received", "_skip", "address", "closed", "is_open", "is_synced", "socket", "waiting")

    def __init__(self, address: Address) -> None:
        self.address = address
        self.socket = socket.create_connection(("127.0.0.1", address.port), OPEN_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(_HEAD.format(path=address.path).encode())
        self.socket.setblocking(False)
        self._prefix = yjs.var_string(address.key) if address.wire == "hocuspocus" else b""
        self._skip = len(self._prefix)
        self._received = b""
        self.is_open = False
        self.is_synced = False
        self.closed = 0
        # When each update was sent that has not been acknowledged.
        self.waiting: deque[float] = deque()

    def update(self, update: bytes) -> None:
        """Send a change. It is expected to be acknowledged."""
        self.waiting.append(time.perf_counter())
        self.say(yjs.sync(yjs.UPDATE, update))

    def bring(self, update: bytes) -> None:
        """Send a whole document, as a client that comes back does."""
        self.waiting.append(time.perf_counter())
        self.say(yjs.sync(yjs.STEP_2, update))

    def say(self, message: bytes) -> None:
        payload = self._prefix + message
        size = len(payload)
        if size < 126:
            head = bytes((0x80 | BINARY, 0x80 | size))
        elif size < 65_536:
            head = bytes((0x80 | BINARY, 0x80 | 126)) + size.to_bytes(2)
        else:
            head = bytes((0x80 | BINARY, 0x80 | 127)) + size.to_bytes(8)
        self._write(head + bytes(4) + payload)

    def receive(self, heard: Heard, sent_at: Sequence[float]) -> None:
        """Take what has come. `sent_at` has the time at which each token was typed."""
        try:
            came = self.socket.recv(1_048_576)
        except BlockingIOError:
            return
        now = time.perf_counter()
        heard.received_bytes += len(came)
        data = self._received + came
        if not came:
            self.closed = self.closed or 1006
        position = 0
        if not self.is_open:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._received = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                raise RuntimeError(data.decode(errors="replace"))
            self.is_open = True
            position = end + 4
            self._greet()
        while (frame := frame_at(data, position)) is not None:
            opcode, begin, position = frame
            if opcode == BINARY:
                heard.frames += 1
                self._take(data[begin:position], now, heard, sent_at)
            elif opcode == PING:
                payload = data[begin:position]
                self._write(bytes((0x80 | PONG, 0x80 | len(payload))) + bytes(4) + payload)
            elif opcode == CLOSE:
                self.closed = int.from_bytes(data[begin : begin + 2]) or 1005
        self._received = data[position:]

    def _greet(self) -> None:
        if self.address.wire == "hocuspocus":
            self.say(yjs.auth(self.address.token))
        self.say(_ASK)

    def _take(self, frame: bytes, now: float, heard: Heard, sent_at: Sequence[float]) -> None:
        if frame == yjs.PING and self._prefix:
            self._write(bytes((0x80 | BINARY, 0x81)) + bytes(4) + yjs.PONG)
            return
        kind, step = frame[self._skip], frame[self._skip + 1]
        if kind == yjs.SYNC and step != yjs.STEP_1:
            heard.deliveries_ms += [(now - sent_at[int(found)]) * 1000 for found in _TOKEN.findall(frame)]
            self.is_synced = True
        elif kind == yjs.SYNC:
            self.waiting.append(now)
            self.say(_NOTHING)
        elif kind == yjs.SYNC_STATUS and self._prefix:
            self._acknowledge(1, now, heard)
        elif kind == yjs.STORED and not self._prefix:
            self._acknowledge(yjs.read(frame).numbers[0], now, heard)
        elif kind == yjs.AUTH and self._prefix and step == 1:
            raise RuntimeError(f"denied: {frame!r}")

    def _acknowledge(self, count: int, now: float, heard: Heard) -> None:
        for _ in range(count):
            heard.acknowledged_ms.append((now - self.waiting.popleft()) * 1000)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[self.socket.send(view) :]
            except BlockingIOError:  # a whole document
                select.select([], [self.socket], [], OPEN_SECONDS)


class Clients:
    """All clients of one measurement. Blocks its thread."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._clients: dict[int, Client] = {}
        self.heard = Heard()
        self.sent_at: list[float] = []

    def add(self, addresses: Iterable[Address]) -> list[Client]:
        """Connect all of them at once; they are synced after `until`."""
        added = [Client(address) for address in addresses]
        for client in added:
            self._clients[client.socket.fileno()] = client
            self._poll.register(client.socket, select.EPOLLIN)
        return added

    def join(self, addresses: Iterable[Address]) -> list[Client]:
        """Connect, and wait until all have the document. Raises TimeoutError."""
        added = self.add(addresses)
        self.until(lambda: all(client.is_synced for client in added), what="all have the document")
        return added

    def leave(self, clients: Iterable[Client]) -> None:
        for client in clients:
            del self._clients[client.socket.fileno()]
            self._poll.unregister(client.socket)
            client.socket.close()

    def close(self) -> None:
        self.leave(list(self._clients.values()))
        self._poll.close()

    def until(self, is_so: Callable[[], bool], *, what: str, seconds: float = OPEN_SECONDS) -> None:
        ends_at = time.perf_counter() + seconds
        while not is_so():
            self.poll(0.02)
            if time.perf_counter() > ends_at:
                raise TimeoutError(f"{what}: not within {seconds} s")

    def listen(self, seconds: float) -> None:
        """Take what comes for so long."""
        ends_at = time.perf_counter() + seconds
        while (left := ends_at - time.perf_counter()) > 0:
            self.poll(left)

    def poll(self, seconds: float) -> None:
        for descriptor, _ in self._poll.poll(seconds):
            client = self._clients[descriptor]
            client.receive(self.heard, self.sent_at)
            if client.closed:
                raise ConnectionError(f"closed with {client.closed}: {client.address}")

    def acknowledged(self, clients: Iterable[Client], *, seconds: float = OPEN_SECONDS) -> None:
        """Wait until everything that these sent has been acknowledged."""
        chosen = list(clients)
        self.until(lambda: not any(client.waiting for client in chosen), what="all is acknowledged", seconds=seconds)

    def type(self, typists: Sequence[tuple[Client, Sequence[bytes]]], *, per_second: float) -> float:
        """Let each typist send its updates at this pace, in turn; the seconds that it took."""
        began_at = time.perf_counter()
        count = min(len(updates) for _, updates in typists)
        for number in range(count * len(typists)):
            client, updates = typists[number % len(typists)]
            due_at = began_at + number / (per_second * len(typists))
            self.listen(due_at - time.perf_counter())
            self.sent_at.append(time.perf_counter())
            client.update(updates[number // len(typists)])
        self.listen(1 / per_second)
        return time.perf_counter() - began_at
