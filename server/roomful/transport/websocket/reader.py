"""Reads a client's frames (RFC 6455, 5), strictly, from pieces of any size."""

import codecs
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
    INVALID_DATA,
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

_OPCODES = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_CLOSE_CODES = frozenset((*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)))


@dataclass(frozen=True, slots=True)
class Ping:
    payload: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The peer's close frame; NO_STATUS when it names no code. Nothing follows it."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The peer broke the protocol or a limit, and is to be closed with this. Nothing follows it."""

    code: int
    reason: str


Event = str | bytes | Ping | Close | Failure
"""What a read brings: whole messages as str (text) or bytes (binary), and what else needs an answer."""


class FrameReader:
    """One connection's incoming frames. Does no I/O.

    Control frames may come between the fragments of a message; limits hold for the message, not for a fragment of it.
    A frame that is refused is refused by its header, before its payload has arrived.
    """

    __slots__ = (
        "_clock",
        "_ended",
        "_frames",
        "_frames_since",
        "_inflates",
        "_max_fragments",
        "_max_frames_per_second",
        "_message",
        "_needed",
        "_partial",
        "max_message_bytes",
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
        self.max_message_bytes = max_message_bytes
        self._max_fragments = max_fragments
        self._max_frames_per_second = max_frames_per_second
        self._inflates = inflates
        self._clock = clock
        self._partial: bytearray | None = None
        self._needed = 0
        self._message: _Message | None = None
        self._frames = 0
        self._frames_since = clock()
        self._ended = False

    def read(self, data: bytes) -> list[Event]:
        """What is complete with this piece, in order. Nothing more after a Close or a Failure."""
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
            events.append(Failure(violation.code, violation.reason))
        else:
            if position < len(buffer):
                self._partial = bytearray(buffer[position:])
        return events

    def _read_frames(self, buffer: bytes | bytearray, events: list[Event]) -> int:
        """Read the whole frames in the buffer; where the next one begins."""
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
            self._take(first, apply_mask(buffer[payload:end], buffer[mask:payload]), events)
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
        limit = self.max_message_bytes
        if first & COMPRESSED or (message is not None and message.is_compressed):
            limit += limit // 1000 + 64  # what can't be deflated grows by 5 bytes for each stored block
        if length + (message.size if message is not None else 0) > limit:
            raise Violation(TOO_BIG, "message too big")

    def _take(self, first: int, payload: bytes, events: list[Event]) -> None:
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
                payload = inflate(payload, self.max_message_bytes)
            events.append(_decode(payload) if opcode == TEXT else payload)
            return
        if self._message is None:
            self._message = _Message(is_text=opcode == TEXT, is_compressed=bool(first & COMPRESSED))
        self._message.add(payload, is_last=bool(first & FINAL))
        if first & FINAL:
            events.append(self._message.whole(self.max_message_bytes))
            self._message = None
        elif len(self._message.pieces) >= self._max_fragments:
            raise Violation(POLICY, "too many fragments")

    def _count_frame(self) -> None:
        """Each so many frames must take a second or more: the clock is read once for them all."""
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


class _Message:
    """A message that comes in fragments. Text is checked piece by piece: what is no UTF-8 is refused at once."""

    __slots__ = ("_decoder", "is_compressed", "is_text", "pieces", "size")

    def __init__(self, *, is_text: bool, is_compressed: bool) -> None:
        self.is_text = is_text
        self.is_compressed = is_compressed
        self.size = 0
        self.pieces: list[bytes] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")() if is_text and not is_compressed else None

    def add(self, payload: bytes, *, is_last: bool) -> None:
        self.size += len(payload)
        self.pieces.append(payload)
        if self._decoder is not None:
            try:
                self._decoder.decode(payload, is_last)
            except UnicodeDecodeError as error:
                raise Violation(INVALID_DATA, "text is not UTF-8") from error

    def whole(self, max_bytes: int) -> str | bytes:
        data = b"".join(self.pieces)
        if self.is_compressed:
            data = inflate(data, max_bytes)
        return _decode(data) if self.is_text else data


def _extended_length(field: bytes | bytearray) -> int:
    length = int.from_bytes(field, "big")
    if length < (126 if len(field) == 2 else 65536) or length >= 1 << 63:
        raise Violation(PROTOCOL_ERROR, "length not in its shortest form")
    return length


def _decode(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise Violation(INVALID_DATA, "text is not UTF-8") from error


def _parse_close(payload: bytes) -> Close:
    if not payload:
        return Close(NO_STATUS, "")
    code, reason = int.from_bytes(payload[:2], "big"), _decode(payload[2:])
    if len(payload) == 1 or code not in _CLOSE_CODES:
        raise Violation(PROTOCOL_ERROR, "invalid close code")
    return Close(code, reason)
