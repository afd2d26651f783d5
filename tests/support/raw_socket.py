"""A WebSocket client that sends any bytes."""

import asyncio
import base64
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

DEADLINE_SECONDS = 30.0

FIN, RSV1 = 0x80, 0x40
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


@dataclass(frozen=True, slots=True)
class Frame:
    first: int
    payload: bytes

    @property
    def opcode(self) -> int:
        return self.first & 0x0F

    @property
    def close(self) -> tuple[int, str]:
        """Code and reason of a close frame."""
        assert self.opcode == CLOSE, self
        if not self.payload:
            return 1005, ""
        return int.from_bytes(self.payload[:2], "big"), self.payload[2:].decode()


def masked(first: int, payload: bytes = b"", *, mask: bytes = b"\x11\x22\x33\x44") -> bytes:
    """A client's frame."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65536:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    repeated = (mask * (size // 4 + 1))[:size]
    body = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")
    return bytes([first]) + length + mask + body


class RawSocket:
    """One connection. Reading has a deadline; leaving the block closes it."""

    def __init__(self, port: int, path: str = "/", *, headers: Sequence[str] = (), receive_buffer: int = 0) -> None:
        self._port = port
        self._path = path
        self._headers = headers
        self._receive_buffer = receive_buffer
        self.status = 0
        self.answer: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        connection = socket.socket()
        if self._receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self._port))
        self.reader, self.writer = await asyncio.open_connection(sock=connection, limit=1024)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.close()

    async def open(self) -> Self:
        """Make the handshake; sets `status` and `answer`."""
        self.writer.write(self.request())
        await self.read_answer()
        return self

    def request(self) -> bytes:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {self._path} HTTP/1.1",
            f"Host: 127.0.0.1:{self._port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            *self._headers,
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def read_answer(self) -> bytes:
        """Read the head of the server's answer; its body, where it says how long that is."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            self.status = int(head[0].split()[1])
            self.answer = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
            }
            return await self.reader.readexactly(int(self.answer.get("content-length", "0")))

    def send(self, first: int, payload: bytes = b"") -> None:
        self.writer.write(masked(first, payload))

    async def read(self) -> Frame:
        """The next frame. Raises IncompleteReadError when the connection ends without one."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            first, length = await self.reader.readexactly(2)
            if length == 126:
                length = int.from_bytes(await self.reader.readexactly(2), "big")
            elif length == 127:
                length = int.from_bytes(await self.reader.readexactly(8), "big")
            return Frame(first, await self.reader.readexactly(length))

    async def read_end(self) -> None:
        """Expect the server to end the connection regularly, not by a reset."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            assert await self.reader.read() == b""

    def reset(self) -> None:
        """Cut the connection with a RST, as a crashed peer's system does."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
