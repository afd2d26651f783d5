"""Many subscribers of the plain event socket, read by one loop that is as cheap as Python can be."""

import os
import select
import socket
import time
from types import TracebackType
from typing import Self

from bench.load import answer_bytes

OPEN_SECONDS = 10.0
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class Crowd:
    """WebSocket connections to one address, and one HTTP connection for requests. Blocks its thread."""

    def __init__(self, port: int, path: str, *, size: int) -> None:
        self._poll = select.epoll()
        self._members: dict[int, Member] = {}
        for _ in range(size):
            member = Member(port, path)
            self._members[member.socket.fileno()] = member
            self._poll.register(member.socket, select.EPOLLIN)
        self._caller = socket.create_connection(("127.0.0.1", port), OPEN_SECONDS)
        self._caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self._members.values():
            member.socket.close()
        self._caller.close()
        self._poll.close()

    def deliver(self, request: bytes, *, seconds: float = 10.0) -> list[float]:
        """Send a request that makes one event. Returns how many seconds later each subscriber has it.

        Raises TimeoutError if one does not get it in time, RuntimeError if the request fails.
        """
        waits: list[float] = []
        sent_at = time.perf_counter()
        self._caller.sendall(request)
        while len(waits) < len(self._members):
            for descriptor, _ in self._poll.poll(0.1):
                count = len(self._members[descriptor].receive())
                waits += [time.perf_counter() - sent_at] * count
            if time.perf_counter() - sent_at > seconds:
                self._expect_success()
                raise TimeoutError(f"{len(waits)} of {len(self._members)} subscribers have the event")
        self._expect_success()
        return waits

    def _expect_success(self) -> None:
        received = b""
        while (size := answer_bytes(received)) is None or len(received) < size:
            received += self._caller.recv(65_536)
        if received[9:12] != b"200":
            raise RuntimeError(received.decode(errors="replace"))


class Member:
    """One subscriber. Call `receive` whenever its socket is readable."""

    def __init__(self, port: int, path: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), OPEN_SECONDS)
        key = "cm9vbWZ1bC1iZW5jaC1rZQ=="
        head = f"GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self.socket.sendall(f"{head}Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self.socket.recv(4096)
        if not received.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(received.decode(errors="replace"))
        self._received = received[end + 4 :]
        self.socket.setblocking(False)

    def receive(self) -> list[bytes]:
        """The complete events; pings are answered. Raises ConnectionError when the socket ends."""
        data = self._received + self.socket.recv(262_144)
        if len(data) == len(self._received):
            raise ConnectionError("ended")
        events = []
        position = 0
        while (frame := frame_at(data, position)) is not None:
            opcode, begin, end = frame
            if opcode == PING:
                self._pong(data[begin:end])
            elif opcode == CLOSE:
                raise ConnectionError(f"closed: {data[begin:end]!r}")
            elif opcode == TEXT:
                events.append(data[begin:end])
            position = end
        self._received = data[position:]
        return events

    def _pong(self, payload: bytes) -> None:
        # RFC 6455, 5.3: a client's frames are masked; with zeros, a mask changes nothing.
        self.socket.send(bytes((0x80 | PONG, 0x80 | len(payload))) + bytes(4) + payload)


def frame_at(data: bytes, position: int) -> tuple[int, int, int] | None:
    """Opcode, begin and end of the payload (RFC 6455, 5.2); None while the frame is incomplete."""
    if len(data) < position + 2:
        return None
    length = data[position + 1]
    begin = position + 2
    if length >= 126:
        size = 2 if length == 126 else 8
        length = int.from_bytes(data[begin : begin + size])
        begin += size
    return (data[position] & 0x0F, begin, begin + length) if len(data) >= begin + length else None


def allow_many_sockets() -> None:
    """Let this process open as many sockets as the system allows."""
    if os.name == "posix":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
