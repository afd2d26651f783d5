"""permessage-deflate without context takeover (RFC 7692).

Neither side keeps a window from one message to the next. So a message is deflated once for all its receivers, and an
open socket needs no memory for compression; with takeover it would need 34 to 90 KiB.
"""

import zlib
from collections.abc import Iterable, Sequence

from websockets.headers import parse_extension
from websockets.typing import ExtensionParameter

from roomful.link.transport import Chunk
from roomful.transport.websocket import direct
from roomful.transport.websocket.frames import BINARY, COMPRESSED, PROTOCOL_ERROR, TEXT, TOO_BIG, Violation, frame

THRESHOLD_BYTES = 1024
"""A smaller message fits one packet anyway, and deflating costs more than it saves."""

MAX_DEFLATED_BYTES = 256 * 1024
"""A larger message is sent as it is: deflating it would block the loop for more than 20 ms."""

_TAIL = b"\x00\x00\xff\xff"
_WINDOWS = {str(bits) for bits in range(8, 16)}
_SWITCHES = ("server_no_context_takeover", "client_no_context_takeover")


class DeflatedFraming:
    """Deflates messages between the two bounds, if that makes them smaller."""

    def __init__(self, window_bits: int) -> None:
        self.name = f"deflate-{window_bits}"
        self.window_bits = window_bits

    def frame(self, messages: Sequence[bytes], *, text: bool) -> Chunk:
        opcode = TEXT if text else BINARY
        return Chunk(b"".join([self._frame(opcode, message) for message in messages]))

    broadcast = staticmethod(direct.broadcast)

    def _frame(self, opcode: int, message: bytes) -> bytes:
        if THRESHOLD_BYTES <= len(message) <= MAX_DEFLATED_BYTES:
            deflated = deflate(message, self.window_bits)
            if len(deflated) < len(message):
                return frame(opcode | COMPRESSED, deflated)
        return frame(opcode, message)


WIDE = DeflatedFraming(15)
NARROW = DeflatedFraming(9)
"""For clients that ask for a smaller window: the smallest suits all, so a message is deflated at most twice."""


def deflate(message: bytes, window_bits: int) -> bytes:
    compressor = zlib.compressobj(wbits=-window_bits)
    return (compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_TAIL)


def inflate(data: bytes, max_bytes: int) -> bytes:
    """The message that a client deflated. Raises Violation for invalid data, and as soon as it exceeds `max_bytes`."""
    try:
        message = zlib.decompressobj(-15).decompress(data + _TAIL, max_bytes + 1)
    except zlib.error as error:
        raise Violation(PROTOCOL_ERROR, "not deflated data") from error
    if len(message) > max_bytes:
        raise Violation(TOO_BIG, "message too big")
    return message


def negotiate(headers: Iterable[str]) -> tuple[DeflatedFraming, str] | None:
    """The framing and the response header for the first acceptable offer.

    `headers` are the values of Sec-WebSocket-Extensions. Raises InvalidHeaderFormat.
    """
    for header in headers:
        for name, parameters in parse_extension(header):
            if name == "permessage-deflate" and (accepted := _accept(parameters)) is not None:
                return accepted
    return None


def _accept(parameters: Sequence[ExtensionParameter]) -> tuple[DeflatedFraming, str] | None:
    """None for an offer with an unknown, repeated or out-of-range parameter (RFC 7692, 7.1)."""
    offer = dict(parameters)
    if len(offer) != len(parameters):
        return None
    client_window = offer.pop("client_max_window_bits", None)
    if client_window is not None and client_window not in _WINDOWS:
        return None  # any size in range is fine: a window of 15 bits inflates what a smaller one deflated
    answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    framing = WIDE
    if "server_max_window_bits" in offer:
        window = offer.pop("server_max_window_bits")
        if window not in _WINDOWS or window == "8":  # zlib can't deflate with a window of 8 bits
            return None
        framing = WIDE if window == "15" else NARROW
        answer += f"; server_max_window_bits={framing.window_bits}"
    if any(name not in _SWITCHES or value is not None for name, value in offer.items()):
        return None
    return framing, answer
