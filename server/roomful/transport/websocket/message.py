"""A WebSocket message that comes in fragments."""

import codecs

from roomful.transport.websocket.deflate import inflate
from roomful.transport.websocket.frames import INVALID_DATA, Violation


class FragmentedMessage:
    """Collects the fragments. Text is checked fragment by fragment, so that invalid UTF-8 is refused at once."""

    __slots__ = ("_decoder", "_fragments", "_is_text", "is_compressed", "size_bytes")

    def __init__(self, *, is_text: bool, is_compressed: bool) -> None:
        self._is_text = is_text
        self._fragments: list[bytes] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")() if is_text and not is_compressed else None
        self.is_compressed = is_compressed
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._fragments)

    def add(self, payload: bytes, *, is_last: bool) -> None:
        self.size_bytes += len(payload)
        self._fragments.append(payload)
        if self._decoder is not None:
            try:
                self._decoder.decode(payload, is_last)
            except UnicodeDecodeError as error:
                raise Violation(INVALID_DATA, "text is not UTF-8") from error

    def whole(self, max_bytes: int) -> str | bytes:
        data = b"".join(self._fragments)
        if self.is_compressed:
            data = inflate(data, max_bytes)
        return decode_text(data) if self._is_text else data


def decode_text(payload: bytes) -> str:
    """Raises Violation."""
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise Violation(INVALID_DATA, "text is not UTF-8") from error
