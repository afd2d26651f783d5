"""The frames of y-websocket and Hocuspocus, as a test writes and reads them.

Written apart from the server's own, so that a fault of either shows.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

SYNC, AWARENESS, AUTH, QUERY_AWARENESS = 0, 1, 2, 3
STATELESS, BROADCAST_STATELESS, CLOSE, SYNC_STATUS = 5, 6, 7, 8
STORED = 100
STEP_1, STEP_2, UPDATE = 0, 1, 2

PING, PONG = b"\x09", b"\x0a"
EMPTY_STATE_VECTOR = b"\x00"


def var_uint(number: int) -> bytes:
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes((*written, number))


def var_bytes(data: bytes) -> bytes:
    return var_uint(len(data)) + data


def var_string(text: str) -> bytes:
    return var_bytes(text.encode())


def read_var_uint(data: bytes, position: int) -> tuple[int, int]:
    """A number, and where it ends. Raises IndexError."""
    number = shift = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, position
        shift += 7


def read_var_bytes(data: bytes, position: int) -> tuple[bytes, int]:
    size, position = read_var_uint(data, position)
    return data[position : position + size], position + size


def sync(step: int, payload: bytes) -> bytes:
    return bytes((SYNC, step)) + var_bytes(payload)


def awareness(*entries: tuple[int, int, object]) -> bytes:
    """A frame with states: client id, clock, state."""
    written = [var_uint(id_) + var_uint(clock) + var_string(json.dumps(state)) for id_, clock, state in entries]
    return bytes((AWARENESS,)) + var_bytes(var_uint(len(written)) + b"".join(written))


def auth(token: str, version: str = "4.8.0") -> bytes:
    """Without the document's key, as the others."""
    return bytes((AUTH, 0)) + var_string(token) + var_string(version)


@dataclass(frozen=True, slots=True)
class Message:
    """`step` and `payload` are of a sync message; `numbers` are what follows the type of another."""

    type: int
    step: int = -1
    payload: bytes = b""
    numbers: Sequence[int] = ()


def read(frame: bytes, position: int = 0) -> Message:
    """The message that begins there."""
    type_, position = read_var_uint(frame, position)
    match type_:
        case 0:
            step, position = read_var_uint(frame, position)
            return Message(type_, step, read_var_bytes(frame, position)[0])
        case 100:
            count, position = read_var_uint(frame, position)
            return Message(type_, numbers=(count, read_var_uint(frame, position)[0]))
        case 2 | 8:
            return Message(type_, numbers=(read_var_uint(frame, position)[0],), payload=frame[position:])
        case 1:
            return Message(type_, payload=read_var_bytes(frame, position)[0])
        case _:
            return Message(type_, payload=frame[position:])


def read_keyed(frame: bytes) -> tuple[str, Message]:
    """A frame of a Hocuspocus socket: the document's key, and the message. PING has neither."""
    key, position = read_var_bytes(frame, 0)
    return key.decode(), read(frame, position)
