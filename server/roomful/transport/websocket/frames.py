"""The frames that a server sends (RFC 6455, 5)."""

from collections.abc import Sequence

from roomful.link.transport import Chunk
from roomful.transport.websocket import direct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

FINAL = 0x80
COMPRESSED = 0x40
"""RSV1: the message is deflated (RFC 7692, 6)."""

MAX_CONTROL_BYTES = 125
MAX_REASON_BYTES = MAX_CONTROL_BYTES - 2

NORMAL = 1000
PROTOCOL_ERROR = 1002
NO_STATUS = 1005
ABNORMAL = 1006
INVALID_DATA = 1007
POLICY = 1008
TOO_BIG = 1009
INTERNAL_ERROR = 1011
RESTART = 1012


class Violation(Exception):
    """The peer broke the protocol or a limit. The close code says which."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def frame(first: int, payload: bytes) -> bytes:
    """One unmasked, final frame. `first` is its opcode, with COMPRESSED if it is deflated."""
    size = len(payload)
    if size < 126:
        return bytes((FINAL | first, size)) + payload
    if size < 65536:
        return bytes((FINAL | first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((FINAL | first, 127)) + size.to_bytes(8, "big") + payload


PING_FRAME = frame(PING, b"")


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame, empty for NO_STATUS. The reason is cut to fit."""
    if code == NO_STATUS:
        return frame(CLOSE, b"")
    return frame(CLOSE, code.to_bytes(2, "big") + cut_reason(reason).encode())


def cut_reason(reason: str) -> str:
    """The reason, cut at the end of a character to the 123 bytes of a close frame."""
    text = reason.encode(errors="replace")
    return text[:MAX_REASON_BYTES].decode(errors="ignore")


class PlainFraming:
    """Each message uncompressed, in a frame of its own."""

    name = "plain"

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        opcode = TEXT if text else BINARY
        if len(messages) == 1:
            return Chunk(frame(opcode, messages[0]))
        return Chunk(b"".join([frame(opcode, message) for message in messages]))

    broadcast = staticmethod(direct.broadcast)


PLAIN = PlainFraming()
