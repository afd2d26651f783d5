"""Reads a client's frames (RFC 6455, 5), strictly, from pieces of any size."""

import time
from collections.abc import Callable
from dataclasses import dataclass

try:
    from websockets.speedups import apply_mask
except ImportError:  # no wheel for this platform
    from websockets.utils import apply_mask

from roomful.transport.websocket.deflate import inflate
from roomful.transport.websocket.frames import (
    BINARY,
    CLOSE,
    COMPRESSED,
    CONTINUATION,
    FINAL,
    MAX_CONTROL_BYTES,
    NO_STATUS,
    PING,
    POLICY,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    TOO_BIG,
    Violation,
)
from roomful.transport.websocket.message import FragmentedMessage, decode_text

_OPCODES = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_CLOSE_CODES = frozenset((*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)))


@dataclass(frozen=True, slots=True)
class Ping:
    payload: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The peer's close frame, with NO_STATUS if it has no code. Nothing follows it."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The peer broke the protocol or a limit: close with this code. Nothing follows it."""

    code: int
    reason: str


Event = str | bytes | Ping | Close | Failure
"""A whole message as str (text) or bytes (binary), or a frame that needs an answer."""


class FrameReader:
    """Reads one connection's frames. Does no I/O.

    Control frames may come between the fragments of a message. Limits hold for the whole message. A frame is refused by
    its header, before its payload has arrived.
    """

    __slots__ = (
        "_clock",
        "_ended",
        "_frames",
        "_frames_since",
        "_inflates",
        "_max_fragments",
        "_max_frames_per_second",
        "_max_message_bytes",
        "_message",
        "_needed",
        "_partial",
        "_too_big_code",
    )

    def __init__(
        self,
        *,
        max_message_bytes: int,
        max_fragments: int,
        max_frames_per_second: int,
        inflates: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_message_bytes = max_message_bytes
        self._too_big_code = TOO_BIG
        self._max_fragments = max_fragments
        self._max_frames_per_second = max_frames_per_second
        self._inflates = inflates
        self._clock = clock
        self._partial: bytearray | None = None
        self._needed = 0
        self._message: FragmentedMessage | None = None
        self._frames = 0
        self._frames_since = clock()
        self._ended = False

    def limit_messages(self, max_message_bytes: int, close_code: int) -> None:
        """Accept messages up to this size from now on. A larger one is a Failure with this code."""
        self._max_message_bytes = max_message_bytes
        self._too_big_code = close_code

    def read(self, data: bytes) -> list[Event]:
        """The events that this piece completes, in order. None after a Close or a Failure."""
        events: list[Event] = []
        if self._ended:
            return events
        buffer: bytes | bytearray = data
        if self._partial is not None:
            self._partial += data
            if len(self._partial) < self._needed:
                return events
            buffer, self._partial = self._partial, None
        try:
            position = self._read_frames(buffer, events)
        except Violation as violation:
            self._end()
            code = self._too_big_code if violation.code == TOO_BIG else violation.code
            events.append(Failure(code, violation.reason))
        else:
            if position < len(buffer):
                self._partial = bytearray(buffer[position:])
        return events

    def _read_frames(self, buffer: bytes | bytearray, events: list[Event]) -> int:
        """Read the whole frames in the buffer. Returns where the next one begins."""
        start, size = 0, len(buffer)
        while size - start >= 2:
            first, length = buffer[start], buffer[start + 1] & 0x7F
            self._check_head(first, buffer[start + 1])
            mask = start + 2
            if length > MAX_CONTROL_BYTES:
                mask += 2 if length == 126 else 8
                if size < mask:
                    self._needed = mask - start
                    return start
                length = _extended_length(buffer[start + 2 : mask])
            self._check_length(first, length)
            payload = mask + 4
            end = payload + length
            if size < end:
                self._needed = end - start
                return start
            self._accept(first, apply_mask(buffer[payload:end], buffer[mask:payload]), events)
            if self._ended:
                return size
            start = end
        self._needed = 2
        return start

    def _check_head(self, first: int, second: int) -> None:
        opcode = first & 0x0F
        if opcode not in _OPCODES:
            raise Violation(PROTOCOL_ERROR, "unknown opcode")
        if not second & 0x80:
            raise Violation(PROTOCOL_ERROR, "frame not masked")
        if first & 0x70 and not (self._inflates and first & 0x70 == COMPRESSED and opcode in (TEXT, BINARY)):
            raise Violation(PROTOCOL_ERROR, "reserved bits set")
        if opcode >= CLOSE:
            if not first & FINAL:
                raise Violation(PROTOCOL_ERROR, "fragmented control frame")
            if second & 0x7F > MAX_CONTROL_BYTES:
                raise Violation(PROTOCOL_ERROR, "control frame too long")
        elif (opcode == CONTINUATION) != (self._message is not None):
            raise Violation(PROTOCOL_ERROR, "fragments out of order")

    def _check_length(self, first: int, length: int) -> None:
        if first & 0x0F >= CLOSE:
            return
        message = self._message
        limit = self._max_message_bytes
        if first & COMPRESSED or (message is not None and message.is_compressed):
            limit += limit // 1000 + 64  # incompressible data grows by 5 bytes for each stored block
        if length + (message.size_bytes if message is not None else 0) > limit:
            raise Violation(TOO_BIG, "message too big")

    def _accept(self, first: int, payload: bytes, events: list[Event]) -> None:
        self._count_frame()
        opcode = first & 0x0F
        if opcode >= CLOSE:
            if opcode == CLOSE:
                events.append(_parse_close(payload))
                self._end()
            elif opcode == PING:
                events.append(Ping(payload))
            return
        if self._message is None and first & FINAL:
            if first & COMPRESSED:
                payload = inflate(payload, self._max_message_bytes)
            events.append(decode_text(payload) if opcode == TEXT else payload)
            return
        if self._message is None:
            self._message = FragmentedMessage(is_text=opcode == TEXT, is_compressed=bool(first & COMPRESSED))
        self._message.add(payload, is_last=bool(first & FINAL))
        if first & FINAL:
            events.append(self._message.whole(self._max_message_bytes))
            self._message = None
        elif len(self._message) >= self._max_fragments:
            raise Violation(POLICY, "too many fragments")

    def _count_frame(self) -> None:
        """Refuse more frames than a second may have. The clock is read once for so many frames."""
        self._frames += 1
        if self._frames > self._max_frames_per_second:
            now = self._clock()
            if now - self._frames_since < 1:
                raise Violation(POLICY, "too many frames")
            self._frames = 1
            self._frames_since = now

    def _end(self) -> None:
        self._ended = True
        self._message = None
        self._partial = None


def _extended_length(field: bytes | bytearray) -> int:
    length = int.from_bytes(field, "big")
    if length < (126 if len(field) == 2 else 65536) or length >= 1 << 63:
        raise Violation(PROTOCOL_ERROR, "length not in its shortest form")
    return length


def _parse_close(payload: bytes) -> Close:
    if not payload:
        return Close(NO_STATUS, "")
    code, reason = int.from_bytes(payload[:2], "big"), decode_text(payload[2:])
    if len(payload) == 1 or code not in _CLOSE_CODES:
        raise Violation(PROTOCOL_ERROR, "invalid close code")
    return Close(code, reason)
